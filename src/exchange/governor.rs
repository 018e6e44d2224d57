//! One governor for a tenant: how many requests run at once, how many writes a minute, and silence while
//! the service asks for it. Which requests are repeated is decided in `client`.
//!
//! A waiter goes before another by priority, then by arrival; one that waits for the write budget lets
//! reads pass. Everything runs on tokio's clock, and dropping a waiting future leaves no trace.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Whose turn it is where several wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// New mailboxes, the organization's switches, and the looks that find them.
    Urgent,
    /// Corrections of what was off, verification, what changed.
    Normal,
    /// Lists, and the enumeration of everything.
    Bulk,
}

/// What a waiter wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Requests that failed together halve the limit once, not once each.
const HALVING_PAUSE: Duration = Duration::from_secs(2);
/// The first pause where the service asks for fewer requests and does not say for how long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_GUESSED_PAUSE: Duration = Duration::from_secs(60);

/// Paces the requests of one tenant.
#[derive(Debug)]
pub(super) struct Governor {
    state: Mutex<State>,
    changed: Notify,
    writes_per_second: f64,
    burst: f64,
    most_at_once: f64,
}

#[derive(Debug)]
struct State {
    at_once: u32,
    /// Grows by one for each limit's worth of successes, halves when the service complains.
    limit: f64,
    halved_at: Option<Instant>,
    paused_until: Option<Instant>,
    complaints: u32,
    throttled: Duration,
    tokens: f64,
    refilled_at: Instant,
    waiting: Vec<Waiter>,
    arrivals: u64,
}

#[derive(Debug, Clone, Copy)]
struct Waiter {
    turn: (Priority, u64),
    access: Access,
}

/// What keeps a waiter from its turn.
enum Verdict {
    Go,
    Until(Instant),
    /// Somebody else's move: an earlier waiter's or a running request's.
    Change,
}

impl Governor {
    /// At least one write a minute and one request at once.
    pub(super) fn new(writes_per_minute: u32, max_concurrency: u32) -> Self {
        let writes_per_second = f64::from(writes_per_minute.max(1)) / 60.0;
        let most_at_once = f64::from(max_concurrency.max(1));
        Self {
            state: Mutex::new(State {
                at_once: 0,
                limit: most_at_once,
                halved_at: None,
                paused_until: None,
                complaints: 0,
                throttled: Duration::ZERO,
                tokens: 1.0,
                refilled_at: Instant::now(),
                waiting: Vec::new(),
                arrivals: 0,
            }),
            changed: Notify::new(),
            writes_per_second,
            // What a second earns: enough not to lose budget to a late wake-up, too little for a wave.
            burst: writes_per_second.clamp(1.0, 5.0),
            most_at_once,
        }
    }

    /// Waits for the turn of one request; a write takes one of the minute's writes with it.
    pub(super) async fn acquire(&self, priority: Priority, access: Access) -> Permit<'_> {
        let place = self.queue_up(priority, access);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that no change between the two is missed.
            changed.as_mut().enable();
            match self.judge(place.waiter) {
                Verdict::Go => return Permit { governor: self },
                Verdict::Until(moment) => {
                    tokio::select! {
                        () = &mut changed => {}
                        () = tokio::time::sleep_until(moment) => {}
                    }
                }
                Verdict::Change => changed.await,
            }
        }
    }

    /// The service asks for fewer requests: everything pauses, and fewer run at once afterwards.
    pub(super) fn complained(&self, retry_after: Option<Duration>) {
        let now = Instant::now();
        {
            let mut state = self.lock();
            if state.halved_at.is_none_or(|at| now.duration_since(at) >= HALVING_PAUSE) {
                state.limit = (state.limit / 2.0).max(1.0);
                state.halved_at = Some(now);
                state.complaints = state.complaints.saturating_add(1);
            }
            let guess = FIRST_PAUSE * 2u32.saturating_pow(state.complaints.saturating_sub(1).min(5));
            let until = now + retry_after.unwrap_or(guess.min(LONGEST_GUESSED_PAUSE));
            let before = state.paused_until.map_or(now, |until| until.max(now));
            if until > before {
                state.throttled += until - before;
                state.paused_until = Some(until);
            }
        }
        self.changed.notify_waiters();
    }

    /// The service answered: the limit recovers gently.
    pub(super) fn answered(&self) {
        {
            let mut state = self.lock();
            state.complaints = 0;
            state.limit = (state.limit + 1.0 / state.limit).min(self.most_at_once);
        }
        self.changed.notify_waiters();
    }

    /// How long the service has kept this tenant waiting altogether.
    pub(super) fn throttled(&self) -> Duration {
        self.lock().throttled
    }

    /// How many requests may run at once now, and how many do.
    pub(super) fn concurrency(&self) -> (u32, u32) {
        let state = self.lock();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a u32")]
        (state.limit as u32, state.at_once)
    }

    fn queue_up(&self, priority: Priority, access: Access) -> Place<'_> {
        let mut state = self.lock();
        state.arrivals += 1;
        let waiter = Waiter { turn: (priority, state.arrivals), access };
        state.waiting.push(waiter);
        Place { governor: self, waiter }
    }

    /// Decides on a waiter, and takes for it what it needs where it may go.
    fn judge(&self, waiter: Waiter) -> Verdict {
        let now = Instant::now();
        let mut state = self.lock();
        self.refill(&mut state, now);
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Verdict::Until(until);
        }
        let affordable = state.tokens >= 1.0;
        let first = |other: &Waiter| other.turn < waiter.turn && (other.access == Access::Read || affordable);
        if waiter.access == Access::Write && !affordable {
            let missing = (1.0 - state.tokens) / self.writes_per_second;
            // Timers tick in milliseconds; a wake-up just before the token would only wait again.
            let moment = now + Duration::from_secs_f64(missing) + Duration::from_millis(1);
            return Verdict::Until(moment);
        }
        if f64::from(state.at_once) + 1.0 > state.limit || state.waiting.iter().any(first) {
            return Verdict::Change;
        }
        state.at_once += 1;
        if waiter.access == Access::Write {
            state.tokens -= 1.0;
        }
        Verdict::Go
    }

    fn refill(&self, state: &mut State, now: Instant) {
        let earned = now.duration_since(state.refilled_at).as_secs_f64() * self.writes_per_second;
        state.tokens = (state.tokens + earned).min(self.burst);
        state.refilled_at = now;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    governor: &'a Governor,
    waiter: Waiter,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.governor.lock().waiting.retain(|other| other.turn != self.waiter.turn);
        self.governor.changed.notify_waiters();
    }
}

