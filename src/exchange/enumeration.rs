//! Page after page to the end, and an honest word where the end was not reached. What is done with a row
//! is for the caller to say.

use std::collections::HashSet;

use super::client::{Call, Client, Tally};
use super::query::View;
use super::row::Row;
use super::session::Anchor;
use super::{Error, ErrorKind};
use crate::domain::MailboxId;

/// Pages without one new mailbox, one after another, before it is called a circle. The service may send
/// empty pages where a filter leaves little.
const BARREN_PAGES: u32 = 20;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It counts.
    Yes,
    /// It cannot be read.
    Unreadable,
    /// It was not asked for.
    No,
}

/// Asks until the service names no next page, and hands over each mailbox once.
///
/// An error only where nothing was seen; what breaks later is in the view.
pub(super) async fn run(
    client: &Client,
    call: &Call,
    take: &mut (dyn FnMut(MailboxId, Row) -> Taken + Send),
) -> Result<View, Error> {
    let mut session = client.session(Anchor::Organization);
    let mut view = View::default();
    let mut tally = Tally::default();
    let mut seen: HashSet<MailboxId> = HashSet::new();
    let mut links: HashSet<String> = HashSet::new();
    let mut barren = 0;
    let mut address = client.address(&session, call);
    loop {
        // The same body again, to the address of the next page: so does Microsoft's own module.
        let outcome = client.send(&mut session, call, address, &mut tally).await;
        (view.requests, view.bytes) = (tally.requests, tally.bytes);
        let mut page = match outcome {
            Ok(answer) => answer.envelope,
            Err(error) if links.is_empty() => return Err(error),
            Err(error) => {
                view.truncated = Some(of_continuation(error));
                return Ok(view);
            }
        };
        let before = seen.len();
        for row in std::mem::take(&mut page.rows) {
            take_row(row, &mut seen, &mut view, take);
        }
        let Some(link) = page.next() else {
            if page.says_more() {
                view.truncated = Some(Error::new(call.operation, ErrorKind::CutShort));
            }
            return Ok(view);
        };
        barren = if seen.len() == before { barren + 1 } else { 0 };
        if barren >= BARREN_PAGES || !links.insert(link.to_owned()) {
            view.truncated = Some(Error::new(call.operation, ErrorKind::EndlessPages));
            return Ok(view);
        }
        let Some(next) = session.follow(link) else {
            view.truncated = Some(Error::new(call.operation, ErrorKind::Malformed));
            return Ok(view);
        };
        address = next;
    }
}

fn take_row(
    row: Row,
    seen: &mut HashSet<MailboxId>,
    view: &mut View,
    take: &mut (dyn FnMut(MailboxId, Row) -> Taken + Send),
) {
    view.bad_fields += row.bad_fields;
    let Some(id) = row.id() else {
        view.unreadable += 1;
        return;
    };
    if !seen.insert(id) {
        view.duplicates += 1;
        return;
    }
    match take(id, row) {
        Taken::Yes => view.examined += 1,
        Taken::Unreadable => view.unreadable += 1,
        Taken::No => {}
    }
}

/// A next page that the service refuses is a page that it no longer knows, whatever it says.
fn of_continuation(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Refused if error.status() == Some(400) => error.with_kind(ErrorKind::PagingExpired),
        _ => error,
    }
}
