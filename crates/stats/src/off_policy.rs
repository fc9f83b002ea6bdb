//! What another policy would have earned, from a log of the actions that were drawn, their
//! propensities and their rewards.
//!
//! Not here: where the target's probabilities or the reward model come from, and whether the log can
//! carry the question at all (that is a rule of `domain`). A weight is the target's probability of
//! the logged action over its propensity. The invariant: a reward model that is 0 everywhere turns
//! [`doubly_robust`] into [`inverse_propensity`], and weights of 1 turn every estimate without a
//! model into the log's own mean.

mod bound;

pub use bound::anytime_lower_bound;

use crate::estimate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::z;
use crate::sum::{mean, sum, variance};

/// The estimated value of a policy: its mean reward per decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyValue {
    /// The point.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// On how many logged decisions.
    pub rows: u64,
}

/// What a reward model says of each logged decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted<'a> {
    /// The expected reward of the logged action, one a decision.
    pub logged: &'a [f64],
    /// The expected reward under the target policy, one a decision: Σ over actions of probability
    /// times expected reward.
    pub target: &'a [f64],
}

/// The importance weights: the target's probability of each logged action over its propensity.
///
/// `target` lies in [0, 1], `propensity` in (0, 1]. What the log never takes has no weight here: how
/// much of the target that is must be asked of the actions, not of the weights.
pub fn weights(target: &[f64], propensity: &[f64]) -> Result<Vec<f64>, BadInput> {
    input::same_length("propensities", propensity.len(), target.len())?;
    input::all_unit("the target's probabilities", target)?;
    input::all("propensities", propensity, "a number above 0 and at most 1", |p| p > 0.0 && p <= 1.0)?;
    let found: Vec<f64> = target.iter().zip(propensity).map(|(t, p)| t / p).collect();
    input::all("weights", &found, "a finite number; the propensity is too small", f64::is_finite)?;
    Ok(found)
}

/// The weights with those above `limit` cut down to it: less variance, and a value that is too low
/// where rewards are not negative.
pub fn clipped(weights: &[f64], limit: f64) -> Result<Vec<f64>, BadInput> {
    check_limit(limit)?;
    Ok(weights.iter().map(|w| w.min(limit)).collect())
}

/// (Σw)² / Σw²: how many decisions drawn by the target itself the log is worth, about.
///
/// - *What it answers.* Does the estimate rest on many decisions or on a few heavy ones?
/// - *Assumptions.* None; it is a description of the weights.
/// - *When it misleads.* Weights that were not drawn yet are not in it: a log that happened to miss
///   its rarest actions looks better than it is.
/// - *Source.* Kish 1965, section 8.2.
/// - *Checked against.* The vector `off_policy` of the reference file.
pub fn effective_sample_size(weights: &[f64]) -> Result<f64, BadInput> {
    check_weights(weights)?;
    let squares = sum(weights.iter().map(|w| w * w));
    Ok(if squares > 0.0 { sum(weights.iter().copied()).powi(2) / squares } else { 0.0 })
}

/// The mean of weight times reward (IPS): unbiased where the propensities are right and the log
/// may take every action of the target.
///
/// - *What it answers.* What would the target have earned, without any model of the rewards?
/// - *Assumptions.* Logged propensities are those that drew the actions; overlap; a reward depends
///   on its own decision only.
/// - *When it misleads.* A few large weights carry all of it: read [`effective_sample_size`] first.
///   Adding a constant to all rewards moves it by the constant times the mean weight.
/// - *Source.* Horvitz and Thompson 1952; Dudík, Langford and Li 2011, section 2.
/// - *Checked against.* The vector `off_policy` of the reference file.
pub fn inverse_propensity(weights: &[f64], rewards: &[f64]) -> Result<PolicyValue, BadInput> {
    check(weights, rewards)?;
    PolicyValue::of(&weights.iter().zip(rewards).map(|(w, r)| w * r).collect::<Vec<_>>())
}

