//! What the program tells: [`Telemetry::emit`] takes one [`Event`] and makes of it one line of the log and
//! its metric, together. Nothing else logs or counts. It reads no clock and decides nothing.
//!
//! Mailboxes are named in lines about drift and about mailboxes, and nowhere else; never in a metric.

mod catalogue;
mod counting;
mod event;
mod level;
mod log;
mod metrics;
mod record;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub use catalogue::{ALWAYS, EventDoc, EventKind};
pub use event::{
    CycleEnd, CycleEvent, CycleFacts, DriftEvent, DriftFacts, Event, Failure, Finding, MailboxEvent,
    MailboxFacts, ProcessEvent, ServiceEvent,
};
pub use level::{Identities, Level, LogFormat};
pub use log::{LogOptions, Now, install, subscriber};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics};

use record::Record;

/// Where everything that happens is told. Clones share it.
#[derive(Debug, Clone)]
pub struct Telemetry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    metrics: Metrics,
    identities: Identities,
    listeners: Mutex<Vec<mpsc::Sender<Arc<Event>>>>,
}

impl Telemetry {
    /// Tells to the log of the process (see [`install`]) and to metrics of its own; `version` is this
    /// program's.
    pub fn new(version: &'static str, identities: Identities) -> Self {
        let metrics = Metrics::new(version);
        Self { shared: Arc::new(Shared { metrics, identities, listeners: Mutex::default() }) }
    }

    /// Writes the event's line, moves its metrics and passes it to whoever listens.
    pub fn emit(&self, event: Event) {
        counting::count(&self.shared.metrics, &event);
        log::write(&Record::of(&event, self.shared.identities));
        let mut listeners = self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if listeners.is_empty() {
            return;
        }
        let event = Arc::new(event);
        listeners.retain(|listener| {
            !matches!(listener.try_send(Arc::clone(&event)), Err(TrySendError::Closed(_)))
        });
    }

    /// Every event from now on; those that come while `capacity` others wait are lost to this listener.
    pub fn subscribe(&self, capacity: usize) -> mpsc::Receiver<Arc<Event>> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// The metrics: those that follow no event are set here.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// All metrics as text, to be served as [`METRICS_CONTENT_TYPE`].
    pub fn render(&self) -> String {
        self.shared.metrics.render()
    }
}

#[cfg(test)]
mod tests;
