//! Why a version in the chain did not answer. Not an error of the request: the next link answers it.

use std::fmt;

/// The kinds of failure, as logged and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It did not answer in time.
    Deadline,
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
    /// What it answered is not an answer.
    Invalid,
    /// Its breaker is open; it was not asked.
    Breaker,
    /// All its threads and waiting places are taken.
    Busy,
    /// The rows are unlike what it was trained on, or lack a column that it needs; it was not asked.
    Domain,
    /// Its experiment was stopped for harm; it was not asked.
    Stopped,
}

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub reason: Reason,
    /// What happened, for the log.
    pub detail: String,
}

impl Reason {
    /// Every kind, in the order in which counters keep them.
    pub const ALL: [Reason; 8] = [
        Reason::Deadline,
        Reason::Error,
        Reason::Panic,
        Reason::Invalid,
        Reason::Breaker,
        Reason::Busy,
        Reason::Domain,
        Reason::Stopped,
    ];

    /// The name in journals and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Deadline => "deadline",
            Reason::Error => "error",
            Reason::Panic => "panic",
            Reason::Invalid => "invalid",
            Reason::Breaker => "breaker",
            Reason::Busy => "busy",
            Reason::Domain => "domain",
            Reason::Stopped => "stopped",
        }
    }
}

impl Failure {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Failure {
        Failure { reason, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.detail)
    }
}
