//! A simulated tenant that speaks the Exchange admin REST surface with the service's own rules, for tests, the demo and `simulate`.
//!
//! It stands beside the tower and imports nothing of it: names, the action matrix, filters and bookkeeping are its own
//! knowledge, so that a mistake of the client cannot cancel itself out here. All time comes from tokio's clock. Where the
//! service's behaviour is not known, a reading in [`Readings`] decides; what goes wrong is in [`Faults`].

mod actions;
mod batch;
mod churn;
mod clock;
mod cmdlets;
mod faults;
mod http;
mod login;
mod names;
mod opath;
mod options;
mod population;
mod record;
mod recorder;
mod serve;
mod service;
mod spec;
mod tenant;
mod wire;

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use actions::{LogonType, Tier};
pub use churn::{Happening, What};
pub use http::router_for;
pub use options::{
    Churn, Credentials, DefaultAuditSetWrite, ErrorDetails, Failure, Faults, NoneReadsBack, Permissions,
    Population, Readings, SimulationOptions, Stubborn,
};
pub use recorder::{Counters, RecordedRequest};
pub use serve::{ServeError, ServeOptions, Server, serve};
pub use spec::{AuditList, Mailbox, MailboxKind, MailboxSpec, Switches};

use churn::Weather;
use clock::Clock;
use faults::Gate;
use login::Login;
use recorder::Recorder;
use tenant::{Moment, Tenant};
use wire::paging::Pages;

/// Happenings kept for whoever looks.
const HAPPENINGS: usize = 1_024;

/// One simulated tenant. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Simulation {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: SimulationOptions,
    clock: Clock,
    login: Login,
    in_flight: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tenant: Tenant,
    weather: Weather,
    happenings: VecDeque<Happening>,
    gate: Gate,
    permissions: Permissions,
    pages: Pages,
    recorder: Recorder,
    /// Tokens issued before this second are challenged.
    revoked_before: i64,
    turn: u8,
}

impl Simulation {
    /// A tenant as the options describe it, its clock starting now.
    #[must_use]
    pub fn new(options: SimulationOptions) -> Self {
        let clock = Clock::starting_at(options.started_at);
        let now = clock.now();
        let state = State {
            tenant: Tenant::settled(&options, now.timestamp()),
            weather: Weather::new(options.churn.clone(), options.seed, now),
            happenings: VecDeque::new(),
            gate: Gate::new(options.faults.clone(), options.seed),
            permissions: options.permissions.clone(),
            pages: Pages::default(),
            recorder: Recorder::default(),
            revoked_before: 0,
            turn: 0,
        };
        Self {
            shared: Arc::new(Shared {
                login: Login::new(options.seed, options.tenant_id),
                clock,
                in_flight: AtomicUsize::new(0),
                state: Mutex::new(state),
                options,
            }),
        }
    }

    /// The service as a router, to be called in process or served.
    pub fn router(&self) -> Router {
        router_for(vec![self.clone()])
    }

    /// The options it was made from; faults and permissions changed since are not in them.
    #[must_use]
    pub fn options(&self) -> &SimulationOptions {
        &self.shared.options
    }

    /// The simulation's wall time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    /// Adds a mailbox and returns its Guid.
    pub fn add_mailbox(&self, spec: MailboxSpec) -> Uuid {
        let mut state = self.caught_up();
        let moment = self.moment(&mut state);
        state.tenant.add(spec, moment)
    }

    /// Deletes a mailbox; false where there is none.
    pub fn remove_mailbox(&self, guid: Uuid) -> bool {
        self.caught_up().tenant.remove(guid)
    }

    /// Changes a mailbox as an administrator would, `WhenChanged` included; false where there is none. Guids and dates stay.
    pub fn edit_mailbox(&self, guid: Uuid, change: impl FnOnce(&mut Mailbox)) -> bool {
        let mut state = self.caught_up();
        let moment = self.moment(&mut state);
        state.tenant.edit(guid, change, moment)
    }

    /// A mailbox as stored.
    #[must_use]
    pub fn mailbox(&self, guid: Uuid) -> Option<Mailbox> {
        let state = self.caught_up();
        let serial = state.tenant.serial_of(guid)?;
        let record = state.tenant.mailboxes.get(&serial)?;
        Some(state.tenant.snapshot(record))
    }

