//! Texts of settings by scope, key and source, and the one that counts. What a text means is decided in
//! `value`, where it comes from in `file` and `overlay`.

use super::fault::Problem;
use super::keys::{self, Key, Scope, Status};
use super::source::{Setting, Source};
use super::value::{Decoded, Given, Raw};
use crate::policy::{Diagnostic, Location};

/// A tenant of the file, before anything about it is known to make sense.
#[derive(Debug)]
pub(super) struct TenantEntry {
    /// Its name as written; none if there is none.
    pub(super) name: Option<String>,
    /// Where it stands.
    pub(super) place: Source,
}

/// Everything that was given, and everything that is wrong with it. Not `Debug`: a text may be a secret.
pub(super) struct Layers {
    pub(super) tenants: Vec<TenantEntry>,
    values: Vec<(Scope, &'static str, Raw)>,
    faults: Vec<Diagnostic>,
    /// Whether the file could be read to its end: only then is a key missing that is not there.
    is_whole: bool,
}

/// What became of a key.
enum Outcome<T> {
    Absent(&'static Key),
    Faulty,
    Value(Setting<T>),
}

impl Layers {
    pub(super) const fn new() -> Self {
        Self { tenants: Vec::new(), values: Vec::new(), faults: Vec::new(), is_whole: true }
    }

    pub(super) fn push(&mut self, scope: Scope, key: &Key, raw: Raw) {
        self.values.push((scope, key.path, raw));
    }

    pub(super) fn fault(&mut self, source: &Source, problem: Problem) {
        self.faults.push(problem.at(source));
    }

    pub(super) fn add_faults(&mut self, faults: Vec<Diagnostic>) {
        self.faults.extend(faults);
    }

    /// Remembers that the file could not be read to its end.
    pub(super) const fn cut_short(&mut self) {
        self.is_whole = false;
    }

    /// Changes every place that a fault shows.
    pub(super) fn for_each_location(&mut self, change: impl FnMut(&mut Location)) {
        let places = self.faults.iter_mut().flat_map(|fault| {
            fault.location.iter_mut().chain(fault.labels.iter_mut().map(|label| &mut label.location))
        });
        places.for_each(change);
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Every fault: those of the file in its order, then variables, then flags.
    pub(super) fn into_faults(mut self) -> Vec<Diagnostic> {
        Diagnostic::sort(&mut self.faults);
        self.faults.sort_by_key(|fault| fault.location.is_none());
        self.faults
    }

    /// Where the value that counts was given, if anywhere.
    pub(super) fn source_of(&self, scope: Scope, path: &str) -> Option<&Source> {
        self.raws(scope, path).max_by_key(|raw| raw.source.rank()).map(|raw| &raw.source)
    }

    /// The value, or the base's (a tenant inherits), or the default's.
    pub(super) fn value<T: Clone>(
        &mut self,
        scope: Scope,
        path: &str,
        base: Option<&Setting<T>>,
        decode: impl Fn(Given<'_>) -> Decoded<T>,
    ) -> Option<Setting<T>> {
        match (self.outcome(scope, path, &decode), base) {
            (Outcome::Value(setting), _) => Some(setting),
            (Outcome::Faulty, _) => None,
            (Outcome::Absent(_), Some(base)) => Some(base.clone()),
            (Outcome::Absent(key), None) => {
                let Status::Default(text) = key.status else { return None };
                let raw = Raw::unquoted(text, Source::Default);
                let value = decode(Given { key, raw: &raw });
                value
                    .map_err(|problem| self.fault(&raw.source, problem))
                    .ok()
                    .map(|value| Setting { value, source: Source::Default })
            }
        }
    }

    /// The value of a key that must be given; its absence is a fault of the tenant.
    pub(super) fn required<T>(
        &mut self,
        scope: Scope,
        path: &str,
        decode: impl Fn(Given<'_>) -> Decoded<T>,
    ) -> Option<Setting<T>> {
        match self.outcome(scope, path, &decode) {
            Outcome::Value(setting) => Some(setting),
            Outcome::Faulty => None,
            Outcome::Absent(key) => {
                self.missing(scope, key.path, key.doc);
                None
            }
        }
    }

    /// The value of a key that has no default; the outer none is a fault.
    pub(super) fn optional<T>(
        &mut self,
        scope: Scope,
        path: &str,
        decode: impl Fn(Given<'_>) -> Decoded<T>,
    ) -> Option<Option<Setting<T>>> {
        match self.outcome(scope, path, &decode) {
            Outcome::Value(setting) => Some(Some(setting)),
            Outcome::Faulty => None,
            Outcome::Absent(_) => Some(None),
        }
    }

    /// Reports that something is not given which must be.
    pub(super) fn missing(&mut self, scope: Scope, key: &str, doc: &str) {
        let Scope::Tenant(position) = scope else { return };
        if let Some(tenant) = self.tenants.get(position).filter(|_| self.is_whole) {
            self.faults.push(Problem::missing(key, doc).at(&tenant.place));
        }
    }

    fn raws(&self, scope: Scope, path: &str) -> impl Iterator<Item = &Raw> {
        self.values.iter().filter(move |(s, p, _)| *s == scope && *p == path).map(|(_, _, raw)| raw)
    }

    /// Every text is decoded, also one that another outweighs: a fault must not wait in the file until
    /// the variable above it goes away.
    fn outcome<T>(
        &mut self,
        scope: Scope,
        path: &str,
        decode: &impl Fn(Given<'_>) -> Decoded<T>,
    ) -> Outcome<T> {
        let Some(key) = keys::find(scope, path) else { return Outcome::Faulty };
        let mut best: Option<(u8, Option<Setting<T>>)> = None;
        let mut faults = Vec::new();
        for raw in self.raws(scope, path) {
            let decoded = decode(Given { key, raw });
            let value = decoded.map_err(|problem| faults.push(problem.at(&raw.source))).ok();
            let setting = value.map(|value| Setting { value, source: raw.source.clone() });
            if best.as_ref().is_none_or(|(rank, _)| *rank <= raw.source.rank()) {
                best = Some((raw.source.rank(), setting));
            }
        }
        self.faults.append(&mut faults);
        match best {
            None => Outcome::Absent(key),
            Some((_, None)) => Outcome::Faulty,
            Some((_, Some(setting))) => Outcome::Value(setting),
        }
    }
}
