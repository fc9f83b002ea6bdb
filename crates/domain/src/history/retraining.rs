//! Decisions about retraining, as the history keeps them.

use crate::retrain::{RetrainDecision, RetrainFacts};
use crate::time::Timestamp;

/// One decision about retraining.
#[derive(Debug, Clone, PartialEq)]
pub struct Retraining {
    /// Its event's sequence number.
    pub sequence: u64,
    /// When, by the rows' own clock.
    pub at: Timestamp,
    /// What the rule was given.
    pub facts: RetrainFacts,
    /// The plan's retrain section at that time.
    pub rules: serde_json::Value,
    /// What it said.
    pub decision: RetrainDecision,
}
