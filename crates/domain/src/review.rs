//! Answers that people look at: which ones the model may give alone, which of the others are drawn, and what people's
//! labels of one item add up to.
//!
//! Not here: reading the journal, keeping answers, or a page. Invariant: a row comes to people by a coin whose chance is
//! logged and above 0 for every row, so that what people see can stand for what they do not see.

mod certify;
mod draw;
mod labels;
mod learn;

pub use certify::{Basis, Certificate, DeferralFacts, Step, certify, fewest, may_ask};
pub use draw::{Candidate, Chances, Draw, Drawn, budget, draw, golds};
pub use labels::{MOST_LABELS, MOST_SKIPS, Standing, standing};
pub use learn::{MOST_WEIGHT, Role, Taught, role};

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a row came to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Drawn alike from all rows. Held out of training for ever.
    Audit,
    /// The model did not give its answer alone.
    Abstained,
    /// The model was unsure; where the plan defers nothing.
    Doubted,
    /// Unlike the rows that came with it.
    Novel,
    /// Its answer is known already: it measures people, not the model.
    Gold,
}

impl Why {
    /// Every reason.
    pub const ALL: [Why; 5] = [Why::Audit, Why::Abstained, Why::Doubted, Why::Novel, Why::Gold];

    /// In one word, as files spell it.
    pub fn word(self) -> &'static str {
        match self {
            Why::Audit => "audit",
            Why::Abstained => "abstained",
            Why::Doubted => "doubted",
            Why::Novel => "novel",
            Why::Gold => "gold",
        }
    }

    /// Whether labels of these rows may be trained on: audit rows measure, and gold has its label from elsewhere.
    pub fn teaches(self) -> bool {
        matches!(self, Why::Abstained | Why::Doubted | Why::Novel)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
