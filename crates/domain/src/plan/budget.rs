//! `[budget]`: how long an answer may take, and how large a model may be.

use super::Span;
use serde::{Deserialize, Serialize};

/// `[budget]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// The most that 99 of 100 requests may take, as a client at the server's door sees it.
    pub p99: Option<Span>,
    /// Rows of a request while that is measured.
    pub batch: u64,
    /// Requests under way at once while that is measured.
    pub concurrency: u64,
    /// How many requests are measured.
    pub requests: u64,
    /// The largest model, in MB of its file.
    pub size_mb: Option<f64>,
    /// The most memory that a server with this model alone may take, in MB.
    pub memory_mb: Option<f64>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { p99: None, batch: 1, concurrency: 1, requests: 2000, size_mb: None, memory_mb: None }
    }
}

impl Budget {
    /// Whether a server has to be started to know.
    pub fn needs_a_server(&self) -> bool {
        self.p99.is_some() || self.memory_mb.is_some()
    }
}