    /// All mailboxes as stored, of every kind, oldest first.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<Mailbox> {
        let state = self.caught_up();
        let records = state.tenant.mailboxes.values();
        records.map(|r| state.tenant.snapshot(r)).collect()
    }

    /// How many mailboxes there are, of every kind.
    #[must_use]
    pub fn mailbox_count(&self) -> usize {
        self.caught_up().tenant.mailboxes.len()
    }

    /// How many live user and shared mailboxes are not stored on; cheap at any size.
    #[must_use]
    pub fn stored_off_count(&self) -> usize {
        let state = self.caught_up();
        let off = |record: &&record::Record| {
            record.life == record::Life::Active
                && matches!(record.kind, MailboxKind::User | MailboxKind::Shared)
                && record.settings.enabled != Some(true)
        };
        state.tenant.mailboxes.values().filter(off).count()
    }

    /// The actions that are audited for a logon type, Microsoft's default of the day where it keeps the list.
    #[must_use]
    pub fn actions(&self, guid: Uuid, logon: LogonType) -> Vec<String> {
        let state = self.caught_up();
        let tenant = &state.tenant;
        let record = tenant.serial_of(guid).and_then(|serial| tenant.mailboxes.get(&serial));
        let Some(record) = record else {
            return Vec::new();
        };
        let seen = tenant::Seen { record, settings: &record.settings };
        let names = tenant.catalog.names(tenant.list(seen, logon));
        names.map(str::to_owned).collect()
    }

    /// The organization's switches.
    #[must_use]
    pub fn switches(&self) -> Switches {
        self.caught_up().tenant.organization.switches
    }

    /// Sets the organization's switches, at once.
    pub fn set_switches(&self, switches: Switches) {
        let mut state = self.caught_up();
        let now = self.now().timestamp();
        let organization = &mut state.tenant.organization;
        organization.switches = switches;
        organization.changed = now;
        organization.ingestion_shown = None;
    }

    /// Microsoft changes a default list. A name nobody knew becomes an action that this logon type accepts.
    pub fn set_microsoft_default(&self, logon: LogonType, tier: Tier, actions: &[&str]) {
        let mut state = self.caught_up();
        state.tenant.catalog.set_default(logon, tier, actions);
    }

    /// How often an age of zero was stored: each time a mailbox's log is purged.
    #[must_use]
    pub fn purges(&self) -> u64 {
        self.caught_up().tenant.purges
    }

    /// Other faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.caught_up();
        state.tenant.stale_for = faults.stale_for;
        state.tenant.writes_vanish = faults.writes_vanish;
        state.gate.change(faults);
    }

    /// Other churn from now on.
    pub fn set_churn(&self, churn: Churn) {
        let mut state = self.caught_up();
        let now = self.now();
        state.weather.change(churn, now);
    }

    /// Other permissions from now on; the app role counts for tokens given out before as they were.
    pub fn set_permissions(&self, permissions: Permissions) {
        self.caught_up().permissions = permissions;
    }

    /// Makes a mailbox resist writes from now on, or no more; false where there is none.
    pub fn make_stubborn(&self, guid: Uuid, how: Option<Stubborn>) -> bool {
        let mut state = self.caught_up();
        let Some(serial) = state.tenant.serial_of(guid) else {
            return false;
        };
        match how {
            Some(how) => state.tenant.stubborn.insert(serial, how),
            None => state.tenant.stubborn.remove(&serial),
        };
        true
    }

    /// Puts a failure in the way of the next `times` requests of a cmdlet: `*` for any, `token` for sign-ins.
    pub fn fail_next(&self, cmdlet: &str, times: usize, failure: Failure) {
        self.caught_up().gate.order(cmdlet, times, failure);
    }

    /// Tokens given out before this second are refused with a claims challenge.
    pub fn revoke_tokens(&self) {
        let now = self.now().timestamp();
        self.caught_up().revoked_before = now;
    }

    /// The last requests to cmdlets, oldest first; a bounded number.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().recorder.requests()
    }

    /// Counts of requests.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.state().recorder.counters()
    }

    /// Forgets the requests and counts so far.
    pub fn clear_requests(&self) {
        self.state().recorder.clear();
    }

    /// What churn did since this was last asked, oldest first; a bounded number.
    #[must_use]
    pub fn take_happenings(&self) -> Vec<Happening> {
        self.caught_up().happenings.drain(..).collect()
    }

    /// Whether a URL's tenant segment (in lower case) means this tenant.
    fn is_named(&self, name: &str) -> bool {
        let options = self.options();
        name == options.tenant_id.to_string()
            || name.eq_ignore_ascii_case(&options.initial_domain)
            || name.eq_ignore_ascii_case(&options.mail_domain)
    }

    fn login(&self) -> &Login {
        &self.shared.login
    }

    fn in_flight(&self) -> &AtomicUsize {
        &self.shared.in_flight
    }

    /// Seconds of wall time with their fraction, for rates.
    fn seconds(&self) -> f64 {
        self.now().timestamp_millis() as f64 / 1_000.0
    }

    /// The state as it is. A panic while it was held is a bug elsewhere; the state itself is plain data and stays usable.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after everything that is due has happened.
    fn caught_up(&self) -> MutexGuard<'_, State> {
        let mut guard = self.state();
        let state = &mut *guard;
        let happened = state.weather.catch_up(&mut state.tenant, self.now());
        for one in happened {
            if state.happenings.len() >= HAPPENINGS {
                state.happenings.pop_front();
            }
            state.happenings.push_back(one);
        }
        guard
    }

    /// Now, on a backend that takes turns as those of requests do.
    fn moment(&self, state: &mut State) -> Moment {
        state.turn ^= 1;
        Moment { now: self.now().timestamp(), backend: state.turn }
    }
}
