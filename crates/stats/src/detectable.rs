//! The smallest effect that a finished experiment could have been expected to see.
//!
//! Not a power analysis after the fact: the observed effect plays no part in it, only the sizes and
//! the spread of the control. For sizes beforehand see [`crate::power`]. The invariant: more units
//! never make it larger.

use crate::distribution::normal_quantile;
use crate::input::{self, BadInput};

/// The true difference that a two-sided test at `alpha` finds with chance `power`, for arms of these
/// many units whose values have standard deviation `sd` (for a share p that is √(p(1 − p))).
///
/// - *What it answers.* Where nothing was found: how large an effect was the experiment able to find?
/// - *Assumptions.* Independent units, means near normal, the same spread in both arms.
/// - *When it misleads.* Under heavy tails; for shares that would move so far that their own spread
///   changes. Effects below it may well be there.
/// - *Source.* (z₁₋α/₂ + z₁₋β) · sd · √(1/n₁ + 1/n₂); Bloom 1995.
/// - *Checked against.* [`crate::power::two_sample_power`], statsmodels 0.15.0 behind it.
pub fn smallest_detectable(sd: f64, units: [u64; 2], alpha: f64, power: f64) -> Result<f64, BadInput> {
    input::parameter("standard deviation", sd, "a finite number, 0 or more", sd.is_finite() && sd >= 0.0)?;
    input::open_unit("alpha", alpha)?;
    input::open_unit("power", power)?;
    for units in units {
        input::at_least("units", usize::try_from(units).unwrap_or(usize::MAX), 1)?;
    }
    let spread = (1.0 / units[0] as f64 + 1.0 / units[1] as f64).sqrt();
    Ok((normal_quantile(1.0 - 0.5 * alpha) + normal_quantile(power)) * sd * spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::power::two_sample_power;
    use proptest::prelude::*;

    #[test]
    fn the_effect_is_found_with_the_chance_asked_for() {
        for power in [0.5, 0.8, 0.95] {
            let effect = smallest_detectable(2.0, [4_000, 4_000], 0.05, power).unwrap();
            let found = two_sample_power(effect / 2.0, 4_000.0, 0.05).unwrap();
            assert!((found - power).abs() < 1e-3, "{found} is not {power}");
        }
        assert!(smallest_detectable(1.0, [0, 10], 0.05, 0.8).is_err());
    }

    proptest! {
        #[test]
        fn more_units_see_smaller_effects(a in 1u64..9_000, b in 1u64..9_000, more in 1u64..9_000) {
            let at = |units| smallest_detectable(1.0, units, 0.05, 0.8).unwrap();
            prop_assert!(at([a + more, b]) < at([a, b]));
            prop_assert_eq!(at([a, b]), at([b, a]));
        }
    }
}
