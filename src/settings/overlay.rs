//! Settings from outside the file: environment variables and `--set`. Both only change what a file may
//! say; tenants exist in the file alone.

use super::fault::{Problem, listed};
use super::keys::{self, Key, Scope, Status, variable_part, variable_part_of_name};
use super::layers::Layers;
use super::source::Source;
use super::value::Raw;
use crate::policy::suggest;

const PREFIX: &str = "MAILWARDEN_";

/// The variable that holds a tenant's secret.
pub(super) fn secret_variable(tenant: &str, key: &Key) -> String {
    format!("{PREFIX}TENANTS__{}__{}", variable_part_of_name(tenant), variable_part(key.path))
}

/// Takes what the environment says.
///
/// Clusters inject names such as `MAILWARDEN_PORT_9464_TCP`, so only names with a section of ours and a
/// double underscore after it are ours. An empty variable is one that is not set.
pub(super) fn environment(variables: &[(String, String)], layers: &mut Layers) {
    let mut variables: Vec<&(String, String)> =
        variables.iter().filter(|(_, value)| !value.is_empty()).collect();
    variables.sort();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let source = Source::Variable(name.clone());
        if let Some(rest) = rest.strip_prefix("TENANTS__") {
            tenant_variable(rest, value, source, layers);
        } else if let Some((section, _)) = rest.split_once("__") {
            let sections = keys::words_below(Scope::Global, "");
            if sections.iter().any(|word| variable_part(word) == section) {
                set_variable(Scope::Global, rest, value, source, layers);
            }
        }
    }
}

fn tenant_variable(rest: &str, value: &str, source: Source, layers: &mut Layers) {
    let parts: Vec<Option<String>> =
        layers.tenants.iter().map(|tenant| tenant.name.as_deref().map(variable_part_of_name)).collect();
    let fits = |part: &Option<String>| {
        part.as_deref().is_some_and(|part| rest.strip_prefix(part).is_some_and(|rest| rest.starts_with("__")))
    };
    // A name may hold the separator itself: the longest one that fits is meant.
    let longest = parts.iter().filter(|part| fits(part)).max_by_key(|part| part.as_ref().map(String::len));
    let Some(part) = longest.and_then(Option::as_ref) else {
        if layers.is_whole() {
            let problem =
                Problem::new("the settings file has no tenant of this name").hint(&tenants_hint(layers));
            layers.fault(&source, problem);
        }
        return;
    };
    let meant: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].as_ref() == Some(part)).collect();
    match meant.as_slice() {
        [position] => set_variable(Scope::Tenant(*position), &rest[part.len() + 2..], value, source, layers),
        _ => {
            let problem = Problem::new("two tenants of the settings file are meant by this name");
            layers.fault(
                &source,
                problem.hint("names that differ only in case or signs share a variable: rename one"),
            );
        }
    }
}

fn tenants_hint(layers: &Layers) -> String {
    let names: Vec<&str> = layers.tenants.iter().filter_map(|tenant| tenant.name.as_deref()).collect();
    if names.is_empty() {
        return "tenants are named in the file; a variable or flag only changes one".into();
    }
    format!(
        "tenants are named in the file, and it names {}; a variable or flag only changes one",
        listed(&names)
    )
}

fn set_variable(scope: Scope, part: &str, value: &str, source: Source, layers: &mut Layers) {
    let key = keys::keys(scope).find(|key| variable_part(key.path) == part);
    let Some(key) = key else {
        let parts: Vec<String> = keys::keys(scope).map(|key| variable_part(key.path)).collect();
        let suggestion = suggest(part, parts.iter().map(String::as_str));
        return layers.fault(&source, Problem::unknown_key(part, suggestion, &[]));
    };
    match key.status {
        Status::NotYet => layers.fault(&source, Problem::not_in_this_version(key.path)),
        Status::FileOnly => layers.fault(&source, only_in_file(key)),
        _ => layers.push(scope, key, Raw::unquoted(value, source)),
    }
}

fn only_in_file(key: &Key) -> Problem {
    Problem::new(&format!("`{}` can only be set in the file", key.path))
}

/// Takes what `--set key.path=value` says.
pub(super) fn flags(overrides: &[String], layers: &mut Layers) {
    for text in overrides {
        let (path, value) =
            text.split_once('=').map_or((text.as_str(), None), |(path, value)| (path, Some(value)));
        let path = path.trim();
        let source = Source::Flag(path.to_owned());
        let Some(value) = value else {
            layers.fault(
                &source,
                Problem::new("a value is missing").hint("write `--set limits.writesPerMinute=600`"),
            );
            continue;
        };
        if let Some((scope, path)) = scope_of(path, layers) {
            set_flag(scope, path, value, source, layers);
        } else if layers.is_whole() {
            let problem =
                Problem::new("the settings file has no tenant of this name").hint(&tenants_hint(layers));
            layers.fault(&source, problem);
        }
    }
}

/// A tenant's name may hold dots: the longest that fits is meant.
fn scope_of<'p>(path: &'p str, layers: &Layers) -> Option<(Scope, &'p str)> {
    let Some(rest) = path.strip_prefix("tenants.") else { return Some((Scope::Global, path)) };
    let names = layers
        .tenants
        .iter()
        .enumerate()
        .filter_map(|(at, tenant)| tenant.name.as_deref().map(|name| (at, name)));
    let fitting = names.filter_map(|(at, name)| Some((at, rest.strip_prefix(name)?.strip_prefix('.')?)));
    fitting.min_by_key(|(_, rest)| rest.len()).map(|(at, rest)| (Scope::Tenant(at), rest))
}

fn set_flag(scope: Scope, path: &str, value: &str, source: Source, layers: &mut Layers) {
    let Some(key) = keys::find(scope, path) else {
        let suggestion = suggest(path, keys::keys(scope).map(|key| key.path));
        let known = if path.contains('.') { vec![] } else { keys::words_below(scope, "") };
        return layers.fault(&source, Problem::unknown_key(path, suggestion, &known));
    };
    match key.status {
        Status::NotYet => layers.fault(&source, Problem::not_in_this_version(key.path)),
        Status::FileOnly => layers.fault(&source, only_in_file(key)),
        Status::VariableOnly => {
            let variable = secret_variable(layers.name_of(scope), key);
            layers.fault(&source, Problem::secret_in_flag(&variable));
        }
        _ => layers.push(scope, key, Raw::unquoted(value, source)),
    }
}
