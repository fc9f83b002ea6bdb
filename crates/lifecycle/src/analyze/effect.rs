//! The difference of one outcome between the arms: shares of yes, or means.
//!
//! Treatment minus control everywhere. Shares take the pooled z test with Newcombe's interval, numbers
//! take Welch's. Invariant: where there is no variance there is no test, and p is `None`.

use super::outcome::Outcome;
use super::{Day, Tail};
use domain::analysis::EFFECT_ALPHA;
use domain::gate::Estimate;
use stats::detectable::smallest_detectable;
use stats::distribution::t_quantile;
use stats::proportion::{Count, Difference, proportion_difference, two_proportion_z, wilson};
use stats::relative::{ArmMean, relative_difference};
use stats::sum::{mean, variance};
use stats::{BadInput, TestResult, welch::welch};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The share of units with a 1.
    Share,
    /// The mean of a number.
    Mean,
}

/// One outcome's difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The outcome's column.
    pub outcome: String,
    /// What is compared.
    pub scale: Scale,
    /// Control and treatment with 95% intervals.
    pub arms: [Estimate; 2],
    /// Treatment minus control with its 95% interval.
    pub difference: Estimate,
    /// The same relative to the control; `None` unless both arms are above 0.
    pub relative: Option<Estimate>,
    /// The distance from no difference in standard errors.
    pub statistic: Option<f64>,
    /// The two-sided p-value.
    pub p: Option<f64>,
    /// The same, by Holm for all outcomes of the table.
    pub adjusted: Option<f64>,
    /// The true difference that these sizes see with a chance of 80%.
    pub detectable: f64,
    /// Units that carry much of a mean; `None` for shares.
    pub tail: Option<Tail>,
    /// The difference as it narrowed from day to day; empty without times.
    pub days: Vec<Day>,
}

/// The level of all intervals.
pub(super) const LEVEL: f64 = 0.95;
const POWER: f64 = 0.8;

/// What the two scales have to say each in its own way.
struct Compared {
    scale: Scale,
    means: [ArmMean; 2],
    arms: [stats::Estimate; 2],
    difference: stats::Estimate,
    test: Option<TestResult>,
    /// The standard deviation of one unit of the control.
    sd: f64,
}

/// Compares the arms.
pub(super) fn effect(outcome: &Outcome) -> Result<Effect, BadInput> {
    let values = [outcome.values(0), outcome.values(1)];
    let found = if outcome.binary() { shares(&values)? } else { means(&values)? };
    let units = values.each_ref().map(|v| v.len() as u64);
    Ok(Effect {
        outcome: outcome.name.clone(),
        scale: found.scale,
        arms: found.arms.map(Estimate::from),
        difference: Estimate::from(found.difference),
        relative: relative_difference(found.means[0], found.means[1], LEVEL)?.map(Estimate::from),
        statistic: found.test.map(|t| t.statistic),
        p: found.test.map(|t| t.p_two_sided),
        adjusted: None,
        detectable: smallest_detectable(found.sd, units, EFFECT_ALPHA, POWER)?,
        tail: None,
        days: Vec::new(),
    })
}

fn shares(values: &[Vec<f64>; 2]) -> Result<Compared, BadInput> {
    let count = |v: &Vec<f64>| Count { successes: v.iter().sum::<f64>() as u64, trials: v.len() as u64 };
    let counts = values.each_ref().map(count);
    let sd = |c: Count| (c.share() * (1.0 - c.share())).sqrt();
    let mean = |c: Count| ArmMean { value: c.share(), se: sd(c) / (c.trials as f64).sqrt(), rows: c.trials };
    let [control, treatment] = counts;
    Ok(Compared {
        scale: Scale::Share,
        means: counts.map(mean),
        arms: [wilson(control, LEVEL)?, wilson(treatment, LEVEL)?],
        difference: proportion_difference(control, treatment, Difference::Newcombe, LEVEL)?,
        test: two_proportion_z(control, treatment)?,
        sd: sd(control),
    })
}

fn means(values: &[Vec<f64>; 2]) -> Result<Compared, BadInput> {
    let found = welch(&values[0], &values[1])?;
    let means = values.each_ref().map(|v| {
        let rows = v.len() as u64;
        ArmMean { value: mean(v), se: (variance(v) / rows as f64).sqrt(), rows }
    });
    let around = |arm: ArmMean| {
        let reach = arm.se * t_quantile(0.5 + 0.5 * LEVEL, arm.rows as f64 - 1.0);
        stats::Estimate::around(arm.value, reach, arm.rows)
    };
    Ok(Compared {
        scale: Scale::Mean,
        means,
        arms: means.map(around),
        difference: found.estimate(LEVEL)?,
        test: found.test(0.0),
        sd: variance(&values[0]).sqrt(),
    })
}

impl Effect {
    /// Whether the difference counts as shown, were the experiment sound.
    pub fn shown(&self) -> bool {
        self.adjusted.is_some_and(|p| p <= EFFECT_ALPHA)
    }
}
