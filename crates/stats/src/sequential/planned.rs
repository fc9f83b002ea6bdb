//! Looks after every unit up to a firm last one: a constant boundary on the sum.
//!
//! Not for experiments that may go on: after the planned number of units there is nothing left to
//! spend. The invariant: however many of the looks are taken, the chance of a false bound is at most
//! α, because the boundary counts all of them.

use super::asymptotic::check_plan;
use crate::distribution::{bisect, normal_cdf, normal_quantile};
use crate::input::{self, BadInput};

/// How far under the mean its lower bound lies after `rows` of at most `planned` rows, per unit of
/// standard deviation, when every one of them may be looked at. One-sided.
///
/// - *What it answers.* What is the least that the mean can be, when I look as often as I like but
///   end at `planned` rows at the latest?
/// - *Assumptions.* Enough rows at the first look for a normal approximation; a variance per row that
///   does not rise over time (a falling one errs on the safe side).
/// - *When it misleads.* Beyond the planned rows, where it is refused; early on the bound is wide
///   (at a tenth of the rows ten times its last reach), so it stops later than
///   [`crate::sequential::always_valid_bound_reach`] on large effects.
/// - *Source.* The reflection principle: P(max over t ≤ 1 of B(t) ≥ c) = 2·P(B(1) ≥ c), so c is the
///   normal quantile at 1 − α/2; the spending function of O'Brien–Fleming type (Lan and DeMets 1983)
///   under continuous looks. Repeated confidence intervals: Jennison and Turnbull 1989.
/// - *Checked against.* Simulation (`tests/simulation/monitor.rs`).
pub fn planned_reach(rows: f64, planned: f64, alpha: f64) -> Result<f64, BadInput> {
    input::parameter("planned rows", planned, "1 or more", planned >= 1.0 && planned.is_finite())?;
    let good = rows >= 1.0 && rows <= planned;
    input::parameter("rows", rows, "1 or more, at most the planned rows", good)?;
    Ok(boundary(alpha)? * planned.sqrt() / rows)
}

/// The chance that a true mean of `effect` above 0 is shown at one of the looks up to `rows`.
///
/// - *Source.* P(max over t ≤ 1 of B(t) + θt ≥ c) = Φ(θ − c) + exp(2θc)·Φ(−c − θ) with
///   θ = effect·√rows/sd (Siegmund 1985, chapter III).
/// - *Checked against.* Simulation; at θ = 0 it is α.
pub fn planned_power(effect: f64, sd: f64, rows: f64, alpha: f64) -> Result<f64, BadInput> {
    input::parameter("rows", rows, "1 or more", rows >= 1.0 && rows.is_finite())?;
    let good = effect.is_finite() && effect >= 0.0;
    input::parameter("effect", effect, "a number, 0 or more", good)?;
    input::parameter("standard deviation", sd, "a number above 0", sd.is_finite() && sd > 0.0)?;
    Ok(power_at(effect * rows.sqrt() / sd, boundary(alpha)?))
}

/// The firm last look that shows a true mean of `effect` above 0 with chance `power`, rounded up.
///
/// - *What it answers.* For how many units must an experiment be planned that ends by then?
/// - *Assumptions.* As [`planned_reach`]; `sd` is the standard deviation of one unit's value (for the
///   difference of two arms, its standard error times √units).
/// - *When it misleads.* With looks in large steps the power is a little lower, and so is α.
/// - *Source.* [`planned_power`], solved for the rows.
/// - *Checked against.* Simulation (`tests/simulation/monitor.rs`).
pub fn planned_rows(effect: f64, sd: f64, alpha: f64, power: f64) -> Result<u64, BadInput> {
    check_plan(effect, sd, power)?;
    let boundary = boundary(alpha)?;
    // At θ = c + z the term Φ(θ − c) alone is the power.
    let high = (boundary + normal_quantile(power)).max(1.0);
    let drift = bisect(0.0, high, |drift| power_at(drift, boundary) >= power);
    Ok((drift * sd / effect).powi(2).ceil().max(1.0) as u64)
}

fn power_at(drift: f64, boundary: f64) -> f64 {
    // The product of a huge and a tiny number, taken in logs where the first overflows.
    let tail = normal_cdf(-boundary - drift);
    let mirrored = if tail > 0.0 { (2.0 * drift * boundary + tail.ln()).exp() } else { 0.0 };
    normal_cdf(drift - boundary) + mirrored
}

/// The boundary of a sum, per √planned standard deviations.
pub(super) fn boundary(alpha: f64) -> Result<f64, BadInput> {
    input::open_unit("alpha", alpha)?;
    Ok(normal_quantile(1.0 - 0.5 * alpha))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_an_effect_the_power_is_the_size() {
        for alpha in [0.001, 0.05, 0.3] {
            assert!((planned_power(0.0, 1.0, 500.0, alpha).unwrap() - alpha).abs() < 1e-14);
        }
    }

    #[test]
    fn it_asks_for_little_more_than_one_look() {
        // One look at one-sided 5% and power 0.9 needs (1.645 + 1.282)² = 8.56 per unit of (sd/effect)².
        let rows = planned_rows(0.01, 1.0, 0.05, 0.9).unwrap() as f64;
        assert!((1.05..1.08).contains(&(rows / 85_640.0)), "{rows}");
    }

    #[test]
    fn there_is_no_look_beyond_the_plan() {
        let error = planned_reach(101.0, 100.0, 0.05).unwrap_err();
        assert_eq!(error.to_string(), "rows: found 101, expected 1 or more, at most the planned rows");
        assert!(planned_reach(f64::NAN, 100.0, 0.05).is_err());
        assert!(planned_power(1.0, 1.0, 1e9, 0.05).unwrap() <= 1.0);
    }

    proptest! {
        #[test]
        fn the_planned_rows_are_the_fewest_with_the_power(
            effect in 0.01..0.5f64, power in 0.1..0.99f64, alpha in 0.001..0.09f64,
        ) {
            let rows = planned_rows(effect, 1.0, alpha, power).unwrap() as f64;
            prop_assert!(planned_power(effect, 1.0, rows, alpha).unwrap() >= power - 1e-9);
            prop_assume!(rows > 1.0);
            prop_assert!(planned_power(effect, 1.0, rows - 1.0, alpha).unwrap() < power + 1e-9);
        }
    }
}
