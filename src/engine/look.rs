//! One look at a tenant, from rows to a plan, the same for the verbs and for every lane. Writes nothing,
//! neither to the tenant nor to the history.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::observe::{self, Seen, Want};
use super::{Tenant, recall};
use crate::domain::{Attribute, DefaultSets, Mailbox, MailboxId, Organization, Shrink};
use crate::exchange::{self, Columns, Population, RowFilter, RowQuery, Scope as RowScope};
use crate::history;
use crate::plan::{Basis, Detail, Inputs, Memory, Plan, Planner, Scope, Sight, ViewSummary};
use crate::policy::{PolicySet, TenantPolicies};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Every mailbox and the switches.
    Everything,
    /// The mailboxes that an identity names: a GUID, a UPN, an SMTP address or an alias.
    Identity(String),
    /// These mailboxes.
    These(Vec<MailboxId>),
    /// Mailboxes that are stored as off.
    StoredOff,
    /// Mailboxes created after a moment.
    CreatedSince(DateTime<Utc>),
    /// Mailboxes changed after a moment, and the switches.
    ChangedSince(DateTime<Utc>),
}

/// A look and what it found.
#[derive(Debug)]
pub struct Looked {
    /// The plan, before the guard.
    pub plan: Plan,
    /// The mailboxes whose rows came.
    pub ids: Vec<MailboxId>,
    /// The rows themselves, where single mailboxes were looked at.
    pub rows: Vec<Mailbox>,
    /// Why something is missing, where something is.
    pub faults: Vec<exchange::Error>,
    /// When the look began.
    pub started_at: DateTime<Utc>,
    /// Mailboxes that came lately, with when they were first seen.
    pub recent: HashMap<MailboxId, DateTime<Utc>>,
    /// The policies that it compared with.
    pub policies: Arc<TenantPolicies>,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The service showed nothing.
    #[error("the tenant could not be read")]
    Exchange(#[from] exchange::Error),
    /// What is remembered could not be read.
    #[error("the history could not be read")]
    History(#[from] history::Error),
    /// An identity names several mailboxes.
    #[error("`{identity}` names {} mailboxes: {}", matches.len(), matches.join(", "))]
    Ambiguous {
        /// The identity.
        identity: String,
        /// `UPN (guid)` of each.
        matches: Vec<String>,
    },
    /// An identity names none.
    #[error("no mailbox is called `{0}`")]
    NotFound(String),
}

/// Looks, and plans.
///
/// `organization` is what is known of the switches where the look does not read them itself.
pub async fn look(
    tenant: &Tenant,
    policies: &PolicySet,
    target: &Target,
    organization: Option<Organization>,
    shrink: Shrink,
) -> Result<Looked, LookError> {
    let started_at = tenant.clock.now();
    let of_tenant = Arc::new(policies.for_tenant(&tenant.name, tenant.mode));
    let (memory, defaults) = match &tenant.history {
        Some(history) => recall::memory(&**history, tenant.id, started_at).await?,
        None => (Memory::default(), DefaultSets::from_table()),
    };
    let recent = match &memory.basis {
        Basis::History { recent, .. } => recent.clone(),
        Basis::None => HashMap::new(),
    };
    let mut faults = Vec::new();
    let organization = match organization {
        Some(known) => known,
        None => {
            let reading = tenant.reader.organization().await;
            faults.extend(reading.errors().cloned());
            reading.organization()
        }
    };
    let sight = match target {
        Target::ChangedSince(_) => Sight::WithoutStored,
        _ => Sight::Whole,
    };
    let is_single = matches!(target, Target::Identity(_));
    let mut rows = Vec::new();
    let mut planner = Planner::new(Inputs {
        tenant: tenant.id,
        policies: of_tenant.clone(),
        revision: policies.revision(),
        organization,
        defaults,
        shrink,
        memory,
        sight,
        detail: if is_single { Detail::Everything } else { Detail::Remarkable },
        as_of: started_at,
    });
    let seen = rows_of(tenant, &of_tenant, target, &mut |mailbox| {
        if is_single {
            rows.push(mailbox.clone());
        }
        planner.push(mailbox);
    })
    .await?;
    faults.extend(seen.faults);
    let scope = if *target == Target::Everything { Scope::WholeTenant } else { Scope::Part };
    let plan = planner.finish(seen.view, scope);
    Ok(Looked { plan, ids: seen.ids, rows, faults, started_at, recent, policies: of_tenant })
}

/// Rows and switches, without policies: for lists of what is.
pub async fn observe(
    tenant: &Tenant,
    target: &Target,
    rows: &mut (dyn FnMut(Mailbox) + Send),
) -> Result<(Organization, Seen), LookError> {
    let reading = tenant.reader.organization().await;
    let columns = Columns {
        attributes: [Attribute::PrimarySmtpAddress, Attribute::DisplayName].into(),
        email_addresses: false,
    };
    let want = Want { columns, populations: vec![Population::Plain] };
    let mut seen = match target {
        Target::Identity(identity) => by_identity(tenant, &want, identity, rows).await?,
        _ => observe::everything(&*tenant.reader, &tenant.clock, &want, rows).await?,
    };
    seen.faults.extend(reading.errors().cloned());
    Ok((reading.organization(), seen))
}

/// The rows of a target, with stored state where the target can tell it.
async fn rows_of(
    tenant: &Tenant,
    policies: &TenantPolicies,
    target: &Target,
    rows: &mut (dyn FnMut(Mailbox) + Send),
) -> Result<Seen, LookError> {
    let want = Want::of(policies);
    let reader = &*tenant.reader;
    let filter = match target {
        Target::Everything => return Ok(observe::everything(reader, &tenant.clock, &want, rows).await?),
        Target::Identity(identity) => return by_identity(tenant, &want, identity, rows).await,
        Target::These(ids) => return Ok(observe::these(reader, &want.columns, ids, rows).await?),
        Target::StoredOff => RowFilter::StoredOff,
        Target::CreatedSince(since) => RowFilter::CreatedSince(*since),
        Target::ChangedSince(since) => RowFilter::ChangedSince(*since),
    };
    let scope = RowScope { population: Population::Plain, types: policies.reachable_types() };
    let query = RowQuery { scope, columns: want.columns.clone(), filter };
    let mut seen = Seen::default();
    let (mut arrived, mut ids) = (Vec::new(), Vec::new());
    let view = reader
        .mailboxes(&query, &mut |mailbox| {
            ids.push(mailbox.id);
            match filter {
                RowFilter::CreatedSince(_) => arrived.push(mailbox),
                _ => rows(mailbox),
            }
        })
        .await?;
    seen.ids = ids;
    seen.view = ViewSummary {
        examined: view.examined,
        unknown: view.unreadable,
        truncated: view.truncated.is_some(),
    };
    seen.faults.extend(view.truncated);
    observe::settle(reader, &query.scope, &want.columns, arrived, rows, &mut seen.faults).await;
    Ok(seen)
}

async fn by_identity(
    tenant: &Tenant,
    want: &Want,
    identity: &str,
    rows: &mut (dyn FnMut(Mailbox) + Send),
) -> Result<Seen, LookError> {
    let (found, faults) = observe::named(&*tenant.reader, &want.columns, identity).await?;
    let name = |mailbox: &Mailbox| match mailbox.user_principal_name() {
        Some(name) if !name.is_empty() => format!("{name} ({})", mailbox.id),
        _ => mailbox.id.to_string(),
    };
    match found.as_slice() {
        [] => Err(LookError::NotFound(identity.to_owned())),
        [one] => {
            let view = ViewSummary { examined: 1, unknown: 0, truncated: false };
            let ids = vec![one.id];
            found.into_iter().for_each(rows);
            Ok(Seen { view, ids, faults })
        }
        several => Err(LookError::Ambiguous {
            identity: identity.to_owned(),
            matches: several.iter().map(name).collect(),
        }),
    }
}
