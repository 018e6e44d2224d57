//! The port for reading, over REST: which cmdlet, which filter and which columns answer which question.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::client::{Call, Client, Tally};
use super::command::Command;
use super::enumeration::{self, Taken};
use super::opath::{self, Types};
use super::query::{
    Columns, GROUP_LIMIT, OrganizationReading, Population, RowFilter, RowQuery, Scope, StoredOff, View,
};
use super::row::{self, Row};
use super::session::Anchor;
use super::{Error, ErrorKind, Exchange, Operation, Priority, Reader};
use crate::domain::{Mailbox, MailboxId, StoredAuditing, SwitchState};

/// The most rows of a page that any client is known to have got.
const PAGE: u32 = 1000;
/// A name that fits more mailboxes than this is not looked into further.
const FIND_LIMIT: u32 = 20;

impl Reader for Exchange {
    fn organization(&self) -> BoxFuture<'_, OrganizationReading> {
        async {
            let auditing = async {
                let call = ("Get-OrganizationConfig", "AuditDisabled");
                let row = only_row(&self.read, Operation::ReadOrganization, call).await?;
                Ok(SwitchState::from_on(row.audit_disabled.map(|disabled| !disabled)))
            };
            let ingestion = async {
                let call = ("Get-AdminAuditLogConfig", "UnifiedAuditLogIngestionEnabled");
                let row = only_row(&self.read, Operation::ReadIngestion, call).await?;
                Ok(SwitchState::from_on(row.ingestion_enabled))
            };
            let (mailbox_auditing, ingestion) = tokio::join!(auditing, ingestion);
            OrganizationReading { mailbox_auditing, ingestion }
        }
        .boxed()
    }

    fn mailboxes<'a>(
        &'a self,
        query: &'a RowQuery,
        rows: &'a mut (dyn FnMut(Mailbox) + Send),
    ) -> BoxFuture<'a, Result<View, Error>> {
        async move {
            let (operation, priority) = match query.filter {
                RowFilter::All => (Operation::Rows, Priority::Bulk),
                RowFilter::ChangedSince(_) => (Operation::Look, Priority::Normal),
                _ => (Operation::Look, Priority::Urgent),
            };
            let stored = match query.filter.sees_stored_off() {
                true => StoredAuditing::Off,
                false => StoredAuditing::Unknown,
            };
            let select = row::select(&query.columns);
            let mut take = |_: MailboxId, row: Row| match row.into_mailbox(&query.columns) {
                None => Taken::Unreadable,
                // The service's filter is not trusted to have seen the types.
                Some(mailbox) if !within(&query.scope, &mailbox) => Taken::No,
                Some(mailbox) => {
                    rows(Mailbox { stored, ..mailbox });
                    Taken::Yes
                }
            };
            let ask = Ask { operation, priority, scope: &query.scope, filter: query.filter, select: &select };
            self.enumerate(&ask, &mut take).await
        }
        .boxed()
    }

    fn stored_off<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<StoredOff, Error>> {
        async move {
            let mut ids = Vec::new();
            let mut take = |id: MailboxId, _: Row| {
                ids.push(id);
                Taken::Yes
            };
            let (operation, priority) = (Operation::StoredOff, Priority::Normal);
            let ask = Ask { operation, priority, scope, filter: RowFilter::StoredOff, select: "Guid" };
            let view = self.enumerate(&ask, &mut take).await?;
            ids.sort_unstable();
            Ok(StoredOff { ids, view })
        }
        .boxed()
    }

    fn read_group<'a>(
        &'a self,
        population: Population,
        ids: &'a [MailboxId],
        columns: &'a Columns,
    ) -> BoxFuture<'a, Result<Vec<Mailbox>, Error>> {
        async move {
            let mut mailboxes = Vec::new();
            let mut keep = |row: Row| match row.into_mailbox(columns) {
                Some(mailbox) => {
                    mailboxes.push(mailbox);
                    Taken::Yes
                }
                None => Taken::Unreadable,
            };
            let filter = opath::of_group(ids);
            self.group(Operation::Group, population, ids, filter, row::select(columns), &mut keep).await?;
            Ok(mailboxes)
        }
        .boxed()
    }

    fn stored_off_in_group<'a>(
        &'a self,
        population: Population,
        ids: &'a [MailboxId],
    ) -> BoxFuture<'a, Result<Vec<MailboxId>, Error>> {
        async move {
            let mut off = Vec::new();
            let mut keep = |row: Row| {
                off.extend(row.id());
                Taken::Yes
            };
            let filter = opath::of_group_stored_off(ids);
            let select = "Guid".to_owned();
            self.group(Operation::GroupStoredOff, population, ids, filter, select, &mut keep).await?;
            off.sort_unstable();
            Ok(off)
        }
        .boxed()
    }

    fn find<'a>(
        &'a self,
        identity: &'a str,
        columns: &'a Columns,
    ) -> BoxFuture<'a, Result<Vec<Mailbox>, Error>> {
        async move {
            let named = Command::get_mailbox(Population::Plain).with("Identity", identity);
            match self.first_page(named, columns).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) if error.kind() == ErrorKind::Ambiguous => {
                    let alike =
                        Command::get_mailbox(Population::Plain).with("Filter", opath::of_name(identity));
                    match self.first_page(alike, columns).await {
                        Ok(found) if !found.is_empty() => Ok(found),
                        _ => Err(error),
                    }
                }
                outcome => outcome,
            }
        }
        .boxed()
    }
}

