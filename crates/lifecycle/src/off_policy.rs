//! What another policy would have earned, from a log of actions, propensities and rewards in a file.
//!
//! The log is refused where it cannot say so (`domain::off_policy`); its numbers are reported all the same,
//! beside the reasons. Not here: estimators, which are in `stats::off_policy`. Invariant: the reward model
//! never sees the decision that it corrects.

mod columns;
mod log;
mod model;
mod policy;

pub use columns::Columns;

use crate::StageError;
use crate::sheet::Sheet;
use domain::gate::Estimate;
use domain::off_policy::{Facts, Judgement, LEAST_PROPENSITY, judge};
use log::{Coding, Log};
use policy::Policy;
use stats::off_policy::{self as estimators, PolicyValue, Predicted};
use stats::proportion::{Count, wilson};

/// What somebody said about the log; columns that are not named are guessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The column of the action.
    pub action: Option<String>,
    /// The column of the reward.
    pub reward: Option<String>,
    /// The column of the probability with which the logged action was drawn.
    pub propensity: Option<String>,
    /// The columns that the target's choice may depend on.
    pub context: Vec<String>,
    /// The largest weight that counts where weights are clipped; above 0.
    pub clip: f64,
}

/// The policy that is asked about.
#[derive(Debug, Clone)]
pub enum Target {
    /// Every action of the log with the same probability.
    Uniform,
    /// A log with the same columns, or a table of context, action, probability.
    Sheet(Sheet),
}

/// One estimate of the target's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimator {
    /// Its name, such as `DR`.
    pub name: &'static str,
    /// The largest weight that counted; `None` where all of it did.
    pub clip: Option<f64>,
    /// The value with its 95% interval.
    pub value: Estimate,
}

/// What the target's own log shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Its mean reward with its own 95% interval.
    pub value: Estimate,
    /// Whether the interval of the headline estimate covers that mean.
    pub covered: bool,
}

/// What the log says.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Logged decisions.
    pub rows: u64,
    /// Which column is what, and why.
    pub columns: Columns,
    /// How many different contexts there are.
    pub contexts: u64,
    /// How many different actions.
    pub actions: u64,
    /// Where the target's probabilities come from, in words.
    pub target: Vec<String>,
    /// What the rule was given.
    pub facts: Facts,
    /// What the rule said.
    pub judgement: Judgement,
    /// The largest weight.
    pub largest_weight: f64,
    /// The mean reward of the log's own policy.
    pub logged: Estimate,
    /// Every estimate; the first is the headline.
    pub estimates: Vec<Estimator>,
    /// The value below which the target's is not, with 95% confidence at every moment of the log; `None`
    /// where a reward lies outside [0, 1].
    pub lower_bound: Option<f64>,
    /// What the target's own log shows, where the target is one.
    pub observed: Option<Observed>,
}

const LEVEL: f64 = 0.95;

/// Estimates the target's value from the log.
pub fn off_policy(sheet: &Sheet, target: &Target, asked: &Asked) -> Result<Report, StageError> {
    let columns = columns::columns(sheet, asked)?;
    let mut coding = Coding::default();
    let log = log::read(sheet, &columns, &mut coding)?;
    let policy = policy::policy(target, sheet, &columns, &log, &mut coding)?;
    let question = Question { log, coding, policy, clip: asked.clip };
    report(question, columns)
        .map_err(|why| StageError::Measure { metric: "the target's value".into(), why: why.to_string() })
}

/// All that an answer rests on.
struct Question {
    log: Log,
    coding: Coding,
    policy: Policy,
    clip: f64,
}

fn report(question: Question, columns: Columns) -> Result<Report, stats::BadInput> {
    let Question { log, coding, policy, clip } = question;
    let weights = estimators::weights(&policy.of_logged(&log), &log.propensity)?;
    let facts = facts(&log, &coding, &policy, &weights)?;
    let estimates = estimates(&log, &coding, &policy, &weights, clip)?;
    let bound = || estimators::anytime_lower_bound(&weights, &log.reward, clip, 1.0 - LEVEL);
    let observed = policy.observed.as_deref().map(mean_reward).transpose()?;
    let covers = |value: f64| estimates[0].value.low <= value && value <= estimates[0].value.high;
    Ok(Report {
        rows: log.reward.len() as u64,
        contexts: coding.contexts.names().len() as u64,
        actions: coding.actions.names().len() as u64,
        judgement: judge(&facts),
        facts,
        largest_weight: weights.iter().copied().fold(0.0, f64::max),
        logged: mean_reward(&log.reward)?,
        lower_bound: log.bounded().then(bound).transpose()?,
        observed: observed.map(|value| Observed { covered: covers(value.value), value }),
        estimates,
        target: policy.words,
        columns,
    })
}

fn facts(log: &Log, coding: &Coding, policy: &Policy, weights: &[f64]) -> Result<Facts, stats::BadInput> {
    let small = |p: &&f64| **p < LEAST_PROPENSITY;
    Ok(Facts {
        deterministic: log.deterministic(coding),
        small_propensities: log.propensity.iter().filter(small).count() as u64,
        least_propensity: log.propensity.iter().copied().fold(1.0, f64::min),
        uncovered: policy.uncovered(log),
        effective: estimators::effective_sample_size(weights)?,
        mean_weight: stats::sum::mean(weights),
    })
}

/// Doubly robust first, then the others; each with all of its weights and with clipped ones.
fn estimates(
    log: &Log,
    coding: &Coding,
    policy: &Policy,
    weights: &[f64],
    clip: f64,
) -> Result<Vec<Estimator>, stats::BadInput> {
    let (logged, target) = model::cross_fitted(log, coding, policy);
    let predicted = Predicted { logged: &logged, target: &target };
    let clipped = estimators::clipped(weights, clip)?;
    let entry = |name, clip, value: PolicyValue| -> Result<Estimator, stats::BadInput> {
        let interval = value.estimate(LEVEL)?;
        // What cannot be earned is no part of an interval.
        let interval = if log.bounded() { interval.within(0.0, 1.0) } else { interval };
        Ok(Estimator { name, clip, value: Estimate::from(interval) })
    };
    let mut found = Vec::new();
    for (weights, limit) in [(weights, None), (clipped.as_slice(), Some(clip))] {
        found.push(entry("DR", limit, estimators::doubly_robust(weights, &log.reward, predicted)?)?);
        if let Some(value) = estimators::self_normalised(weights, &log.reward)? {
            found.push(entry("SNIPS", limit, value)?);
        }
        found.push(entry("IPS", limit, estimators::inverse_propensity(weights, &log.reward)?)?);
    }
    let switched = estimators::switch_doubly_robust(weights, &log.reward, predicted, clip)?;
    found.push(entry("switch-DR", Some(clip), switched)?);
    found.push(entry("DM", None, estimators::direct(predicted)?)?);
    Ok(found)
}

/// The mean of rewards that were really earned: Wilson's interval for 0 and 1, otherwise the normal one.
fn mean_reward(rewards: &[f64]) -> Result<Estimate, stats::BadInput> {
    if rewards.iter().all(|r| *r == 0.0 || *r == 1.0) {
        let successes = rewards.iter().filter(|r| **r == 1.0).count() as u64;
        return Ok(Estimate::from(wilson(Count { successes, trials: rewards.len() as u64 }, LEVEL)?));
    }
    let ones = vec![1.0; rewards.len()];
    Ok(Estimate::from(estimators::inverse_propensity(&ones, rewards)?.estimate(LEVEL)?))
}

#[cfg(test)]
mod tests;
