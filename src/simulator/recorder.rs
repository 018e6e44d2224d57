//! What was asked of the simulation, for tests and the demo: the last requests and counts by cmdlet.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde_json::Value;

/// One request to a cmdlet, an item of a batch included.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// The cmdlet as sent.
    pub cmdlet: String,
    /// `Parameters` as sent.
    pub parameters: Value,
    /// The names in `$select`, if there were any.
    pub select: Option<Vec<String>>,
    /// It continued a nextLink.
    pub continued: bool,
    /// HTTP status of the answer.
    pub status: u16,
    /// Rows in the answer.
    pub rows: usize,
    /// Bytes of the answer's body.
    pub bytes: usize,
}

/// Counts since the start or the last clearing; never bounded, unlike the requests themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests by cmdlet, in the service's spelling; what is no cmdlet is under `other`.
    pub by_cmdlet: BTreeMap<String, u64>,
    /// Requests by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// Writes that changed something.
    pub changes: u64,
    /// Bytes of all bodies answered.
    pub bytes: u64,
}

const KEPT: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct Recorder {
    requests: VecDeque<RecordedRequest>,
    counters: Counters,
}

impl Recorder {
    pub(crate) fn note(&mut self, request: RecordedRequest, name: Option<&'static str>, changed: bool) {
        let counters = &mut self.counters;
        let name = name.unwrap_or("other").to_owned();
        *counters.by_cmdlet.entry(name).or_default() += 1;
        *counters.by_status.entry(request.status).or_default() += 1;
        counters.changes += u64::from(changed);
        counters.bytes += u64::try_from(request.bytes).unwrap_or(0);
        if self.requests.len() >= KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters.clone()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