/// An enumeration that is to be made.
struct Ask<'a> {
    operation: Operation,
    priority: Priority,
    scope: &'a Scope,
    filter: RowFilter,
    select: &'a str,
}

impl Exchange {
    /// Enumerates with the types pushed down, and once more without them where the service refuses the
    /// filter for their sake; that is remembered.
    async fn enumerate(
        &self,
        ask: &Ask<'_>,
        take: &mut (dyn FnMut(MailboxId, Row) -> Taken + Send),
    ) -> Result<View, Error> {
        let refused_before = self.types_refused.load(Ordering::Relaxed);
        let types = if refused_before { Types::SortedOutHere } else { Types::PushedDown };
        let outcome = enumeration::run(&self.read, &ask.call(types), take).await;
        let may_be_the_types = types == Types::PushedDown && !ask.scope.types.is_empty();
        match outcome.map_err(|error| ask.of_filter(error)) {
            Err(error) if error.kind() == ErrorKind::FilterRefused && may_be_the_types => {
                let again = enumeration::run(&self.read, &ask.call(Types::SortedOutHere), take).await;
                if again.is_ok() {
                    self.types_refused.store(true, Ordering::Relaxed);
                }
                again.map_err(|error| ask.of_filter(error))
            }
            outcome => outcome,
        }
    }

    async fn group(
        &self,
        operation: Operation,
        population: Population,
        ids: &[MailboxId],
        filter: String,
        select: String,
        keep: &mut (dyn FnMut(Row) -> Taken + Send),
    ) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        if ids.len() > GROUP_LIMIT {
            return Err(Error::new(operation, ErrorKind::Misuse).with_text("more than a group may hold"));
        }
        let asked: BTreeSet<MailboxId> = ids.iter().copied().collect();
        let mut unasked = 0;
        let mut take = |id: MailboxId, row: Row| {
            if asked.contains(&id) {
                return keep(row);
            }
            unasked += 1;
            Taken::No
        };
        let call = Call {
            operation,
            command: list(population, Some(filter)),
            select: Some(select),
            page_size: Some(PAGE),
            priority: Priority::Normal,
        };
        let outcome = enumeration::run(&self.read, &call, &mut take).await;
        self.counters.unasked_rows(unasked);
        let view = outcome.map_err(filter_refused)?;
        // Of a group that was not read to its end, absence says nothing.
        match view.truncated {
            Some(error) => Err(error),
            None if view.unreadable > 0 => {
                Err(Error::new(operation, ErrorKind::Malformed).with_text("a row without identity or type"))
            }
            None => Ok(()),
        }
    }

    async fn first_page(&self, command: Command, columns: &Columns) -> Result<Vec<Mailbox>, Error> {
        let call = Call {
            operation: Operation::Find,
            command: command.with("ResultSize", FIND_LIMIT),
            select: Some(row::select(columns)),
            page_size: Some(FIND_LIMIT),
            priority: Priority::Urgent,
        };
        let mut session = self.read.session(Anchor::Organization);
        let address = self.read.address(&session, &call);
        let answer = self.read.send(&mut session, &call, address, &mut Tally::default()).await?;
        Ok(answer.envelope.rows.into_iter().filter_map(|row| row.into_mailbox(columns)).collect())
    }
}

impl Ask<'_> {
    fn call(&self, types: Types) -> Call {
        Call {
            operation: self.operation,
            command: list(self.scope.population, opath::of_query(self.scope, self.filter, types)),
            select: Some(self.select.to_owned()),
            page_size: Some(PAGE),
            priority: self.priority,
        }
    }

    fn of_filter(&self, error: Error) -> Error {
        let filtered = self.filter != RowFilter::All || !self.scope.types.is_empty();
        if filtered { filter_refused(error) } else { error }
    }
}

/// A 400 to a request whose only doubtful part is its filter.
fn filter_refused(error: Error) -> Error {
    match (error.kind(), error.status()) {
        (ErrorKind::Refused, Some(400)) => error.with_kind(ErrorKind::FilterRefused),
        _ => error,
    }
}

fn list(population: Population, filter: Option<String>) -> Command {
    let command = Command::get_mailbox(population).with("ResultSize", "Unlimited");
    match filter {
        Some(filter) => command.with("Filter", filter),
        None => command,
    }
}

fn within(scope: &Scope, mailbox: &Mailbox) -> bool {
    scope.types.is_empty() || scope.types.contains(&mailbox.recipient_type)
}

async fn only_row(
    client: &Client,
    operation: Operation,
    (cmdlet, column): (&'static str, &str),
) -> Result<Row, Error> {
    let call = Call {
        operation,
        command: Command::new(cmdlet),
        select: Some(column.to_owned()),
        page_size: None,
        priority: Priority::Normal,
    };
    let mut session = client.session(Anchor::Organization);
    let address = client.address(&session, &call);
    let answer = client.send(&mut session, &call, address, &mut Tally::default()).await?;
    // No row, or several: what the switch says is then not known.
    let [row] = <[Row; 1]>::try_from(answer.envelope.rows)
        .map_err(|_| Error::new(operation, ErrorKind::Malformed).with_text("not exactly one row"))?;
    Ok(row)
}
