//! Whether probabilities mean what they say: binned calibration errors.
//!
//! Not a calibrator (that is [`crate::calibrate`]), and not for the gate. The invariant: errors lie in
//! [0, 1], and `expected ≤ root_mean_square ≤ largest`.

mod groups;
pub mod reliability;
pub mod squared;

pub use reliability::{ReliabilityBin, reliability};
pub use squared::{SquaredCalibrationError, squared_calibration_error};

use crate::input::BadInput;
use crate::metric::{check_binary, check_weights};
use groups::{Group, Ties, equal_mass};

/// The distance between stated probabilities and observed shares, over bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationError {
    /// Averaged over the rows (ECE).
    pub expected: f64,
    /// In the worst bin (MCE).
    pub largest: f64,
    /// The root of the mean square over the rows.
    pub root_mean_square: f64,
}

/// The calibration error over `bins` equal-width bins, closed on the right; 0 is in the first.
///
/// - *What it answers.* When the model says 70%, does it happen 70% of the time?
/// - *Assumptions.* Enough rows in each bin that shares are not noise.
/// - *When it misleads.* It is biased up: a calibrated model on few rows looks miscalibrated,
///   and the number depends on the bins.
/// - *Source.* Naeini, Cooper and Hauskrecht 2015.
/// - *Checked against.* The definition, and netcal's `ECE`.
pub fn calibration_error(
    actual: &[bool],
    probabilities: &[f64],
    weights: Option<&[f64]>,
    bins: usize,
) -> Result<CalibrationError, BadInput> {
    check_binary(actual, probabilities)?;
    check_weights(weights, actual.len())?;
    let bins = bins.max(1);
    let bin = |p: f64| {
        // Rounding can put k/bins just above k when multiplied back: compare with the edge itself.
        let guess = (p * bins as f64).ceil() as usize;
        let place = if guess > 0 && p <= (guess - 1) as f64 / bins as f64 { guess - 1 } else { guess };
        place.clamp(1, bins) - 1
    };
    let mut groups = vec![Group::default(); bins];
    for (row, (&yes, &p)) in actual.iter().zip(probabilities).enumerate() {
        groups[bin(p)].add(yes, p, weights.map_or(1.0, |w| w[row]));
    }
    Ok(summarise(&groups))
}

/// The calibration error over `bins` groups of equally many rows in the order of probability
/// (the first groups have one row more when they do not divide evenly): steadier than equal widths
/// when most probabilities are small. Rows of one probability may be split between two groups in the order
/// in which they come, as in the reference; [`reliability()`] and [`squared_calibration_error`] keep them
/// together.
pub fn equal_mass_calibration_error(
    actual: &[bool],
    probabilities: &[f64],
    bins: usize,
) -> Result<CalibrationError, BadInput> {
    check_binary(actual, probabilities)?;
    Ok(summarise(&equal_mass(actual, probabilities, bins, Ties::Split)))
}

fn summarise(groups: &[Group]) -> CalibrationError {
    let total: f64 = groups.iter().map(|g| g.weight).sum();
    let average =
        |f: &dyn Fn(f64) -> f64| groups.iter().map(|g| g.weight * f(g.gap().abs())).sum::<f64>() / total;
    CalibrationError {
        expected: average(&|gap| gap),
        largest: groups.iter().map(|g| g.gap().abs()).fold(0.0, f64::max),
        root_mean_square: average(&|gap| gap * gap).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_edge_belongs_to_the_bin_below_it() {
        let one = |p: f64| calibration_error(&[true, true], &[p, 0.6], None, 5).unwrap().expected;
        // 0.6 = 3/5 shares the bin of 0.5, and not that of 0.61.
        assert!((one(0.5) - 0.45).abs() < 1e-12);
        let apart = calibration_error(&[true, false], &[0.61, 0.6], None, 5).unwrap();
        assert!((apart.largest - 0.6).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn errors_are_ordered(
            rows in prop::collection::vec((any::<bool>(), 0.0..=1.0f64), 1..80),
            bins in 1usize..20,
        ) {
            let (y, p): (Vec<bool>, Vec<f64>) = rows.into_iter().unzip();
            for e in [
                calibration_error(&y, &p, None, bins).unwrap(),
                equal_mass_calibration_error(&y, &p, bins).unwrap(),
            ] {
                prop_assert!(e.expected >= 0.0 && e.largest <= 1.0);
                prop_assert!(e.expected <= e.root_mean_square + 1e-12);
                prop_assert!(e.root_mean_square <= e.largest + 1e-12);
            }
        }
    }
}
