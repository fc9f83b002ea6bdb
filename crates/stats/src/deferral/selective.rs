//! The confidence above which a model answers alone, with a guarantee on its errors there.
//!
//! Not a search for the threshold that looked best: the best of fifty looks better than it is. The
//! invariant: thresholds are tested from strict to loose and the first that fails ends it, so that all of
//! them together fail with chance at most delta.

use super::binomial::{binomial_p, least_accepted};
use super::drawn::{Draws, weighted_p};
use super::shortfall::{self, Shortfall};
use crate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::{Count, wilson};
use crate::sum::sum;

/// At most this many thresholds: each further one costs nothing in chance, but tells little.
pub const MOST_STEPS: usize = 50;

/// At most `alpha` of the rows answered alone are wrong, and saying so is wrong with chance `delta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promise {
    /// The limit of the error rate among rows answered alone, strictly between 0 and 1.
    pub alpha: f64,
    /// The chance that the limit is broken all the same, strictly between 0 and 1; 0.05 as a rule.
    pub delta: f64,
}

/// What a threshold is chosen from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration<'a> {
    /// How sure the model is of each row whose answer is known; any finite score, larger is surer.
    pub confidence: &'a [f64],
    /// Whether the model is wrong on it.
    pub wrong: &'a [bool],
    /// How these rows were drawn from the traffic; `None` when each had the same chance (an audit slice).
    pub draws: Option<Draws<'a>>,
    /// How sure the model is of rows of the traffic, answers unknown. With no such rows, `confidence` again;
    /// not so with `draws`, whose labelled rows are surer or less sure than the traffic.
    pub traffic: &'a [f64],
}

/// Where the sequence of thresholds starts. All of them look at confidences only, so none costs chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first threshold. With too few rows there the sequence dies at once.
    Strictest,
    /// Where as many calibration rows are accepted as can show anything ([`least_accepted`]).
    Accepted,
    /// Where the traffic predicts twice as many accepted calibration rows: the default choice, since with
    /// exactly the least number a single error ends the sequence.
    Traffic,
}

/// What became of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Too strict to be tested with these rows.
    Skipped,
    /// The error rate above it is shown to be within the limit.
    Certified,
    /// Not shown; the sequence ends here.
    Failed,
    /// Looser than the one that failed. Its p-value is printed and proves nothing.
    NotReached,
}

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Rows at least this sure are answered alone.
    pub threshold: f64,
    /// How many calibration rows are.
    pub accepted: u64,
    /// How many of them are wrong.
    pub errors: u64,
    /// The p-value against "the error rate there is alpha or more".
    pub p: f64,
    /// What became of it.
    pub outcome: Outcome,
}

/// The threshold found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alone {
    /// Rows at least this sure are answered alone.
    pub threshold: f64,
    /// How many calibration rows are.
    pub accepted: u64,
    /// How many of them are wrong.
    pub errors: u64,
    /// The share of the traffic that is answered alone, with Wilson's interval at level 1 − delta.
    pub coverage: Estimate,
}

/// What was tested and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// The loosest threshold certified, or none.
    pub alone: Option<Alone>,
    /// Every threshold, from strict to loose.
    pub steps: Vec<Step>,
    /// What it would take, when nothing was certified.
    pub shortfall: Option<Shortfall>,
}