/// Σ weight · reward / Σ weight (SNIPS): a little biased, often far less variable than IPS, and
/// within the range of the rewards. `None` where every weight is 0.
///
/// - *What it answers.* As [`inverse_propensity`].
/// - *Assumptions.* The same, and enough decisions for a ratio to be near normal; the standard error
///   is that of the linearised ratio.
/// - *When it misleads.* When the mean weight is far from 1 it hides that something is wrong with
///   the propensities or the overlap.
/// - *Source.* Swaminathan and Joachims 2015, section 4; Owen 2013, equation 9.8.
/// - *Checked against.* The vector `off_policy` of the reference file.
pub fn self_normalised(weights: &[f64], rewards: &[f64]) -> Result<Option<PolicyValue>, BadInput> {
    check(weights, rewards)?;
    let total = sum(weights.iter().copied());
    if total == 0.0 {
        return Ok(None);
    }
    let pairs = || weights.iter().zip(rewards);
    let value = sum(pairs().map(|(w, r)| w * r)) / total;
    let squares = sum(pairs().map(|(w, r)| (w * (r - value)).powi(2)));
    Ok(Some(PolicyValue { value, se: squares.sqrt() / total, rows: rewards.len() as u64 }))
}

/// The mean of what the model expects under the target (DM): no weights, and all of the model's bias.
/// Its standard error knows nothing of that bias.
pub fn direct(predicted: Predicted<'_>) -> Result<PolicyValue, BadInput> {
    input::all_finite("expected rewards", predicted.target)?;
    PolicyValue::of(predicted.target)
}

/// The model's expectation, corrected by the weighted residuals (DR).
///
/// - *What it answers.* What would the target have earned, using a model of the rewards without
///   having to trust it?
/// - *Assumptions.* As for [`inverse_propensity`]; the model of a decision was fitted without that
///   decision's reward.
/// - *When it misleads.* A model fitted on the same rows makes residuals too small and the interval
///   too narrow. With few rewards above 0 the normal interval is too short on the upper side.
/// - *Source.* Dudík, Langford and Li 2011, equation 1; standard error from the sample variance.
/// - *Checked against.* The vector `off_policy` of the reference file, with its standard error.
pub fn doubly_robust(
    weights: &[f64],
    rewards: &[f64],
    predicted: Predicted<'_>,
) -> Result<PolicyValue, BadInput> {
    check(weights, rewards)?;
    for (what, column) in [("expected rewards", predicted.logged), ("the target's", predicted.target)] {
        input::same_length(what, column.len(), rewards.len())?;
        input::all_finite(what, column)?;
    }
    let row = |i: usize| predicted.target[i] + weights[i] * (rewards[i] - predicted.logged[i]);
    PolicyValue::of(&(0..rewards.len()).map(row).collect::<Vec<_>>())
}

/// [`doubly_robust`], where a weight above `limit` counts nothing, so that the model alone answers
/// there: less variance for some of the model's bias.
///
/// - *What it answers.* As [`doubly_robust`].
/// - *Assumptions.* As there, and a fair model where the weights are large.
/// - *When it misleads.* Where the target differs most from the log, it is the model that speaks.
/// - *Source.* Wang, Agarwal and Dudík 2017, section 4.
/// - *Checked against.* The vector `off_policy` of the reference file.
pub fn switch_doubly_robust(
    weights: &[f64],
    rewards: &[f64],
    predicted: Predicted<'_>,
    limit: f64,
) -> Result<PolicyValue, BadInput> {
    check_limit(limit)?;
    let kept: Vec<f64> = weights.iter().map(|&w| if w <= limit { w } else { 0.0 }).collect();
    doubly_robust(&kept, rewards, predicted)
}

impl PolicyValue {
    fn of(rows: &[f64]) -> Result<PolicyValue, BadInput> {
        input::at_least("decisions", rows.len(), 2)?;
        let se = input::finite("the standard error", (variance(rows) / rows.len() as f64).sqrt())?;
        Ok(PolicyValue { value: mean(rows), se, rows: rows.len() as u64 })
    }

    /// The value with its two-sided normal interval at `level`.
    pub fn estimate(&self, level: f64) -> Result<Estimate, BadInput> {
        Ok(Estimate::around(self.value, z(level)? * self.se, self.rows))
    }
}

fn check(weights: &[f64], rewards: &[f64]) -> Result<(), BadInput> {
    input::at_least("decisions", rewards.len(), 2)?;
    input::same_length("weights", weights.len(), rewards.len())?;
    check_weights(weights)?;
    input::all_finite("rewards", rewards)
}

fn check_weights(weights: &[f64]) -> Result<(), BadInput> {
    input::all("weights", weights, "a finite number, 0 or more", |w| w.is_finite() && w >= 0.0)
}

