//! The loop: look, plan, guard, write, verify, remember, say. Everything that waits, and the one clock, are
//! here; what is decided about a mailbox is `plan`'s, how the service is spoken to is `exchange`'s.

mod clock;
mod cycle;
mod daemon;
mod events;
mod executor;
mod journal;
mod lanes;
mod levels;
mod look;
mod observe;
mod policies;
mod queue;
mod recall;
mod resume;
mod schedule;
mod split;
mod status;
mod tenant;
mod verify;
mod writer;

pub use clock::Clock;
pub use cycle::{Consent, Cycle, Only, Request, decide, remember};
pub use daemon::{Member, holder, run};
pub use events::{
    look_failed as tell_failed_look, started as tell_started, without_history as history_unavailable,
};
pub use executor::{Executor, SETTLE_WINDOW, Stop, Tally};
pub use journal::chain;
pub use look::{LookError, Looked, Target, look, observe};
pub use observe::Seen;
pub use policies::{PolicyKeeper, PolicyPlace};
pub use queue::{Accepted, Offer, Origin, Queue, Rank, Work};
pub use resume::resume;
pub use schedule::{Schedule, ScheduleError};
pub use status::{PolicyStatus, Status, TenantStatus};
pub use tenant::{Pace, Tenant};
pub use verify::Verified;
pub use writer::{Drained, drain};
