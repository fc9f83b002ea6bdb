//! Below which confidence an answer is not given alone, so that those above are wrong no more often than promised.
//!
//! *What it answers.* From which confidence on is the share of wrong answers at most the plan's, with probability
//! 1 - delta? *Assumptions.* The labelled rows are like those to come. *When it misleads.* After a change: that is why
//! a new version and every alarm need a new certificate. *Source.* Angelopoulos et al. 2021 (Learn then Test, fixed
//! sequence); each later certificate of a version has a smaller share of delta, since one that is asked until it says
//! yes says nothing. *Checked against.* Simulated versions whose error is just too large.

use crate::model::VersionId;
use crate::plan::Review;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use stats::deferral::{self, Alone, Calibration, Promise, Shortfall, Start};

/// What the rule is given: labelled rows of one version, counted at each threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeferralFacts {
    /// Which version.
    pub version: VersionId,
    /// Where the labels come from.
    pub basis: Basis,
    /// Labels count from here on: the deployment, or the last alarm.
    pub since: Timestamp,
    /// Which certificate of this version it is, from 1.
    pub attempt: u64,
    /// Labelled rows in all.
    pub labels: u64,
    /// The thresholds, the strictest first.
    pub steps: Vec<Step>,
}

/// Where labels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Rows that the version never saw: of the table, or live ones newer than all that it learned.
    Test,
    /// Live rows that were drawn alike from all.
    Audit,
}

/// What lies at or above one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The confidence: the largest probability of an answer.
    pub threshold: f64,
    /// Rows whose answer would be given alone, labelled or not.
    pub traffic: u64,
    /// Labelled rows among them.
    pub accepted: u64,
    /// Those whose answer was wrong.
    pub wrong: u64,
}

/// What the rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Answers of at least this confidence are given alone; `None` certifies nothing, and none are.
    pub threshold: Option<f64>,
    /// The share of rows that this is, 0 to 1.
    pub share: f64,
    /// About how many more labels would certify something; `None` where none are missing, or no number would do.
    pub missing: Option<u64>,
    /// The numbers, in a sentence.
    pub why: String,
}

/// Certifies a version, or says what is missing. Without an `error` in the plan everything is given alone.
pub fn certify(rules: &Review, facts: &DeferralFacts) -> Certificate {
    let Some(alpha) = rules.error else {
        let why = "the plan defers nothing".into();
        return Certificate { threshold: Some(0.0), share: 1.0, missing: None, why };
    };
    let promise = Promise { alpha, delta: delta(rules, facts.attempt) };
    let needed = fewest(rules, facts.attempt);
    if facts.steps.is_empty() || facts.labels < needed {
        let missing = Some(needed.saturating_sub(facts.labels).max(1));
        let why = format!("{} labels, and {needed} are the fewest that show {alpha}", facts.labels);
        return Certificate { threshold: None, share: 0.0, missing, why };
    }
    let (confidence, wrong, traffic) = facts.rows();
    let rows = Calibration { confidence: &confidence, wrong: &wrong, draws: None, traffic: &traffic };
    let thresholds: Vec<f64> = facts.steps.iter().map(|step| step.threshold).collect();
    match deferral::certify(rows, &thresholds, promise, Start::Traffic) {
        Ok(said) => match (said.alone, said.shortfall) {
            (Some(alone), _) => granted(&alone, promise),
            (None, shortfall) => refused(shortfall, promise),
        },
        Err(why) => Certificate { threshold: None, share: 0.0, missing: None, why: why.to_string() },
    }
}

/// Whether another certificate is worth its share of delta: there are twice the labels of the last one.
pub fn may_ask(before: Option<u64>, labels: u64) -> bool {
    before.is_none_or(|before| labels >= 2 * before.max(1))
}

/// The fewest labels with which anything can be certified, the next time that it is asked: twice those that would do
/// if none were wrong.
pub fn fewest(rules: &Review, attempt: u64) -> u64 {
    let needed = |error: f64| (2.0 * delta(rules, attempt).ln() / (-error).ln_1p()).ceil() as u64;
    rules.error.map_or(0, needed)
}

/// The share of delta of one certificate; those of all attempts together are delta.
fn delta(rules: &Review, attempt: u64) -> f64 {
    rules.delta / (attempt as f64 * (attempt as f64 + 1.0))
}

fn granted(alone: &Alone, promise: Promise) -> Certificate {
    let Alone { threshold, accepted, errors, coverage } = alone;
    let why = format!(
        "{errors} of {accepted} labelled answers from {threshold:.4} on were wrong: at most {} with probability {:.4}",
        promise.alpha,
        1.0 - promise.delta
    );
    Certificate { threshold: Some(*threshold), share: coverage.value, missing: None, why }
}

