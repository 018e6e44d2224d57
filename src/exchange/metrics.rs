//! What the client counts, for whoever shows it. Nothing here is a metric of its own: the engine polls.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{ErrorKind, Operation};

/// How one request ended: the label `result` of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestResult {
    /// As asked.
    Ok,
    /// The service asked for fewer requests.
    Throttled,
    /// Token or permission refused.
    Denied,
    /// The service refused what was asked, or knows no such object.
    Refused,
    /// The service was busy or failed.
    Failed,
    /// No whole answer in time.
    TimedOut,
    /// No connection, or it broke, or the answer could not be understood.
    Broken,
}

impl RequestResult {
    /// Every result, in order.
    pub const ALL: [Self; 7] =
        [Self::Ok, Self::Throttled, Self::Denied, Self::Refused, Self::Failed, Self::TimedOut, Self::Broken];

    /// The word of the metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
        }
    }

    pub(super) const fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Throttled => Self::Throttled,
            ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Credential => Self::Denied,
            ErrorKind::NotFound
            | ErrorKind::Ambiguous
            | ErrorKind::RejectedArgument
            | ErrorKind::FilterRefused
            | ErrorKind::PagingExpired
            | ErrorKind::Refused
            | ErrorKind::Misuse => Self::Refused,
            ErrorKind::Transient | ErrorKind::Failed => Self::Failed,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::Unreachable
            | ErrorKind::BrokenOff
            | ErrorKind::Malformed
            | ErrorKind::TooLarge
            | ErrorKind::RedirectRefused
            | ErrorKind::EndlessPages
            | ErrorKind::CutShort => Self::Broken,
        }
    }
}

/// Counts since the client was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Requests sent, by operation and result; only those that are not zero.
    pub requests: Vec<(Operation, RequestResult, u64)>,
    /// How long the service has kept the tenant waiting.
    pub throttled: Duration,
    /// How many requests may run at once now.
    pub concurrency_limit: u32,
    /// How many requests run now.
    pub in_flight: u32,
    /// Rows that came without having been asked for, in group queries.
    pub unasked_rows: u64,
}

impl Metrics {
    /// How many requests of an operation ended so.
    pub fn count(&self, operation: Operation, result: RequestResult) -> u64 {
        let found = self.requests.iter().find(|entry| (entry.0, entry.1) == (operation, result));
        found.map_or(0, |entry| entry.2)
    }
}

/// The counters behind [`Metrics`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: [[AtomicU64; RequestResult::ALL.len()]; Operation::ALL.len()],
    unasked_rows: AtomicU64,
}

impl Counters {
    pub(super) fn request(&self, operation: Operation, result: RequestResult) {
        self.requests[operation as usize][result as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unasked_rows(&self, rows: u64) {
        self.unasked_rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// The counts; what the governor knows is left at zero.
    pub(super) fn snapshot(&self) -> Metrics {
        let each = |operation: Operation| {
            RequestResult::ALL.into_iter().map(move |result| {
                let count = self.requests[operation as usize][result as usize].load(Ordering::Relaxed);
                (operation, result, count)
            })
        };
        Metrics {
            requests: Operation::ALL.into_iter().flat_map(each).filter(|entry| entry.2 > 0).collect(),
            unasked_rows: self.unasked_rows.load(Ordering::Relaxed),
            ..Metrics::default()
        }
    }
}
