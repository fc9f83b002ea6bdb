//! What a reliability diagram shows: stated against observed, bin by bin.
//!
//! Not a picture, and not a test of all bins at once. The invariant: every row is in one bin, and bins
//! come in the order of their stated probability.

use super::groups::{Group, Ties, equal_mass};
use crate::Estimate;
use crate::input::BadInput;
use crate::metric::check_binary;
use crate::proportion::{Count, wilson, z};

/// One point of the diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// The mean stated probability of the bin's rows.
    pub stated: f64,
    /// The share of yes among them with its Wilson interval, and how many they are.
    pub observed: Estimate,
}

/// At most `bins` bins of equally many rows, with Wilson intervals at `level`.
///
/// - *What it answers.* Where does the model say too much, and where too little?
/// - *Assumptions.* Independent rows.
/// - *When it misleads.* Each interval holds for its own bin: of 15 at 95%, one in two diagrams has a bin
///   outside by chance. A bin's mean hides what cancels within it.
/// - *Source.* Bröcker and Smith 2007; Wilson 1927 for the bars.
/// - *Checked against.* [`wilson`] and [`super::equal_mass_calibration_error`] on the same rows.
pub fn reliability(
    actual: &[bool],
    probabilities: &[f64],
    bins: usize,
    level: f64,
) -> Result<Vec<ReliabilityBin>, BadInput> {
    check_binary(actual, probabilities)?;
    z(level)?;
    let bin = |group: &Group| {
        let count = Count { successes: group.yes as u64, trials: group.rows };
        let observed = wilson(count, level)?;
        Ok(ReliabilityBin { stated: group.stated / group.weight, observed })
    };
    equal_mass(actual, probabilities, bins, Ties::Together).iter().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::equal_mass_calibration_error;
    use proptest::prelude::*;

    #[test]
    fn bad_rows_and_levels_are_refused() {
        assert!(reliability(&[true], &[1.2], 3, 0.95).is_err());
        assert!(reliability(&[true], &[0.2], 3, 1.0).is_err());
        assert!(reliability(&[true, false], &[0.2], 3, 0.95).is_err());
    }

    proptest! {
        #[test]
        fn the_gaps_of_the_bins_are_the_calibration_error(
            rows in prop::collection::vec((any::<bool>(), 0.0..=1.0f64), 1..80), bins in 1usize..20,
        ) {
            let (y, p): (Vec<bool>, Vec<f64>) = rows.into_iter().unzip();
            let found = reliability(&y, &p, bins, 0.95).unwrap();
            prop_assert!(found.windows(2).all(|w| w[0].stated <= w[1].stated));
            prop_assert!(found.iter().all(|b| b.observed.covers(b.observed.value)));
            let gaps = found.iter().map(|b| b.observed.rows as f64 * (b.observed.value - b.stated).abs());
            let error = gaps.sum::<f64>() / y.len() as f64;
            prop_assert!((error - equal_mass_calibration_error(&y, &p, bins).unwrap().expected).abs() < 1e-12);
        }
    }
}
