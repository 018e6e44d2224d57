//! What stands between a request and its cmdlet: redirects, limits, outages, and failures that a test ordered. Nothing here knows mailboxes.

use std::collections::VecDeque;
use std::time::Duration;

use super::options::{Failure, Faults};
use super::wire::errors::ServiceError;

/// The name under which failures of sign-ins are ordered.
const SIGN_IN: &str = "token";

/// Failures ordered for the next requests of a cmdlet.
#[derive(Debug)]
struct Order {
    /// `*` for any.
    cmdlet: String,
    left: usize,
    failure: Failure,
}

#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) faults: Faults,
    orders: VecDeque<Order>,
    rng: fastrand::Rng,
    /// Writes that may be made now, and since when that is counted, in seconds.
    tokens: f64,
    counted_at: f64,
    /// Requests in the current window of the rate headers.
    window: i64,
    used: u32,
}

/// What a request meets.
#[derive(Debug)]
pub(crate) enum Passage {
    Open {
        delay: Duration,
        /// The answer gets lost after the work is done.
        lost: bool,
    },
    Status(u16),
    Throttled(Option<Duration>),
    Unavailable(Option<Duration>),
    Refused(ServiceError),
}

/// Length of the window of the `Rate-Limit-*` headers in seconds, and what they allow in it, as recorded in 2024.
const WINDOW: i64 = 16;
const WINDOW_LIMIT: u32 = 30_000;

impl Gate {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        let tokens = f64::from(faults.write_burst.max(1));
        Self {
            faults,
            orders: VecDeque::new(),
            rng: fastrand::Rng::with_seed(seed ^ 0xfa17),
            tokens,
            counted_at: 0.0,
            window: 0,
            used: 0,
        }
    }

    pub(crate) fn change(&mut self, faults: Faults) {
        self.tokens = f64::from(faults.write_burst.max(1));
        self.faults = faults;
    }

    pub(crate) fn order(&mut self, cmdlet: &str, times: usize, failure: Failure) {
        self.orders.push_back(Order { cmdlet: cmdlet.to_owned(), left: times, failure });
    }

    /// What this request meets. `at_once` counts it among those now in flight.
    pub(crate) fn pass(&mut self, cmdlet: &str, is_write: bool, at_once: usize, now: f64) -> Passage {
        let latency = if is_write { self.faults.write_latency } else { self.faults.read_latency };
        let open = |delay, lost| Passage::Open { delay, lost };
        match self.ordered(cmdlet) {
            Some(Failure::Status(status)) => return Passage::Status(status),
            Some(Failure::Throttled(after)) => return Passage::Throttled(after),
            Some(Failure::Refused { exception, message }) => {
                return Passage::Refused(ServiceError::refused(&exception, &message));
            }
            Some(Failure::LostAnswer) => return open(latency, true),
            Some(Failure::Slow(delay)) => return open(latency + delay, false),
            None => {}
        }
        let retry_after = self.faults.retry_after;
        if self.faults.concurrency.is_some_and(|limit| at_once > limit) {
            return Passage::Throttled(retry_after);
        }
        if self.drawn(self.faults.unavailable_share) {
            return Passage::Unavailable(retry_after);
        }
        if is_write && !self.write_allowed(now) {
            return Passage::Throttled(retry_after);
        }
        let lost = is_write && self.drawn(self.faults.lost_answer_share);
        open(latency, lost)
    }

    /// A failure ordered for sign-ins; only those that name them, since `*` is any cmdlet.
    pub(crate) fn pass_sign_in(&mut self) -> Option<Failure> {
        self.take(|order| order == SIGN_IN)
    }

    fn ordered(&mut self, cmdlet: &str) -> Option<Failure> {
        self.take(|order| order == "*" || order.eq_ignore_ascii_case(cmdlet))
    }

    fn take(&mut self, matches: impl Fn(&str) -> bool) -> Option<Failure> {
        let order = self.orders.iter_mut().find(|order| order.left > 0 && matches(&order.cmdlet))?;
        order.left -= 1;
        let failure = order.failure.clone();
        self.orders.retain(|order| order.left > 0);
        Some(failure)
    }

    fn drawn(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.f64() < share
    }

    fn write_allowed(&mut self, now: f64) -> bool {
        let Some(rate) = self.faults.writes_per_second else {
            return true;
        };
        let burst = f64::from(self.faults.write_burst.max(1));
        self.tokens = (self.tokens + (now - self.counted_at).max(0.0) * rate).min(burst);
        self.counted_at = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// What is left of the rate window, and when it ends.
    pub(crate) fn rate(&mut self, now: i64) -> (u32, u32, i64) {
        if now / WINDOW != self.window {
            self.window = now / WINDOW;
            self.used = 0;
        }
        self.used = self.used.saturating_add(1);
        (WINDOW_LIMIT, WINDOW_LIMIT.saturating_sub(self.used), (self.window + 1) * WINDOW)
    }

    pub(crate) fn id(&mut self) -> u128 {
        self.rng.u128(..)
    }
}
