//! The gate: whether a challenger takes the incumbent's place, from facts alone.
//!
//! Not here: running models or computing statistics of rows; [`Facts`] come measured. The rule reads the
//! plan's `[gate]` section and the facts, and nothing else, so that every past verdict can be replayed.
//! Invariant: a gate that lacks evidence says how many rows are missing; it never guesses.

mod facts;

pub use facts::{Comparison, Estimate, Facts, Leak, Ledger, Margin, SliceFact};

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the gate says, and the checks that led there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Ship, do not, or not enough evidence.
    pub decision: Decision,
    /// Every rule that was asked, in order.
    pub checks: Vec<Check>,
}

/// The three answers of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The challenger ships.
    Pass,
    /// It does not.
    Fail,
    /// Not enough evidence either way.
    Inconclusive,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The rule: `primary`, `baseline`, `guardrail accuracy`, `slice job=student`, `leakage`, `ledger`, ...
    pub rule: String,
    /// What it says of the challenger.
    pub decision: Decision,
    /// Whether it is worth a look although it does not block.
    pub warning: bool,
    /// The numbers, in a sentence.
    pub found: String,
    /// How many more labelled rows would settle it, where rows are what is missing.
    pub missing_rows: Option<u64>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Verdict {
    /// The largest number of rows that any check still asks for.
    pub fn missing_rows(&self) -> Option<u64> {
        self.checks.iter().filter_map(|c| c.missing_rows).max()
    }

    /// The checks that keep the challenger out.
    pub fn reasons(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.decision != Decision::Pass)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Decision::Pass => "pass",
            Decision::Fail => "fail",
            Decision::Inconclusive => "not enough evidence",
        })
    }
}