fn refused(shortfall: Option<Shortfall>, promise: Promise) -> Certificate {
    let alpha = promise.alpha;
    let (missing, why) = match shortfall {
        Some(Shortfall::TooManyErrors { lowest }) => (
            None,
            format!("at the best threshold {lowest:.4} of the answers are wrong, and at most {alpha} may be"),
        ),
        Some(Shortfall::Rows(rows)) => (
            Some(rows),
            format!("the labels do not show that at most {alpha} are wrong; about {rows} more would"),
        ),
        None => (None, format!("the labels do not show that at most {alpha} are wrong")),
    };
    Certificate { threshold: None, share: 0.0, missing, why }
}

impl DeferralFacts {
    /// The counts as rows again: how sure of each labelled one, whether it was wrong, and how sure of each at all. A
    /// row stands at the strictest threshold that it reaches.
    fn rows(&self) -> (Vec<f64>, Vec<bool>, Vec<f64>) {
        let (mut confidence, mut wrong, mut traffic) = (Vec::new(), Vec::new(), Vec::new());
        let (mut labels, mut errors, mut all) = (0, 0, 0);
        for step in &self.steps {
            let (more, bad) = (step.accepted.saturating_sub(labels), step.wrong.saturating_sub(errors));
            confidence.extend((0..more).map(|_| step.threshold));
            wrong.extend((0..more).map(|row| row < bad));
            traffic.extend((all..step.traffic).map(|_| step.threshold));
            (labels, errors, all) = (step.accepted, step.wrong, step.traffic);
        }
        (confidence, wrong, traffic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Review {
        Review { error: Some(0.05), ..Review::default() }
    }

    fn facts(labels: u64, steps: &[(f64, u64, u64, u64)]) -> DeferralFacts {
        let step = |&(threshold, traffic, accepted, wrong)| Step { threshold, traffic, accepted, wrong };
        DeferralFacts {
            version: VersionId("a".into()),
            basis: Basis::Audit,
            since: Timestamp(0),
            attempt: 1,
            labels,
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn the_loosest_threshold_that_passes_is_certified() {
        let steps = [(0.9, 500, 500, 2), (0.8, 700, 700, 15), (0.7, 900, 900, 60), (0.6, 1000, 1000, 61)];
        let said = certify(&rules(), &facts(1000, &steps));
        assert_eq!((said.threshold, said.share, said.missing), (Some(0.8), 0.7, None));
        assert!(said.why.starts_with("15 of 700 labelled answers from 0.8000 on were wrong"), "{}", said.why);
    }

    #[test]
    fn too_few_labels_are_counted() {
        let said = certify(&rules(), &facts(100, &[(0.9, 50, 50, 0), (0.0, 100, 100, 0)]));
        // 2 ln 0.025 / ln 0.95, rounded up
        assert_eq!((said.threshold, said.missing), (None, Some(44)));
        let certified = certify(&rules(), &facts(144, &[(0.9, 72, 72, 0), (0.0, 144, 144, 1)]));
        assert_eq!(certified.threshold, Some(0.0));
    }

    #[test]
    fn a_model_that_is_wrong_too_often_is_not_certified_by_more_labels() {
        let steps = |wrong| [(0.9, 500, 500, wrong), (0.5, 1000, 1000, 200)];
        let wrong = certify(&rules(), &facts(1000, &steps(30)));
        assert_eq!((wrong.threshold, wrong.missing), (None, None));
        assert_eq!(
            wrong.why,
            "at the best threshold 0.0600 of the answers are wrong, and at most 0.05 may be"
        );
        let nearly = certify(&rules(), &facts(1000, &steps(20)));
        assert!(nearly.threshold.is_none() && nearly.missing.is_some_and(|more| more > 100), "{nearly:?}");
    }

    #[test]
    fn asking_again_costs_delta() {
        let steps = [(0.9, 150, 150, 1)];
        assert!(certify(&rules(), &facts(150, &steps)).threshold.is_some());
        let again = DeferralFacts { attempt: 3, ..facts(150, &steps) };
        assert_eq!(certify(&rules(), &again).threshold, None);
        assert_eq!([may_ask(None, 0), may_ask(Some(100), 199), may_ask(Some(100), 200)], [true, false, true]);
    }

    #[test]
    fn a_version_just_too_bad_is_rarely_certified() {
        // every answer has the same confidence, and 6% are wrong where 5% are promised
        let certified = (0..500_u64)
            .filter(|run| {
                let draw = |row| crate::experiment::uniform(&format!("run {run}"), &format!("{row}"));
                let wrong = (0..400).filter(|row| draw(*row) < 0.06).count() as u64;
                certify(&rules(), &facts(400, &[(0.9, 400, 400, wrong)])).threshold.is_some()
            })
            .count();
        assert!(certified <= 500 / 20, "{certified} of 500");
        let none = Review { error: None, ..rules() };
        assert_eq!(certify(&none, &facts(0, &[])).threshold, Some(0.0), "nothing was promised");
    }
}
