//! Lists of audit actions as policies write them: bounds made of names and of the keywords `default`
//! and `all`. Joining bounds is in `join`.

use std::fmt;

use super::diagnostic::{self, Sink};
use super::fields::{self, Field};
use super::source_text::{Span, Spanned};
use super::suggest::suggest;
use super::yaml::{Entry, Node, Value};
use crate::domain::{ActionSet, AuditAction, KnownAction, LogonType, Standing, action_facts, all_actions};

/// A list of actions before anybody knows what `default` is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct ActionTerms {
    /// The list holds the keyword `default`.
    pub default: bool,
    /// The list holds the keyword `all`.
    pub all: bool,
    /// The actions that the list names.
    pub named: ActionSet,
}

impl ActionTerms {
    /// The actions of the list, given what `default` is.
    pub fn resolve(&self, kind: LogonType, default: &ActionSet) -> ActionSet {
        let mut actions = self.named.clone();
        if self.default {
            actions = actions.union(default);
        }
        if self.all {
            actions = actions.union(&all_actions(kind));
        }
        actions
    }

    fn has_keyword(&self) -> bool {
        self.default || self.all
    }
}

/// `[default, FolderBind]`; `[None]` for nothing.
impl fmt::Display for ActionTerms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keywords = [(self.default, "default"), (self.all, "all")];
        let mut words: Vec<String> =
            keywords.iter().filter(|(held, _)| *held).map(|(_, word)| (*word).to_owned()).collect();
        words.extend(self.named.names());
        if words.is_empty() {
            words.push("None".to_owned());
        }
        write!(formatter, "[{}]", words.join(", "))
    }
}

/// What one clause of a policy says about one list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ActionBound {
    /// These and whatever else.
    AtLeast(ActionTerms),
    /// These and nothing else.
    Exactly(ActionTerms),
    /// Nothing but these.
    AtMost(ActionTerms),
    /// Not these, as far as only keywords bring them in.
    Without(ActionSet),
}

impl ActionBound {
    /// Whether the clause can take an action away.
    pub const fn removes(&self) -> bool {
        !matches!(self, Self::AtLeast(_))
    }
}

/// The clause as a person writes it, without the key of the logon type.
impl fmt::Display for ActionBound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(ActionTerms { default: true, all: false, named }) if named.is_empty() => {
                formatter.write_str("default")
            }
            Self::AtLeast(ActionTerms { default: false, all: true, named }) if named.is_empty() => {
                formatter.write_str("all")
            }
            Self::AtLeast(terms) => write!(formatter, "{{ atLeast: {terms} }}"),
            Self::Exactly(terms) => write!(formatter, "{{ exactly: {terms} }}"),
            Self::AtMost(terms) => write!(formatter, "{{ atMost: {terms} }}"),
            Self::Without(actions) => write!(formatter, "{{ without: [{}] }}", actions.names().join(", ")),
        }
    }
}

/// What a policy says about the list of one logon type.
#[derive(Debug, Default)]
pub(super) struct ActionsDraft {
    pub(super) bounds: Vec<Spanned<ActionBound>>,
    /// Where actions are named that the service refuses on mailboxes with Audit Premium.
    pub(super) deprecated: Vec<Spanned<KnownAction>>,
}

struct Draft {
    kind: LogonType,
    at_least: Option<Spanned<ActionTerms>>,
    exactly: Option<Spanned<ActionTerms>>,
    at_most: Option<Spanned<ActionTerms>>,
    without: Option<Spanned<ActionTerms>>,
    deprecated: Vec<Spanned<KnownAction>>,
}

const BOUNDS: &[Field<Draft>] = &[
    Field::optional("atLeast", "these actions and whatever else is there", |draft, entry, sink| {
        draft.at_least = list(draft, entry, Place::Bound, sink);
    }),
    Field::optional("exactly", "these actions and no other", |draft, entry, sink| {
        draft.exactly = list(draft, entry, Place::Exactly, sink);
    }),
    Field::optional("atMost", "no action but these", |draft, entry, sink| {
        draft.at_most = list(draft, entry, Place::Bound, sink);
    }),
    Field::optional(
        "without",
        "not these, where only `default` or `all` brings them in",
        |draft, entry, sink| {
            draft.without = list(draft, entry, Place::Without, sink);
        },
    ),
];

/// Where a list stands, which decides which words it may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Bound,
    Exactly,
    Without,
}

/// Reads the value of `admin`, `delegate` or `owner`.
pub(super) fn decode(kind: LogonType, entry: &Entry, sink: &mut Sink) -> ActionsDraft {
    let mut draft =
        Draft { kind, at_least: None, exactly: None, at_most: None, without: None, deprecated: Vec::new() };
    let node = &entry.value;
    match &node.value {
        Value::Scalar(scalar) => match scalar.text.as_str() {
            "default" | "all" => draft.at_least = Some(keyword(&scalar.text, entry)),
            _ if scalar.is_null() => sink.push(node.span, diagnostic::empty_actions()),
            word if word.eq_ignore_ascii_case("None") => sink.push(node.span, diagnostic::misplaced_none()),
            word => sink.push(node.span, diagnostic::bare_actions(word)),
        },
        Value::Sequence(items) if items.is_empty() => sink.push(node.span, diagnostic::empty_actions()),
        Value::Sequence(items) => {
            let words: Vec<&str> =
                items.iter().filter_map(|item| item.scalar().map(|scalar| scalar.text.as_str())).collect();
            sink.push(node.span, diagnostic::bare_actions(&words.join(", ")));
            // What the list names is checked all the same: no fault hides another.
            terms(&mut draft, items, Place::Bound, sink);
        }
        Value::Mapping(mapping) => {
            let before = sink.errors();
            fields::decode_entries(BOUNDS, mapping, &mut draft, sink);
            if mapping.says_nothing() {
                sink.push(node.span, diagnostic::empty_actions());
            }
            if sink.errors() == before {
                report_mixed(&draft, entry.key.span, sink);
            }
        }
        Value::Faulty => {}
    }
    let bounds = [
        draft.at_least.map(|terms| terms.map(ActionBound::AtLeast)),
        draft.exactly.map(|terms| terms.map(ActionBound::Exactly)),
        draft.at_most.map(|terms| terms.map(ActionBound::AtMost)),
        draft.without.map(|terms| terms.map(|terms| ActionBound::Without(terms.named))),
    ];
    ActionsDraft { bounds: bounds.into_iter().flatten().collect(), deprecated: draft.deprecated }
}