/// Finds the loosest of `thresholds` (strictly falling, at most [`MOST_STEPS`], not chosen by the errors;
/// see [`confidence_grid`]) above which the promise is kept.
///
/// - *What it answers.* Which rows may the model answer alone?
/// - *Assumptions.* Calibration rows are exchangeable with the traffic to come, drawn uniformly or by coins
///   with logged chances; the model was not trained on them; a row counts once.
/// - *When it misleads.* With few rows it says no where a threshold exists: at a limit of 0.1, of a model
///   that is right as often as it says, something was certified in 57% of runs with 500 rows, 86% with 1,000
///   and 99% with 3,000. After the model or the traffic changed: certify again. The error rate is that of
///   all rows answered alone, not of a group among them. Steps after the first failure may look good and
///   are not certified.
/// - *Source.* Angelopoulos et al. 2021 (Learn then Test), fixed-sequence testing, with the exact binomial
///   p-value of [`binomial_p`], or the bets of [`super::drawn_p`] for rows drawn with unequal chances.
/// - *Checked against.* The vector `ltt_fixed_sequence_abstain` of the reference file; the promise itself by
///   simulation.
///
/// # Errors
/// No calibration rows or no traffic, columns of different lengths, scores that are not finite, thresholds
/// that do not fall or are none or too many, chances below their floor, an alpha or a delta outside (0, 1).
pub fn certify(
    rows: Calibration<'_>,
    thresholds: &[f64],
    promise: Promise,
    start: Start,
) -> Result<Certificate, BadInput> {
    rows.check()?;
    check_thresholds(thresholds)?;
    let need = start.need(promise)?;
    let mut steps: Vec<Step> =
        thresholds.iter().map(|&t| rows.step(t, promise.alpha)).collect::<Result<_, _>>()?;
    let first = thresholds.iter().position(|&t| rows.rows_for(start, t) >= need).unwrap_or(steps.len());
    steps[first..].iter_mut().for_each(|step| step.outcome = Outcome::NotReached);
    for step in &mut steps[first..] {
        step.outcome = if step.p <= promise.delta { Outcome::Certified } else { Outcome::Failed };
        if step.outcome == Outcome::Failed {
            break;
        }
    }
    let alone = steps.iter().rev().find(|step| step.outcome == Outcome::Certified);
    let alone = alone.map(|step| rows.alone(step, promise.delta)).transpose()?;
    let shortfall = alone.is_none().then(|| shortfall::of(&rows, &steps, promise, need));
    Ok(Certificate { alone, steps, shortfall })
}

/// Thresholds at `steps` (from 1 to [`MOST_STEPS`]) even shares of the traffic, from strict to loose; fewer
/// where scores are equal. The last accepts every row of the traffic.
///
/// # Errors
/// No traffic, scores that are not finite, or a number of steps out of range.
pub fn confidence_grid(traffic: &[f64], steps: usize) -> Result<Vec<f64>, BadInput> {
    input::at_least("rows of traffic", traffic.len(), 1)?;
    input::all_finite("confidence of the traffic", traffic)?;
    let good = (1..=MOST_STEPS).contains(&steps);
    input::parameter("steps", steps as f64, "a whole number from 1 to 50", good)?;
    let mut falling = traffic.to_vec();
    falling.sort_unstable_by(|a, b| b.total_cmp(a));
    let last_accepted = |step: usize| falling[(step * falling.len()).div_ceil(steps) - 1];
    let mut grid: Vec<f64> = (1..=steps).map(last_accepted).collect();
    grid.dedup();
    Ok(grid)
}

fn check_thresholds(thresholds: &[f64]) -> Result<(), BadInput> {
    input::at_least("thresholds", thresholds.len(), 1)?;
    input::all_finite("thresholds", thresholds)?;
    let few = thresholds.len() <= MOST_STEPS;
    input::parameter("number of thresholds", thresholds.len() as f64, "at most 50", few)?;
    match thresholds.windows(2).position(|pair| pair[1] >= pair[0]) {
        Some(place) => {
            let (row, expected) = (Some(place + 1), "a number below the one before: from strict to loose");
            Err(BadInput::Value { what: "thresholds", row, found: thresholds[place + 1], expected })
        }
        None => Ok(()),
    }
}

impl Start {
    /// How many accepted rows the first threshold needs.
    fn need(self, promise: Promise) -> Result<f64, BadInput> {
        let least = least_accepted(promise.alpha, promise.delta)? as f64;
        Ok(match self {
            Start::Strictest => 0.0,
            Start::Accepted => least,
            Start::Traffic => 2.0 * least,
        })
    }
}

