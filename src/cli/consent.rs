//! `--accept CLASS[=N]` with `--reason`: the one idiom of consent to what the guard would hold.

use clap::Args;

use crate::cli::Failure;
use crate::domain::Class;
use crate::engine::{Accepted, Consent};
use crate::plan::Acceptance;

/// What an operator accepts.
#[derive(Debug, Args)]
pub(super) struct ConsentArgs {
    /// Lets a class of changes through that the guard would hold, for at most N mailboxes:
    /// intentional, freezing, weakening, purge-audit-log, default-set
    #[arg(long, value_name = "CLASS[=N]")]
    accept: Vec<String>,
    /// Why; goes into the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl ConsentArgs {
    /// What the flags say.
    pub(super) fn parse(&self) -> Result<Consent, Failure> {
        let mut consent = Consent::default();
        if self.accept.is_empty() {
            return Ok(consent);
        }
        let Some(reason) = self.reason.as_ref().filter(|reason| !reason.trim().is_empty()) else {
            let remedy = "add `--reason \"…\"`: it goes into the journal with your name";
            return Err(Failure::with_remedy("`--accept` needs a reason", remedy));
        };
        for text in &self.accept {
            let (class, acceptance) = parse_one(text)?;
            match class {
                Accepts::Class(class) => {
                    consent.classes.insert(class, acceptance);
                }
                Accepts::Shrink => consent.shrink = true,
            }
        }
        let by = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        consent.accepted =
            Some(Accepted { by: by.unwrap_or_else(|_| "unknown".into()), reason: reason.clone() });
        Ok(consent)
    }
}

enum Accepts {
    Class(Class),
    Shrink,
}

fn parse_one(text: &str) -> Result<(Accepts, Acceptance), Failure> {
    let (word, number) = match text.split_once('=') {
        Some((word, number)) => (word, Some(number)),
        None => (text, None),
    };
    let accepts = match word {
        "intentional" => Accepts::Class(Class::Intentional),
        "freezing" => Accepts::Class(Class::Freezing),
        "weakening" => Accepts::Class(Class::Weakening),
        "purge-audit-log" => Accepts::Class(Class::Destructive),
        "default-set" => Accepts::Shrink,
        "coverage-loss" => return Err(Failure::new("`--accept coverage-loss` is not in this version")),
        _ => {
            let remedy = "one of intentional, freezing, weakening, purge-audit-log, default-set";
            return Err(Failure::with_remedy(format!("`--accept {word}` is no class of changes"), remedy));
        }
    };
    let acceptance = match number {
        None => Acceptance::Any,
        Some(number) => Acceptance::UpTo(number.parse().map_err(|_| {
            Failure::new(format!("`--accept {text}`: `{number}` is not a number of mailboxes"))
        })?),
    };
    // Deleting records is never a blank cheque.
    if matches!((&accepts, acceptance), (Accepts::Class(Class::Destructive), Acceptance::Any)) {
        let remedy = "say `--accept purge-audit-log=N` with the number of mailboxes that the plan shows";
        return Err(Failure::with_remedy("`--accept purge-audit-log` needs a number", remedy));
    }
    Ok((accepts, acceptance))
}