fn check_limit(limit: f64) -> Result<(), BadInput> {
    input::parameter("the largest weight", limit, "a number above 0", limit.is_finite() && limit > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use proptest::prelude::*;

    #[test]
    fn a_propensity_of_zero_is_named_by_row() {
        let error = weights(&[0.5, 0.5], &[0.5, 0.0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "propensities, row 1: found 0, expected a number above 0 and at most 1"
        );
    }

    #[test]
    fn a_target_that_the_log_never_meets_has_no_ratio() {
        assert_eq!(self_normalised(&[0.0, 0.0], &[1.0, 0.0]), Ok(None));
        assert_eq!(effective_sample_size(&[0.0, 0.0]), Ok(0.0));
    }

    /// Two contexts, three actions, a log of its own and another target: the value is known.
    struct World {
        log: [[f64; 3]; 2],
        target: [[f64; 3]; 2],
        chance: [[f64; 3]; 2],
    }

    const WORLD: World = World {
        log: [[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]],
        target: [[0.1, 0.3, 0.6], [0.5, 0.4, 0.1]],
        chance: [[0.2, 0.3, 0.5], [0.6, 0.4, 0.1]],
    };

    impl World {
        fn value(&self) -> f64 {
            let of = |x: usize| (0..3).map(|a| self.target[x][a] * self.chance[x][a]).sum::<f64>();
            0.5 * (of(0) + of(1))
        }

        /// Weights, rewards, and what a model that is wrong by a fifth expects.
        fn draw(&self, run: u64, rows: u64) -> [Vec<f64>; 4] {
            let mut columns = [const { Vec::new() }; 4];
            for row in 0..rows {
                let unit = |draw: u64| random::unit(run, row, draw);
                let x = usize::from(unit(0) < 0.5);
                let p = self.log[x];
                let a = if unit(1) < p[0] { 0 } else { 1 + usize::from(unit(1) >= p[0] + p[1]) };
                let wrong = |a: usize| 0.8 * self.chance[x][a];
                columns[0].push(self.target[x][a] / p[a]);
                columns[1].push(f64::from(u8::from(unit(2) < self.chance[x][a])));
                columns[2].push(wrong(a));
                columns[3].push((0..3).map(|a| self.target[x][a] * wrong(a)).sum());
            }
            columns
        }
    }

    #[test]
    fn intervals_cover_a_known_value_and_the_model_narrows_them() {
        let (mut covered, mut widths) = ([0u32; 3], [0.0f64; 3]);
        for run in 0..400 {
            let [weights, rewards, logged, target] = WORLD.draw(run, 500);
            let predicted = Predicted { logged: &logged, target: &target };
            let found = [
                inverse_propensity(&weights, &rewards).unwrap(),
                self_normalised(&weights, &rewards).unwrap().unwrap(),
                doubly_robust(&weights, &rewards, predicted).unwrap(),
            ];
            for (i, value) in found.iter().enumerate() {
                let interval = value.estimate(0.95).unwrap();
                covered[i] += u32::from(interval.covers(WORLD.value()));
                widths[i] += interval.reach();
            }
        }
        // 95% of 400 is 380; four standard errors less is 362.
        assert!(covered.iter().all(|&c| c >= 362), "{covered:?}");
        assert!(widths[2] < widths[0], "{widths:?}");
    }

    proptest! {
        #[test]
        fn a_silent_model_leaves_ips_and_even_weights_leave_the_mean(
            rows in prop::collection::vec((0.0..9.0f64, -2.0..2.0f64), 2..40),
        ) {
            let (w, r): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let zeros = vec![0.0; r.len()];
            let silent = Predicted { logged: &zeros, target: &zeros };
            prop_assert_eq!(doubly_robust(&w, &r, silent), inverse_propensity(&w, &r));
            let ones = vec![1.0; r.len()];
            let plain = inverse_propensity(&ones, &r).unwrap();
            let ratio = self_normalised(&ones, &r).unwrap().unwrap();
            prop_assert!((plain.value - ratio.value).abs() < 1e-12);
            prop_assert!((effective_sample_size(&ones).unwrap() - r.len() as f64).abs() < 1e-9);
        }

        #[test]
        fn clipping_never_raises_a_value_of_rewards_that_are_not_negative(
            rows in prop::collection::vec((0.0..50.0f64, 0.0..1.0f64), 2..40),
            limit in 0.1..60.0f64,
        ) {
            let (w, r): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let cut = clipped(&w, limit).unwrap();
            prop_assert!(inverse_propensity(&cut, &r).unwrap().value <= inverse_propensity(&w, &r).unwrap().value + 1e-12);
            let size = effective_sample_size(&w).unwrap();
            prop_assert!(size <= w.len() as f64 + 1e-9);
        }
    }
}
