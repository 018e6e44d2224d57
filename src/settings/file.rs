//! The settings file as texts with their places. Reads it through the same tree as policies; what the
//! texts mean is decided in `value`.

use std::sync::Arc;

use super::fault::Problem;
use super::keys::{self, Scope, Status};
use super::layers::{Layers, TenantEntry};
use super::overlay::secret_variable;
use super::source::Source;
use super::value::Raw;
use crate::policy::yaml::{self, Mapping, Node, Value};
use crate::policy::{Sink, Span, suggest};

/// Reads the bytes of the file that users know by this path.
pub(super) fn read(path: &str, bytes: &[u8], layers: &mut Layers) {
    let source = match yaml::decode_text(path, bytes) {
        Ok(source) => Arc::new(source),
        Err(diagnostic) => {
            layers.cut_short();
            return layers.add_faults(vec![diagnostic]);
        }
    };
    let mut sink = Sink::new(source);
    let documents = yaml::parse(&mut sink);
    if sink.errors() > 0 {
        layers.cut_short();
    }
    let mut walker = Walker { sink: &sink, layers, secret_lines: Vec::new() };
    walker.documents(&documents);
    let secret_lines = walker.secret_lines;
    // Where YAML itself is broken, nobody knows what a line holds: if any gives a secret, none is shown.
    let hides_all = sink.errors() > 0 && sink.source().text().lines().any(gives_a_secret);
    layers.add_faults(sink.finish());
    layers.for_each_location(|place| {
        let is_secret = secret_lines.iter().any(|(first, last)| (*first..=*last).contains(&place.line));
        if hides_all || is_secret || gives_a_secret(&place.excerpt.text) {
            place.excerpt.text.clear();
        }
    });
}

/// Whether a line gives a secret by its words: `clientSecret: ...`, in whatever spelling and place. Needed
/// where the key is no known one, or the text no YAML.
fn gives_a_secret(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["secret", "password"].into_iter().flat_map(|word| lower.split(word).skip(1)).any(|rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() && !rest.starts_with("file"));
        rest.trim_start_matches(['"', '\'', ' ', '_', '-']).starts_with([':', '='])
    })
}

struct Walker<'a> {
    sink: &'a Sink,
    layers: &'a mut Layers,
    /// First and last lines of values that may be secrets.
    secret_lines: Vec<(usize, usize)>,
}

impl Walker<'_> {
    fn place(&self, span: Span) -> Source {
        Source::File(Box::new(self.sink.locate(span)))
    }

    fn fault(&mut self, span: Span, problem: Problem) {
        let place = self.place(span);
        self.layers.fault(&place, problem);
    }

    fn documents(&mut self, documents: &[Node]) {
        if let [_, second, ..] = documents {
            self.fault(
                second.span,
                Problem::new("a settings file is one document").hint("take the `---` out"),
            );
        }
        let root = documents.first().and_then(|root| match self.mapping(root) {
            Some(mapping) => Some(mapping),
            None => {
                self.layers.cut_short();
                None
            }
        });
        if let Some(root) = root {
            self.section(Scope::Global, "", root);
        }
        if self.layers.tenants.is_empty() && self.layers.is_whole() {
            let start =
                root.and_then(|root| root.entries.first()).map_or(Span::default(), |entry| entry.key.span);
            let problem = Problem::missing("tenants", "the tenants to keep, a list of at least one");
            self.fault(start, problem);
        }
    }

    fn mapping<'n>(&mut self, node: &'n Node) -> Option<&'n Mapping> {
        if let Some(mapping) = node.mapping() {
            return Some(mapping);
        }
        if !node.is_faulty() {
            self.fault(node.span, Problem::wrong_shape("a mapping", node.describe()));
        }
        None
    }

    fn section(&mut self, scope: Scope, prefix: &str, mapping: &Mapping) {
        for entry in &mapping.entries {
            let word = entry.key.value.as_str();
            let path = if prefix.is_empty() { word.to_owned() } else { format!("{prefix}.{word}") };
            if scope == Scope::Global && path == "tenants" {
                self.tenants(&entry.value);
            } else if let Some(key) = keys::find(scope, &path) {
                match key.status {
                    Status::NotYet => self.fault(entry.key.span, Problem::not_in_this_version(word)),
                    Status::VariableOnly => {
                        self.hide(&entry.value);
                        let variable = secret_variable(self.layers.name_of(scope), key);
                        self.fault(entry.key.span, Problem::secret_in_file(&variable));
                    }
                    _ => self.leaf(scope, key, &entry.value),
                }
            } else if keys::is_section(scope, &path) {
                // A section whose keys are all commented out is one with nothing in it.
                if !entry.value.is_null()
                    && let Some(below) = self.mapping(&entry.value)
                {
                    self.section(scope, &path, below);
                }
            } else {
                self.unknown(scope, prefix, entry);
            }
        }
    }

    fn unknown(&mut self, scope: Scope, prefix: &str, entry: &yaml::Entry) {
        let word = entry.key.value.as_str();
        let known = keys::words_below(scope, prefix);
        let problem = Problem::unknown_key(word, suggest(word, known.iter().copied()), &known);
        // A slip in `clientSecret` is still a secret.
        if prefix == "auth" {
            self.hide(&entry.value);
        }
        self.fault(entry.key.span, problem);
    }

    fn hide(&mut self, value: &Node) {
        let location = self.sink.locate(value.span);
        self.secret_lines.push((location.line, location.end_line));
    }

    fn leaf(&mut self, scope: Scope, key: &'static keys::Key, node: &Node) {
        match &node.value {
            Value::Scalar(scalar) => {
                let source = self.place(node.span);
                self.layers.push(
                    scope,
                    key,
                    Raw { text: scalar.text.clone(), is_null: scalar.is_null(), source },
                );
            }
            Value::Faulty => {}
            _ => self.fault(node.span, Problem::wrong_shape(key.takes, node.describe())),
        }
    }

    fn tenants(&mut self, node: &Node) {
        let Value::Sequence(items) = &node.value else {
            if !node.is_faulty() {
                let problem = Problem::wrong_shape("a list of tenants", node.describe());
                self.fault(
                    node.span,
                    problem.hint("write each tenant as `- name: contoso`, its keys below it"),
                );
            }
            return self.layers.cut_short();
        };
        for item in items {
            let Some(mapping) = self.mapping(item) else {
                self.layers.cut_short();
                continue;
            };
            let place = mapping.entries.first().map_or(item.span, |entry| entry.key.span);
            let name = mapping.get("name").and_then(|entry| entry.value.scalar());
            let name = name.filter(|scalar| !scalar.is_null()).map(|scalar| scalar.text.clone());
            let entry = TenantEntry { name, place: self.place(place) };
            self.layers.tenants.push(entry);
            self.section(Scope::Tenant(self.layers.tenants.len() - 1), "", mapping);
        }
    }
}

impl Layers {
    /// The name of a tenant as its owner wrote it.
    pub(super) fn name_of(&self, scope: Scope) -> &str {
        let Scope::Tenant(position) = scope else { return "" };
        self.tenants.get(position).and_then(|tenant| tenant.name.as_deref()).unwrap_or("name")
    }
}
