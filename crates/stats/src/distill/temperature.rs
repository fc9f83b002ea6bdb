//! Probabilities at a temperature: above 1 the runner-up classes show, at 1 nothing changes.

use crate::input::{self, BadInput};
use crate::metric::check_rows;

/// Probabilities are kept this far from 0 before a logarithm is taken.
pub(super) const FLOOR: f64 = 1e-15;

/// softmax(z / T) of rows of `width` logits; `temperature` is above 0.
///
/// - *What it answers.* What a network says when it may be only so sure.
/// - *Assumptions.* Logits are finite. A constant added to a row changes nothing.
/// - *When it misleads.* A temperature other than 1 is for learning from; answers at it are not calibrated.
/// - *Source.* Hinton, Vinyals and Dean 2015, equation 1.
/// - *Checked against.* The formula in numpy.
pub fn softmax(logits: &[f64], width: usize, temperature: f64) -> Result<Vec<f64>, BadInput> {
    check_temperature(temperature)?;
    input::at_least("classes", width, 2)?;
    input::same_length("logits", logits.len(), logits.len() / width * width)?;
    input::all_finite("logits", logits)?;
    Ok(logits.chunks_exact(width).flat_map(|row| softmax_row(row, temperature)).collect())
}

/// The same where only probabilities are known, as of trees: p^(1/T), renormalised.
///
/// - *What it answers.* A teacher's soft targets, whatever kind of model it is.
/// - *Assumptions.* Rows sum to 1. ln p is the logit up to a constant, which softmax forgets.
/// - *When it misleads.* Probabilities of 0 are taken as 1e-15, which a high temperature makes visible.
/// - *Source.* Hinton, Vinyals and Dean 2015, equation 1.
/// - *Checked against.* [`softmax`] of the logarithms.
pub fn soften(probabilities: &[f64], width: usize, temperature: f64) -> Result<Vec<f64>, BadInput> {
    check_temperature(temperature)?;
    check_rows(probabilities, width)?;
    let logits = |row: &[f64]| row.iter().map(|p| p.max(FLOOR).ln()).collect::<Vec<f64>>();
    Ok(probabilities.chunks_exact(width).flat_map(|row| softmax_row(&logits(row), temperature)).collect())
}

pub(super) fn check_temperature(temperature: f64) -> Result<(), BadInput> {
    let good = temperature.is_finite() && temperature > 0.0;
    input::parameter("temperature", temperature, "a finite number above 0", good)
}

pub(super) fn softmax_row(logits: &[f64], temperature: f64) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut row: Vec<f64> = logits.iter().map(|z| ((z - most) / temperature).exp()).collect();
    let total: f64 = row.iter().sum();
    row.iter_mut().for_each(|p| *p /= total);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_temperature_of_zero_is_refused() {
        let error = softmax(&[1.0, 2.0], 2, 0.0).unwrap_err();
        assert_eq!(error.to_string(), "temperature: found 0, expected a finite number above 0");
    }

    proptest! {
        #[test]
        fn softening_is_softmax_of_logarithms(z in prop::collection::vec(-8.0..8.0f64, 4), t in 0.5..9.0f64) {
            let plain = softmax(&z, 4, 1.0).unwrap();
            let softened = soften(&plain, 4, t).unwrap();
            for (a, b) in softened.iter().zip(softmax(&z, 4, t).unwrap()) {
                prop_assert!((a - b).abs() < 1e-9);
            }
            let top = |p: &[f64]| p.iter().copied().fold(0.0, f64::max);
            prop_assert!(t < 1.0 || top(&softened) <= top(&plain) + 1e-12, "heat flattens");
        }
    }
}
