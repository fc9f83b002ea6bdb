//! Labels drawn one after another from a pool, each draw with its own probabilities (LURE).
//!
//! Not for coins ([`super::weighted`]). The invariant: with every draw uniform all weights are 1, and with
//! the whole pool labelled the estimate is its mean, exactly.

use super::{SampledMean, all_possible};
use crate::input::{self, BadInput};
use crate::sum::{mean, sum};

/// One label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// The probability with which this row was drawn from those still in the pool, above 0 and at most 1.
    pub probability: f64,
    /// Its loss.
    pub loss: f64,
}

/// The weight of each draw, in their order: v = 1 + (N − M)/(N − m) · (1/((N − m + 1) q) − 1) for the m-th
/// of M draws from a pool of N rows.
///
/// # Errors
/// No draws, more draws than rows, or a probability outside (0, 1].
pub fn lure_weights(probabilities: &[f64], pool: u64) -> Result<Vec<f64>, BadInput> {
    input::at_least("draws", probabilities.len(), 1)?;
    let draws = probabilities.len() as f64;
    input::parameter("draws", draws, "at most the rows of the pool", draws <= pool as f64)?;
    all_possible("probabilities of a draw", probabilities)?;
    let rows = pool as f64;
    let weight = |(earlier, q): (usize, &f64)| {
        let left = rows - earlier as f64;
        // The last row of the pool is drawn for certain, and N − m would be 0.
        let part = if draws == rows { 0.0 } else { (rows - draws) / (left - 1.0) };
        1.0 + part * (1.0 / (left * q) - 1.0)
    };
    let weights: Vec<f64> = probabilities.iter().enumerate().map(weight).collect();
    input::all("weights", &weights, "a finite number; the probability is too small", f64::is_finite)?;
    Ok(weights)
}

/// The mean loss of a pool of `pool` rows, from the draws in their order.
///
/// - *What it answers.* What is the mean loss of all rows of the pool, when each label could decide which
///   row was asked for next?
/// - *Assumptions.* Each draw had the logged probability among the rows left, and may depend on everything
///   before. The interval is for the pool's own mean, and needs enough draws for a normal mean.
/// - *When it misleads.* A draw of tiny probability carries a large weight. With few draws the interval is
///   too narrow.
/// - *Source.* Farquhar, Gal and Rainforth 2021; Kossen et al. 2021. Standard error: the estimate is a
///   weighted mean of one unbiased estimate a draw, given the draws before; their differences from it are
///   those of a martingale, whose variance is the sum of their squares.
/// - *Checked against.* The vector `lure` of the reference file; its coverage by simulation.
///
/// # Errors
/// Fewer than two draws, those of [`lure_weights`], or a loss that is not finite.
pub fn lure(draws: &[Draw], pool: u64) -> Result<SampledMean, BadInput> {
    input::at_least("draws", draws.len(), 2)?;
    let losses: Vec<f64> = draws.iter().map(|d| d.loss).collect();
    let probabilities: Vec<f64> = draws.iter().map(|d| d.probability).collect();
    input::all_finite("losses", &losses)?;
    let weights = lure_weights(&probabilities, pool)?;
    let value = mean(&weights.iter().zip(&losses).map(|(v, loss)| v * loss).collect::<Vec<_>>());
    let se = input::finite("the standard error", standard_error(draws, pool as f64, value))?;
    Ok(SampledMean { value, se, rows: pool, labels: draws.len() as u64 })
}

/// Draw m alone estimates the pool's mean by what is known before it plus its own loss over N q; those
/// estimates enter LURE with weights c that add up to M.
fn standard_error(draws: &[Draw], rows: f64, value: f64) -> f64 {
    let count = draws.len() as f64;
    if count == rows {
        return 0.0;
    }
    let mut known = 0.0;
    let square = |(earlier, draw): (usize, &Draw)| {
        let left = rows - earlier as f64;
        let alone = known / rows + draw.loss / (rows * draw.probability);
        known += draw.loss;
        let weight = rows * (rows - count) / (left * (left - 1.0));
        (weight * (alone - value)).powi(2)
    };
    let squares = sum(draws.iter().enumerate().map(square));
    // One draw's worth of freedom goes into the value.
    (squares / (count * (count - 1.0))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_draws_are_refused() {
        let error = lure_weights(&[0.5, 0.0], 9).unwrap_err().to_string();
        assert!(
            error.contains("row 1: found 0") && error.ends_with("no estimator can repair that"),
            "{error}"
        );
        assert!(lure_weights(&[0.5; 3], 2).is_err() && lure_weights(&[], 2).is_err());
        let draw = |loss: f64| Draw { probability: 0.5, loss };
        assert!(lure(&[draw(1.0)], 5).is_err() && lure(&[draw(1.0), draw(f64::NAN)], 5).is_err());
    }

    proptest! {
        #[test]
        fn uniform_draws_are_a_plain_mean(losses in prop::collection::vec(-2.0..2.0f64, 2..30), more in 0u64..50) {
            let pool = losses.len() as u64 + more;
            let probability = |m: usize| 1.0 / (pool as f64 - m as f64);
            let draws: Vec<Draw> = losses
                .iter()
                .enumerate()
                .map(|(m, &loss)| Draw { probability: probability(m), loss })
                .collect();
            let found = lure(&draws, pool).unwrap();
            prop_assert!((found.value - mean(&losses)).abs() < 1e-9);
            prop_assert!(more > 0 || found.se == 0.0);
        }
    }
}
