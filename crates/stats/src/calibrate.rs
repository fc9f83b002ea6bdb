//! Probabilities made to mean what they say, learned from rows whose answers are known.
//!
//! Not a measure of how far off they are (that is [`crate::calibration`]), and no repair of a ranking:
//! [`Isotonic`] and [`Temperature`] never swap two rows or two classes. The invariant: what comes out of a
//! calibrator is a probability, and a row of classes sums to 1.
//!
//! Which one: [`Calibrator`] chooses.

pub mod calibrator;
pub mod isotonic;
pub mod platt;
pub mod temperature;

pub use calibrator::{Calibrator, ISOTONIC_ROWS};
pub use isotonic::Isotonic;
pub use platt::Platt;
pub use temperature::Temperature;

use crate::input::{self, BadInput};
use crate::metric::check_weights;

/// 1 where yes, 0 where no.
pub(crate) fn as_numbers(actual: &[bool]) -> Vec<f64> {
    actual.iter().map(|&yes| if yes { 1.0 } else { 0.0 }).collect()
}

/// Scores, targets and weights belong together and are numbers.
fn check(scores: &[f64], targets: usize, weights: Option<&[f64]>) -> Result<(), BadInput> {
    input::at_least("rows", scores.len(), 1)?;
    input::same_length("targets", targets, scores.len())?;
    input::all_finite("scores", scores)?;
    check_weights(weights, scores.len())
}