/// One request may run; dropping it lets the next one go.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    governor: &'a Governor,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.governor.lock().at_once -= 1;
        self.governor.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn the_write_budget_is_used_and_not_exceeded() {
        let governor = Governor::new(120, 6);
        let start = Instant::now();
        for _ in 0..1_000 {
            drop(governor.acquire(Priority::Normal, Access::Write).await);
        }
        let ideal = Duration::from_millis(999 * 500);
        let took = start.elapsed();
        assert!(took >= ideal, "{took:?} is faster than the budget");
        assert!(took <= ideal.mul_f64(1.02), "{took:?} wastes the budget");
    }

    #[tokio::test(start_paused = true)]
    async fn reads_pass_writes_that_wait_for_the_budget() {
        let governor = Governor::new(1, 6);
        drop(governor.acquire(Priority::Urgent, Access::Write).await);
        let start = Instant::now();
        let write = governor.acquire(Priority::Urgent, Access::Write);
        let read = async {
            drop(governor.acquire(Priority::Bulk, Access::Read).await);
            start.elapsed()
        };
        let (_, read_after) = tokio::join!(write, read);
        assert_eq!(read_after, Duration::ZERO);
        assert!(start.elapsed() >= Duration::from_secs(59));
    }

    #[tokio::test(start_paused = true)]
    async fn the_urgent_go_first_and_equals_in_order() {
        let governor = Arc::new(Governor::new(600, 1));
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = governor.acquire(Priority::Bulk, Access::Read).await;
        let mut tasks = Vec::new();
        for (name, priority) in [
            ("bulk", Priority::Bulk),
            ("a", Priority::Normal),
            ("b", Priority::Normal),
            ("new", Priority::Urgent),
        ] {
            let (governor, order) = (Arc::clone(&governor), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _permit = governor.acquire(priority, Access::Read).await;
                order.lock().expect("unpoisoned").push(name);
            }));
            tokio::task::yield_now().await;
        }
        drop(held);
        for task in tasks {
            task.await.expect("finished");
        }
        assert_eq!(*order.lock().expect("unpoisoned"), ["new", "a", "b", "bulk"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_complaint_pauses_everybody_and_halves_once() {
        let governor = Governor::new(600, 8);
        governor.complained(Some(Duration::from_secs(17)));
        governor.complained(Some(Duration::from_secs(10)));
        assert_eq!(governor.concurrency().0, 4);
        let start = Instant::now();
        drop(governor.acquire(Priority::Urgent, Access::Read).await);
        assert_eq!(start.elapsed().as_secs(), 17);
        assert_eq!(governor.throttled(), Duration::from_secs(17));
        for _ in 0..3 {
            governor.answered();
        }
        assert_eq!(governor.concurrency().0, 4, "recovers gently");
        for _ in 0..60 {
            governor.answered();
        }
        assert_eq!(governor.concurrency().0, 8, "recovers");
    }

    #[tokio::test(start_paused = true)]
    async fn unexplained_complaints_wait_longer_each_time() {
        let governor = Governor::new(600, 8);
        let mut waits = Vec::new();
        for _ in 0..3 {
            governor.complained(None);
            let start = Instant::now();
            drop(governor.acquire(Priority::Urgent, Access::Read).await);
            waits.push(start.elapsed().as_secs());
        }
        assert_eq!(waits, [2, 4, 8]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_blocks_nobody() {
        let governor = Governor::new(600, 1);
        let held = governor.acquire(Priority::Normal, Access::Read).await;
        let given_up =
            tokio::time::timeout(Duration::from_secs(1), governor.acquire(Priority::Urgent, Access::Write));
        assert!(given_up.await.is_err());
        drop(held);
        drop(governor.acquire(Priority::Bulk, Access::Read).await);
        assert_eq!(governor.concurrency(), (1, 0));
        assert!(governor.lock().waiting.is_empty());
    }
}
