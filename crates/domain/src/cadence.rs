//! How often to retrain, from what a retrain costs and what ageing costs: the cadence with the least cost per day.
//!
//! Not whether to retrain now ([`crate::retrain`]). Invariant: every number is told together with what it rests on,
//! and where the plan does not say what things cost there is no cadence.

mod words;

pub use words::span;

use crate::ageing::{Ageing, Curve};
use crate::plan::Retrain;
use serde::{Deserialize, Serialize};
use stats::cadence::{Costs, Schedule, cost_per_day, never_above, saturating, square_root};

/// Rhythms of a business, in days: half or double the cheapest cadence costs little, so one of these will do.
const RHYTHMS: [f64; 12] = [1.0 / 24.0, 0.25, 0.5, 1.0, 2.0, 3.5, 7.0, 14.0, 30.0, 91.0, 182.0, 365.0];
/// Beyond this factor a rhythm is another cadence.
const NEAR: f64 = 2.0;

/// How retrained challengers fared at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Odds {
    /// How many passed.
    pub passed: u64,
    /// How many were judged.
    pub judged: u64,
}

impl Odds {
    /// The chance that the next one passes, by Laplace's rule with one pass to begin with; 1 before the first.
    pub fn chance(self) -> f64 {
        (self.passed + 1) as f64 / (self.judged + 1) as f64
    }
}

/// What to do about ageing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// Retrain so often.
    Every {
        /// Days: a rhythm of a business, where one is near the best.
        days: f64,
        /// The days that cost least.
        best: f64,
        /// What retrains and staleness cost a day, at `days`.
        cost_per_day: f64,
    },
    /// No schedule pays: only an alarm should retrain.
    Never,
    /// The plan does not say what things cost.
    Unknown,
}

/// A cadence and the sentences that say why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommended {
    /// What to do.
    pub cadence: Cadence,
    /// Why, each sentence with its numbers.
    pub reasons: Vec<String>,
}

/// The cadence that costs least.
pub fn recommend(rules: &Retrain, ageing: &Ageing, odds: Odds) -> Recommended {
    let costs = costs(rules, odds);
    let cadence = match (costs, ageing.curve) {
        (None, _) => Cadence::Unknown,
        (Some(costs), Some(curve)) => cheapest(costs, curve),
        (Some(costs), None) => at_worst(costs, ageing).map_or(Cadence::Never, every),
    };
    Recommended { cadence, reasons: words::reasons(rules, ageing, odds, costs, cadence) }
}

/// The cadences for prices of a unit of loss around the one at which a third of the oldest measured age is best, a
/// factor of ten either way: what to read where nobody knows the price. Without `retrain.cost` the price is in retrains.
/// Empty where no ageing is seen.
pub fn by_price(rules: &Retrain, ageing: &Ageing, odds: Odds) -> Vec<(f64, Cadence)> {
    let Some(curve) = ageing.curve else { return Vec::new() };
    let retrain = rules.cost.unwrap_or(1.0) / odds.chance();
    let days = ageing.oldest / 3.0;
    let middle = 2.0 * retrain / (curve.decay().slope() * days * days);
    let price = |half_decades: i32| one_digit(middle * 10f64.powf(0.5 * f64::from(half_decades)));
    let row = |half_decades| {
        let loss_per_day = price(half_decades);
        (loss_per_day, cheapest(Costs { retrain, loss_per_day }, curve))
    };
    (-2..=2).map(row).collect()
}

/// The cadence at these costs; never, where they are no prices.
pub fn cheapest(costs: Costs, curve: Curve) -> Cadence {
    let Ok(Some(Schedule { every, cost_per_day: least })) = saturating(costs, curve.decay(), 0.0) else {
        return Cadence::Never;
    };
    let days = rhythm(every);
    let price = cost_per_day(costs, curve.decay(), 0.0, days).unwrap_or(least);
    Cadence::Every { days, best: every, cost_per_day: price }
}

/// The business rhythm near so many days, where there is one.
fn rhythm(days: f64) -> f64 {
    let far = |rhythm: &f64| (rhythm / days).ln().abs();
    let near = RHYTHMS.into_iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    near.filter(|rhythm| far(rhythm) <= NEAR.ln()).unwrap_or(days)
}

/// Where no ageing is seen, the schedule for as much as cannot be excluded: it costs little where there is none, and
/// waiting costs much where there is. `None` where even that much would pay for no retrain within what was measured.
fn at_worst(costs: Costs, ageing: &Ageing) -> Option<Schedule> {
    let slope = ageing.at_oldest.1 / ageing.oldest;
    let schedule = square_root(costs, slope).ok()?;
    (schedule.every <= ageing.oldest).then_some(schedule)
}

fn every(schedule: Schedule) -> Cadence {
    let Schedule { every: best, cost_per_day } = schedule;
    Cadence::Every { days: rhythm(best), best, cost_per_day }
}

/// What things cost, where the plan says so; a retrain that may fail at the gate costs more.
pub fn costs(rules: &Retrain, odds: Odds) -> Option<Costs> {
    let (cost, loss_per_day) = rules.cost.zip(rules.loss_cost)?;
    Some(Costs { retrain: cost / odds.chance(), loss_per_day })
}

/// The cost of a retrain from which on no schedule pays.
fn bound(costs: Costs, curve: Curve) -> f64 {
    never_above(costs.loss_per_day, curve.decay(), 0.0).unwrap_or(f64::INFINITY)
}

fn one_digit(x: f64) -> f64 {
    let unit = 10f64.powf(x.log10().floor());
    (x / unit).round() * unit
}

#[cfg(test)]
mod tests;