fn keyword(word: &str, entry: &Entry) -> Spanned<ActionTerms> {
    let terms = ActionTerms { default: word == "default", all: word == "all", named: ActionSet::EMPTY };
    Spanned { value: terms, span: entry.key.span }
}

fn list(draft: &mut Draft, entry: &Entry, place: Place, sink: &mut Sink) -> Option<Spanned<ActionTerms>> {
    let node = &entry.value;
    let terms = match &node.value {
        Value::Sequence(items) if !items.is_empty() => terms(draft, items, place, sink),
        Value::Scalar(scalar) if !scalar.is_null() => terms(draft, std::slice::from_ref(node), place, sink),
        Value::Sequence(_) | Value::Scalar(_) => {
            sink.push(node.span, diagnostic::empty_actions());
            return None;
        }
        Value::Mapping(_) => {
            sink.push(node.span, diagnostic::wrong_shape("a list of actions", node.describe()));
            return None;
        }
        Value::Faulty => return None,
    };
    Some(Spanned { value: terms, span: entry.key.span })
}

fn terms(draft: &mut Draft, items: &[Node], place: Place, sink: &mut Sink) -> ActionTerms {
    let mut terms = ActionTerms::default();
    let mut seen: Vec<(String, Span)> = Vec::new();
    for item in items {
        let Some(scalar) = item.scalar().filter(|scalar| !scalar.is_null()) else {
            if !item.is_faulty() {
                sink.push(item.span, diagnostic::wrong_shape("the name of an action", item.describe()));
            }
            continue;
        };
        let word = scalar.text.as_str();
        let folded = word.to_lowercase();
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == folded) {
            let first = sink.locate(*first);
            sink.push(item.span, diagnostic::repeated_item(word, first));
            continue;
        }
        match folded.as_str() {
            "none" if place == Place::Exactly && items.len() == 1 => {}
            "none" => sink.push(item.span, diagnostic::misplaced_none()),
            "default" | "all" if place == Place::Without => {
                sink.push(item.span, diagnostic::keyword_in_without(word));
            }
            "default" => terms.default = true,
            "all" => terms.all = true,
            _ => name(draft, &mut terms, word, item.span, sink),
        }
        seen.push((folded, item.span));
    }
    terms
}

/// One action by name, checked against the matrix.
fn name(draft: &mut Draft, terms: &mut ActionTerms, word: &str, span: Span, sink: &mut Sink) {
    let action = AuditAction::parse(word);
    match &action {
        AuditAction::Known(known) => {
            let facts = action_facts(*known);
            if !facts.legal_for.contains(draft.kind) {
                sink.push(span, diagnostic::illegal_action(known.as_str(), draft.kind, facts.legal_for));
            } else if facts.standing == Standing::Deprecated {
                draft.deprecated.push(Spanned { value: *known, span });
            }
        }
        AuditAction::Unlisted(_) => {
            let legal = |known: &&KnownAction| action_facts(**known).legal_for.contains(draft.kind);
            let known = KnownAction::ALL.iter().filter(legal).map(|known| known.as_str());
            let candidates = known.chain(["default", "all", "None"]);
            let suggestion = suggest(word, candidates);
            let usable = word.starts_with(|c: char| c.is_ascii_alphabetic())
                && word.len() <= 64
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let message = if usable {
                diagnostic::unlisted_action(word, suggestion)
            } else {
                diagnostic::not_an_action(word, suggestion)
            };
            sink.push(span, message);
        }
    }
    terms.named.insert(action);
}

/// Bounds of one list that cannot hold together whatever `default` is.
fn report_mixed(draft: &Draft, span: Span, sink: &mut Sink) {
    if draft.exactly.is_some() {
        for (other, word) in [(&draft.at_least, "atLeast"), (&draft.at_most, "atMost")] {
            if let Some(other) = other {
                sink.push(other.span, diagnostic::mixed_bounds(word));
            }
        }
    }
    let Some(lower) = draft.at_least.as_ref().or(draft.exactly.as_ref()) else { return };
    let mut both = ActionSet::EMPTY;
    if let Some(upper) = draft.at_most.as_ref().filter(|upper| !upper.value.has_keyword()) {
        both = both.union(&lower.value.named.difference(&upper.value.named));
    }
    if let Some(without) = &draft.without {
        both = both.union(&lower.value.named.intersection(&without.value.named));
    }
    if !both.is_empty() {
        sink.push(span, diagnostic::contradiction(draft.kind, &both.to_string()));
    }
}
