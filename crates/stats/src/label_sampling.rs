//! Means over all rows from labels on some of them, where chance chose the rows and its probability was
//! logged.
//!
//! Not for labels that somebody picked: where a row could not be chosen (the top k of a queue), no
//! estimator can repair what was never seen, and a probability of 0 is refused. The invariant: unlike
//! [`crate::quality`] nothing is believed of the model; a bad guess of the losses widens an interval and
//! does not move what it covers.
//!
//! Which one: [`active_mean`] where losses are guessed, [`hajek`] where they are not; [`lure()`] for draws
//! one after another without replacement; [`ppi_mean`] for a uniform sample; [`AnytimeActiveMean`] while
//! labels keep coming.

pub mod anytime;
pub mod lure;
pub mod ppi;
pub mod weighted;

pub use anytime::AnytimeActiveMean;
pub use lure::{Draw, lure, lure_weights};
pub use ppi::{PpiMean, ppi_mean};
pub use weighted::{Coins, active_mean, hajek, horvitz_thompson};

use crate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::z;

/// An estimated mean over all rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledMean {
    /// The point.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Over how many rows, labelled or not.
    pub rows: u64,
    /// On how many labels.
    pub labels: u64,
}

impl SampledMean {
    /// The value with its two-sided normal interval at `level`, strictly between 0 and 1.
    pub fn estimate(&self, level: f64) -> Result<Estimate, BadInput> {
        Ok(Estimate::around(self.value, z(level)? * self.se, self.rows))
    }
}

/// What may stand where a probability of being labelled is expected.
const POSSIBLE: &str = "a number above 0 and at most 1: what can never be labelled is in no sample, and no \
                        estimator can repair that";

pub(crate) fn all_possible(what: &'static str, probabilities: &[f64]) -> Result<(), BadInput> {
    input::all(what, probabilities, POSSIBLE, |p| p > 0.0 && p <= 1.0)
}
