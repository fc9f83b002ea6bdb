//! The asymptotic confidence sequence: bounds for a mean that hold at every look, without a last one.
//!
//! Not exact: it is the normal approximation made uniform over time, so the first look must wait (see
//! [`crate::sequential::Monitor`]). The invariant: reaches are per unit of standard deviation,
//! finite, and tightest for their size at the planned number of rows.

use crate::distribution::normal_quantile;
use crate::input::{self, BadInput};

/// Half the width of an always-valid interval for a mean after `rows` rows, per unit of standard
/// deviation, tightest at `planned` rows.
///
/// - *What it answers.* Between what bounds is the mean, however often I look?
/// - *Assumptions.* Enough rows for a normal approximation at the first look (200, with 25 events
///   in each arm); a finite variance.
/// - *When it misleads.* At very early looks, and with rare events: there use
///   [`crate::sequential::Bettor`].
/// - *Source.* Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, equation 9, with ρ from
///   their equation 161 (approximation). Equal to the mixture of Robbins 1970 with estimated
///   variance, to mSPRT with a normal prior and to Lindon et al. 2022.
/// - *Checked against.* gbstats 0.8.0 `SequentialTwoSidedTTest`; confseq 0.0.11
///   `normal_mixture_bound`.
pub fn always_valid_reach(rows: f64, planned: f64, alpha: f64) -> Result<f64, BadInput> {
    check(rows, planned, alpha)?;
    let log = -2.0 * alpha.ln();
    let rho_squared = rho_squared(alpha, planned);
    let spread = rows * rho_squared + 1.0;
    Ok((spread / (rows * rows * rho_squared) * (spread.ln() + log)).sqrt())
}

/// The same for one bound: how far under the mean (or over it) the bound lies, when the other side
/// is not asked about.
///
/// - *What it answers.* What is the least that the mean can be, however often I look? It ships.
/// - *Assumptions, when it misleads.* As [`always_valid_reach`].
/// - *Source.* Waudby-Smith et al. 2024, proposition B.1; ρ tuned as there, at 2α, which is within
///   0.2% of the best reach at the planned rows for every α up to 0.1.
/// - *Checked against.* The boundary that it approximates from above,
///   [`crate::sequential::mixture::NormalMixture`] with one side (confseq 0.0.11).
pub fn always_valid_bound_reach(rows: f64, planned: f64, alpha: f64) -> Result<f64, BadInput> {
    check(rows, planned, alpha)?;
    input::parameter("alpha of one bound", alpha, "below 1/2", alpha < 0.5)?;
    Ok(bound_reach(rows, rho_squared(2.0 * alpha, planned), alpha))
}

/// The reach of one bound where all is known to be in range.
pub(super) fn bound_reach(rows: f64, rho_squared: f64, alpha: f64) -> f64 {
    let spread = rows * rho_squared + 1.0;
    let log = libm::log1p(spread.sqrt() / (2.0 * alpha));
    (2.0 * spread / (rows * rows * rho_squared) * log).sqrt()
}

/// Units until a true mean of `effect` above 0 is shown (its one-sided bound at `alpha` above 0) with
/// chance `power`, rounded up.
///
/// - *What it answers.* For how many units should an experiment without a firm end be tuned?
/// - *Assumptions.* As the bound; `sd` is the standard deviation of one unit's value (for the
///   difference of two arms, its standard error times √units).
/// - *When it misleads.* It asks that the bound be above 0 at the last planned unit; in a few
///   experiments it is above 0 only at an earlier one, so the power is 3 to 5 points above 0.9.
/// - *Source.* effect·√n = sd·(√n·reach(n) + z): with ρ tuned to n, √n·reach(n) depends on α only.
/// - *Checked against.* Simulation (`tests/simulation/monitor.rs`).
pub fn always_valid_rows(effect: f64, sd: f64, alpha: f64, power: f64) -> Result<u64, BadInput> {
    check_plan(effect, sd, power)?;
    let boundary = always_valid_bound_reach(1.0, 1.0, alpha)?;
    Ok(((boundary + normal_quantile(power)).max(0.0) * sd / effect).powi(2).ceil().max(1.0) as u64)
}

/// The mixture's precision that makes the boundary tightest at `planned` rows.
pub(super) fn rho_squared(alpha: f64, planned: f64) -> f64 {
    let log = -2.0 * alpha.ln();
    (log + libm::log1p(log)) / planned
}

fn check(rows: f64, planned: f64, alpha: f64) -> Result<(), BadInput> {
    input::open_unit("alpha", alpha)?;
    input::parameter("rows", rows, "1 or more", rows >= 1.0 && rows.is_finite())?;
    input::parameter("planned rows", planned, "1 or more", planned >= 1.0 && planned.is_finite())
}

/// What a planner is asked: an effect above 0 of values that vary, and a power.
pub(super) fn check_plan(effect: f64, sd: f64, power: f64) -> Result<(), BadInput> {
    input::open_unit("power", power)?;
    input::parameter("effect", effect, "a number above 0", effect.is_finite() && effect > 0.0)?;
    input::parameter("standard deviation", sd, "a number above 0", sd.is_finite() && sd > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_interval_is_tightest_for_its_size_near_the_plan() {
        // Relative to a plain interval, the reach at the planned rows beats other plans.
        for reach in [always_valid_reach, always_valid_bound_reach] {
            let at = |planned| reach(1_000.0, planned, 0.05).unwrap();
            assert!(at(1_000.0) < at(100.0) && at(1_000.0) < at(10_000.0));
            assert!(at(1_000.0) > 1.96 / 1_000f64.sqrt());
        }
    }

    #[test]
    fn the_tuning_of_one_bound_is_near_the_best() {
        for alpha in [0.1, 0.05, 0.01, 0.001] {
            let at = |planned: f64| always_valid_bound_reach(1e6, planned, alpha).unwrap();
            let best = (-40..=40).map(|step| at(1e6 * 1.05f64.powi(step))).fold(f64::INFINITY, f64::min);
            assert!(at(1e6) <= 1.002 * best, "alpha {alpha}: {} against {best}", at(1e6));
        }
    }

    #[test]
    fn a_planner_refuses_what_cannot_be_shown() {
        assert!(always_valid_rows(0.0, 1.0, 0.05, 0.9).is_err());
        assert!(always_valid_rows(0.1, 0.0, 0.05, 0.9).is_err());
        assert!(always_valid_rows(0.1, 1.0, 0.6, 0.9).is_err());
        assert!(always_valid_bound_reach(0.0, 10.0, 0.05).is_err());
    }

    proptest! {
        #[test]
        fn one_bound_is_nearer_than_two(planned in 1.0..1e6f64, alpha in 0.001..0.2f64) {
            let two = always_valid_reach(planned, planned, alpha).unwrap();
            let one = always_valid_bound_reach(planned, planned, alpha).unwrap();
            let half = always_valid_bound_reach(planned, planned, 0.5 * alpha).unwrap();
            // Two bounds at α/2 each are about the interval at α.
            prop_assert!(one < two && (half / two - 1.0).abs() < 0.03, "{one} {two} {half}");
        }

        #[test]
        fn the_planned_bound_is_above_0_with_the_planned_chance(effect in 0.01..1.0f64, power in 0.5..0.99f64) {
            let rows = always_valid_rows(effect, 1.0, 0.05, power).unwrap() as f64;
            let low = effect - normal_quantile(power) / rows.sqrt()
                - always_valid_bound_reach(rows, rows, 0.05).unwrap();
            prop_assert!(low >= -1e-12);
        }
    }
}
