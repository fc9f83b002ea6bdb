//! Which teachers were distilled, and what came of it.

use crate::distill::{DistillDecision, DistillFacts};
use crate::time::Timestamp;

/// One comparison of a teacher's students.
#[derive(Debug, Clone, PartialEq)]
pub struct Distilled {
    /// Its event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What the rule was given.
    pub facts: DistillFacts,
    /// What it said.
    pub decision: DistillDecision,
}
