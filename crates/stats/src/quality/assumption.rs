//! What an estimate without labels believes, by name, so that callers can print it.
//!
//! Not checks: none of these can be checked without labels, except in part. The invariant: one sentence
//! each, true where the estimate is right.

use std::fmt;

/// One thing that must be true for an estimate without labels to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Assumption {
    /// P(Y|X) is that of the reference: no concept drift, and labels made in the same way.
    SameConcept,
    /// The calibrated probabilities are right for every kind of row that is common now, not only on
    /// average over the reference.
    CalibratedRows,
    /// Every kind of current row also occurs in the reference.
    SharedSupport,
    /// The density ratios are those of current to reference rows.
    RightRatios,
    /// The regressor of the errors is right on average over the current rows.
    RightErrors,
    /// Given the rows, their answers are independent: the intervals need it, the points do not.
    IndependentAnswers,
}

impl Assumption {
    /// One sentence for people, without a full stop.
    pub fn sentence(self) -> &'static str {
        match self {
            Assumption::SameConcept => "P(Y|X) has not changed since the reference (no concept drift)",
            Assumption::CalibratedRows => {
                "the calibrated probabilities are right for the kinds of rows that are common now"
            }
            Assumption::SharedSupport => "every kind of current row also occurs in the reference",
            Assumption::RightRatios => "the density ratios of current to reference rows are right",
            Assumption::RightErrors => "the model of the errors is right on average over the current rows",
            Assumption::IndependentAnswers => {
                "given the rows, their answers are independent (for the intervals)"
            }
        }
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
