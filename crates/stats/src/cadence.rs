//! How often to retrain, from what a retrain costs and what staleness costs.
//!
//! Not a decision: the price of a unit of loss is somebody's to name. Days here may be any unit of time, as
//! long as it is the same throughout. The invariant: the schedule returned has the least cost per day.

use crate::decay::Decay;
use crate::distribution::bisect;
use crate::input::{self, BadInput};
use std::f64::consts::LN_2;

/// What things cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// A retrain (computing, review, and divided by the chance to pass the gate), above 0.
    pub retrain: f64,
    /// A unit of loss for a day, above 0.
    pub loss_per_day: f64,
}

/// Retrain so often, and pay so much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Days between two retrains.
    pub every: f64,
    /// Retrains and staleness, per day. Half or double the days cost a quarter more where ageing is linear.
    pub cost_per_day: f64,
}

/// The schedule for an excess loss that grows by `slope` (above 0) a day: τ = √(2R/(Vk)). A delay before
/// release leaves τ as it is and adds `slope` times the delay to the loss.
///
/// - *What it answers.* How often, while ageing has not slowed down yet?
/// - *Assumptions.* Linear ageing up to τ; costs that do not depend on when.
/// - *When it misleads.* Beyond the ages that were measured.
/// - *Source.* The economic order quantity of Harris 1913.
/// - *Checked against.* The formula by numpy 2 in the vector `cadence_square_root`.
pub fn square_root(costs: Costs, slope: f64) -> Result<Schedule, BadInput> {
    costs.check()?;
    input::parameter("slope", slope, "a finite number above 0", slope.is_finite() && slope > 0.0)?;
    let (r, vk) = (costs.retrain, costs.loss_per_day * slope);
    Ok(Schedule { every: (2.0 * r / vk).sqrt(), cost_per_day: (2.0 * r * vk).sqrt() })
}

/// The schedule for an excess loss that saturates, the model being `delay` (0 or more) days old at release;
/// `None` where no schedule pays, so that only an alarm should retrain.
///
/// - *What it answers.* How often, or is it never?
/// - *Assumptions.* The curve, and that each retrain starts it anew.
/// - *When it misleads.* The cost is flat around its least: round to a rhythm of the business.
/// - *Source.* Charnov 1976, the marginal value: retrain when today's staleness costs what a day costs on
///   average.
/// - *Checked against.* scipy 1.17.1 `optimize` in the vectors `cadence_saturating` and
///   `cadence_with_label_delay`.
pub fn saturating(costs: Costs, decay: Decay, delay: f64) -> Result<Option<Schedule>, BadInput> {
    costs.check()?;
    if costs.retrain >= never_above(costs.loss_per_day, decay, delay)? {
        return Ok(None);
    }
    // What has been saved by τ days: V(τΔ(τ+D) − ∫Δ), which rises to the bound above.
    let pays = |days: f64| {
        let saved = days * decay.at(days + delay) - decay.total(days + delay) + decay.total(delay);
        costs.loss_per_day * saved >= costs.retrain
    };
    let mut high = decay.half_life;
    // A hundred half-lives on, rounding hides the rest of the curve: no schedule pays that could be told apart.
    while !pays(high) {
        high *= 2.0;
        if high > 100.0 * decay.half_life {
            return Ok(None);
        }
    }
    let every = bisect(0.0, high, pays);
    Ok(Some(Schedule { every, cost_per_day: cost_per_day(costs, decay, delay, every)? }))
}

/// What retraining each `every` (above 0) days costs per day, for a curve and a delay as in [`saturating`].
pub fn cost_per_day(costs: Costs, decay: Decay, delay: f64, every: f64) -> Result<f64, BadInput> {
    costs.check()?;
    check_curve(decay, delay)?;
    input::parameter(
        "days between retrains",
        every,
        "a finite number above 0",
        every.is_finite() && every > 0.0,
    )?;
    let stale = decay.total(every + delay) - decay.total(delay);
    input::finite("the cost per day", (costs.retrain + costs.loss_per_day * stale) / every)
}

/// The cost of a retrain from which on no schedule pays: V·L·h/ln 2, less what is lost in the delay already.
pub fn never_above(loss_per_day: f64, decay: Decay, delay: f64) -> Result<f64, BadInput> {
    check_curve(decay, delay)?;
    let left = decay.limit - decay.at(delay);
    input::finite("the bound of a retrain's cost", loss_per_day * left * decay.half_life / LN_2)
}

impl Costs {
    fn check(&self) -> Result<(), BadInput> {
        for (what, cost) in
            [("cost of a retrain", self.retrain), ("cost of a unit of loss", self.loss_per_day)]
        {
            input::parameter(what, cost, "a finite number above 0", cost.is_finite() && cost > 0.0)?;
        }
        Ok(())
    }
}

fn check_curve(decay: Decay, delay: f64) -> Result<(), BadInput> {
    for (what, value) in [("limit of the decay", decay.limit), ("half-life", decay.half_life)] {
        input::parameter(what, value, "a finite number above 0", value.is_finite() && value > 0.0)?;
    }
    input::parameter("delay", delay, "a finite number, 0 or more", delay.is_finite() && delay >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_retrain_that_costs_more_than_it_can_save_is_never_scheduled() {
        let decay = Decay { limit: 0.05, half_life: 60.0 };
        let bound = never_above(1_000.0, decay, 0.0).unwrap();
        let costs = |retrain: f64| Costs { retrain, loss_per_day: 1_000.0 };
        assert_eq!(saturating(costs(bound * 1.01), decay, 0.0), Ok(None));
        assert!(saturating(costs(bound * 0.99), decay, 0.0).unwrap().is_some());
        assert!(saturating(costs(-1.0), decay, 0.0).is_err());
        assert!(saturating(costs(1.0), Decay { limit: f64::NAN, ..decay }, 0.0).is_err());
        assert!(square_root(costs(1.0), 0.0).is_err());
    }

    proptest! {
        #[test]
        fn no_other_schedule_is_cheaper(
            share in 0.01..0.9f64, half_life in 5.0..200.0f64, delay in 0.0..30.0f64, factor in 0.2..5.0f64,
        ) {
            let decay = Decay { limit: 0.04, half_life };
            let retrain = share * never_above(500.0, decay, delay).unwrap();
            let costs = Costs { retrain, loss_per_day: 500.0 };
            let best = saturating(costs, decay, delay).unwrap().unwrap();
            let other = cost_per_day(costs, decay, delay, best.every * factor).unwrap();
            prop_assert!(other >= best.cost_per_day - 1e-9, "{best:?} {other}");
        }

        #[test]
        fn a_long_half_life_is_the_square_root(retrain in 1.0..100.0f64, slope in 1e-4..1e-2f64) {
            let costs = Costs { retrain, loss_per_day: 100.0 };
            let straight = square_root(costs, slope).unwrap();
            let half_life = 1e5 * straight.every;
            let decay = Decay { limit: slope * half_life / LN_2, half_life };
            let found = saturating(costs, decay, 0.0).unwrap().unwrap();
            prop_assert!((found.every / straight.every - 1.0).abs() < 1e-3, "{found:?} {straight:?}");
        }
    }
}