impl Calibration<'_> {
    fn check(&self) -> Result<(), BadInput> {
        input::at_least("calibration rows", self.confidence.len(), 1)?;
        input::same_length("answers known", self.wrong.len(), self.confidence.len())?;
        input::all_finite("confidence", self.confidence)?;
        input::at_least("rows of traffic", self.traffic.len(), 1)?;
        input::all_finite("confidence of the traffic", self.traffic)?;
        self.draws.map_or(Ok(()), |draws| draws.check(self.confidence.len()))
    }

    fn accepted(&self, threshold: f64) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.confidence.len()).filter(move |&row| self.confidence[row] >= threshold)
    }

    fn weight(&self, row: usize) -> f64 {
        self.draws.map_or(1.0, |draws| draws.weight(row))
    }

    fn step(&self, threshold: f64, alpha: f64) -> Result<Step, BadInput> {
        let accepted = self.accepted(threshold).count() as u64;
        let errors = self.accepted(threshold).filter(|&row| self.wrong[row]).count() as u64;
        let p = match self.draws {
            None => binomial_p(Count { successes: errors, trials: accepted }, alpha)?,
            Some(draws) => {
                weighted_p(self.accepted(threshold).map(|row| (self.wrong[row], draws.weight(row))), alpha)
            }
        };
        Ok(Step { threshold, accepted, errors, p, outcome: Outcome::Skipped })
    }

    /// The calibration rows accepted, or those that the traffic predicts, by which to start.
    fn rows_for(&self, start: Start, threshold: f64) -> f64 {
        match start {
            Start::Strictest | Start::Accepted => self.accepted_weight(threshold),
            Start::Traffic => self.traffic_share(threshold) * self.whole_weight(),
        }
    }

    /// The accepted rows, each counting for its weight.
    pub(super) fn accepted_weight(&self, threshold: f64) -> f64 {
        sum(self.accepted(threshold).map(|row| self.weight(row)))
    }

    /// The accepted rows that are wrong, each counting for its weight.
    pub(super) fn wrong_weight(&self, threshold: f64) -> f64 {
        sum(self.accepted(threshold).filter(|&row| self.wrong[row]).map(|row| self.weight(row)))
    }

    /// All calibration rows, each counting for its weight.
    pub(super) fn whole_weight(&self) -> f64 {
        self.accepted_weight(f64::NEG_INFINITY)
    }

    fn traffic_accepted(&self, threshold: f64) -> u64 {
        self.traffic.iter().filter(|&&confidence| confidence >= threshold).count() as u64
    }

    /// The share of the traffic that the threshold accepts.
    pub(super) fn traffic_share(&self, threshold: f64) -> f64 {
        self.traffic_accepted(threshold) as f64 / self.traffic.len() as f64
    }

    fn alone(&self, step: &Step, delta: f64) -> Result<Alone, BadInput> {
        let successes = self.traffic_accepted(step.threshold);
        let coverage = wilson(Count { successes, trials: self.traffic.len() as u64 }, 1.0 - delta)?;
        let Step { threshold, accepted, errors, .. } = *step;
        Ok(Alone { threshold, accepted, errors, coverage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PROMISE: Promise = Promise { alpha: 0.1, delta: 0.05 };

    fn uniform<'a>(confidence: &'a [f64], wrong: &'a [bool]) -> Calibration<'a> {
        Calibration { confidence, wrong, draws: None, traffic: confidence }
    }

    #[test]
    fn bad_input_is_refused_by_name() {
        let of = |rows, grid: &[f64]| certify(rows, grid, PROMISE, Start::Traffic).unwrap_err().to_string();
        let good = uniform(&[0.5, 0.9], &[false, true]);
        assert_eq!(
            of(good, &[0.5, 0.9]),
            "thresholds, row 1: found 0.9, expected a number below the one before: from strict to loose"
        );
        assert_eq!(
            of(uniform(&[0.5, f64::NAN], &[false; 2]), &[0.5]),
            "confidence, row 1: found NaN, expected a finite number"
        );
        assert_eq!(of(uniform(&[0.5], &[]), &[0.5]), "answers known: found 0 rows, expected 1");
        assert_eq!(of(uniform(&[], &[]), &[0.5]), "too few calibration rows: found 0, need at least 1");
        assert!(of(good, &[f64::INFINITY]).starts_with("thresholds, row 0"));
        let draws = Some(Draws { probabilities: &[0.5, 0.01], floor: 0.02 });
        assert!(of(Calibration { draws, ..good }, &[0.5]).starts_with("chances of a label, row 1"));
        assert!(certify(good, &[0.5], Promise { alpha: 0.0, delta: 0.05 }, Start::Traffic).is_err());
        let silent = Calibration { traffic: &[], ..good };
        assert_eq!(of(silent, &[0.5]), "too few rows of traffic: found 0, need at least 1");
    }

    #[test]
    fn a_grid_takes_even_shares_and_ends_at_every_row() {
        let traffic: Vec<f64> = (1..=200).rev().map(|i| f64::from(i) / 200.0).collect();
        let grid = confidence_grid(&traffic, 4).unwrap();
        assert_eq!(grid, [0.755, 0.505, 0.255, 0.005]);
        assert_eq!(confidence_grid(&[0.5, 0.5, 0.7], 50).unwrap(), [0.7, 0.5]);
        assert!(confidence_grid(&traffic, 51).is_err() && confidence_grid(&[f64::NAN], 2).is_err());
    }

    #[test]
    fn nothing_looser_than_the_first_failure_is_taken() {
        // 60 sure rows with 20 errors, then 600 without any.
        let confidence: Vec<f64> = (0..660).map(|i| if i < 60 { 0.9 } else { 0.5 }).collect();
        let wrong: Vec<bool> = (0..660).map(|i| i < 20).collect();
        let found = certify(uniform(&confidence, &wrong), &[0.9, 0.5], PROMISE, Start::Traffic).unwrap();
        assert_eq!(found.alone, None);
        let outcomes: Vec<Outcome> = found.steps.iter().map(|step| step.outcome).collect();
        assert_eq!(outcomes, [Outcome::Failed, Outcome::NotReached]);
        assert!(found.steps[1].p < 1e-6);
    }

    #[test]
    fn equal_chances_give_the_threshold_that_uniform_rows_give() {
        let confidence: Vec<f64> = (0..1_000).map(|i| 0.5 + f64::from(i) / 2_000.0).collect();
        let wrong: Vec<bool> = (0..1_000).map(|i| i < 500 && i % 3 == 0).collect();
        let grid = confidence_grid(&confidence, 20).unwrap();
        let plain = uniform(&confidence, &wrong);
        let draws = Some(Draws { probabilities: &[0.2; 1_000], floor: 0.2 });
        let of = |rows| certify(rows, &grid, PROMISE, Start::Traffic).unwrap().alone.unwrap();
        let (plain, drawn) = (of(plain), of(Calibration { draws, ..plain }));
        // Bets are a little slower than counting.
        assert!(drawn.threshold >= plain.threshold && drawn.threshold - plain.threshold < 0.06);
        assert!((0.5..0.75).contains(&plain.coverage.value) && plain.coverage.covers(plain.coverage.value));
    }

    proptest! {
        #[test]
        fn what_is_certified_keeps_the_rules(
            rows in prop::collection::vec((0.0..1.0f64, any::<u8>()), 1..400), alpha in 0.05..0.3f64,
        ) {
            let confidence: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let wrong: Vec<bool> = rows.iter().map(|r| f64::from(r.1) / 255.0 > 0.7 + 0.3 * r.0).collect();
            let grid = confidence_grid(&confidence, MOST_STEPS).unwrap();
            let promise = Promise { alpha, delta: 0.05 };
            let found = certify(uniform(&confidence, &wrong), &grid, promise, Start::Accepted).unwrap();
            prop_assert_eq!(found.alone.is_none(), found.shortfall.is_some());
            if let Some(alone) = found.alone {
                prop_assert!((alone.errors as f64) < alpha * alone.accepted as f64);
                prop_assert!(alone.accepted >= least_accepted(alpha, 0.05).unwrap());
                let before = found.steps.iter().filter(|s| s.threshold >= alone.threshold);
                prop_assert!(before.skip_while(|s| s.outcome == Outcome::Skipped).all(|s| s.p <= 0.05));
            }
        }
    }
}
