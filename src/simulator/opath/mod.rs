//! Filters in OPATH, as `Get-Mailbox -Filter` takes them: text to a bound expression, and that over mailboxes.
//!
//! Sources: Microsoft Learn, "Filterable properties for the -Filter parameter" and "Recipient filters in Exchange PowerShell
//! commands". Dates without a zone are taken as UTC.

mod bind;
mod lex;
mod parse;
mod property;

pub(crate) use bind::Expression;
pub(crate) use property::{Property, capabilities};

/// Why a filter was refused, in words close to the service's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

/// No length is documented; this one is beyond anything a client has reason to send.
const LONGEST: usize = 65_536;

/// Reads a filter; the answer can be asked about any mailbox.
pub(crate) fn read(text: &str) -> Result<Expression, Refused> {
    if text.len() > LONGEST {
        return Err(Refused(format!("The filter is longer than {LONGEST} characters.")));
    }
    let tokens = lex::tokens(text)?;
    let tree = parse::parse(&tokens, text)?;
    bind::bind(tree)
}

#[cfg(test)]
mod tests;
