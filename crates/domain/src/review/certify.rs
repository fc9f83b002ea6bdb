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
use stats::distribution::binomial_cdf;

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
    /// The rows that the gate judged on.
    Test,
    /// Live rows that were drawn alike from all.
    Audit,
}

/// What lies at or above one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The confidence: the largest probability of an answer.
    pub threshold: f64,
    /// The share of rows whose answer would be given alone, whatever their label; 0 to 1.
    pub share: f64,
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
    let Some(error) = rules.error else {
        let why = "the plan defers nothing".into();
        return Certificate { threshold: Some(0.0), share: 1.0, missing: None, why };
    };
    let delta = rules.delta / (facts.attempt as f64 * (facts.attempt as f64 + 1.0));
    let needed = needed(error, delta);
    // stricter steps would hold too few labels to pass, and the sequence ends at the first that does not
    let begin = facts.steps.iter().position(|step| step.share * facts.labels as f64 >= needed);
    let Some(begin) = begin else {
        let missing = (needed - facts.labels as f64).max(1.0).ceil() as u64;
        let why = format!("{} labels, and {needed:.0} are the fewest that show {error}", facts.labels);
        return Certificate { threshold: None, share: 0.0, missing: Some(missing), why };
    };
    let passes = |step: &&Step| step.accepted > 0 && binomial_cdf(step.wrong, step.accepted, error) <= delta;
    match facts.steps[begin..].iter().take_while(passes).last() {
        Some(last) => granted(last, error, delta),
        None => refused(&facts.steps[begin], facts.labels, error, delta),
    }
}

/// Whether another certificate is worth its share of delta: there are twice the labels of the last one.
pub fn may_ask(before: Option<u64>, labels: u64) -> bool {
    before.is_none_or(|before| labels >= 2 * before.max(1))
}

/// The fewest labels with which anything can be certified, the next time that it is asked.
pub fn fewest(rules: &Review, attempt: u64) -> u64 {
    rules
        .error
        .map_or(0, |error| needed(error, rules.delta / (attempt as f64 * (attempt as f64 + 1.0))) as u64)
}

/// Twice the labels that would do if none were wrong.
fn needed(error: f64, delta: f64) -> f64 {
    (2.0 * delta.ln() / (-error).ln_1p()).ceil()
}

fn granted(step: &Step, error: f64, delta: f64) -> Certificate {
    let Step { threshold, share, accepted, wrong } = *step;
    let why = format!(
        "{wrong} of {accepted} labelled answers from {threshold:.4} on were wrong: at most {error} with probability {:.4}",
        1.0 - delta
    );
    Certificate { threshold: Some(threshold), share, missing: None, why }
}

/// How many labels the strictest step would need at the error that it shows.
fn refused(step: &Step, labels: u64, error: f64, delta: f64) -> Certificate {
    let found = step.wrong as f64 / step.accepted.max(1) as f64;
    let z = -stats::distribution::normal_quantile(delta);
    let enough = (z * z * error * (1.0 - error) / (error - found).powi(2)).ceil();
    let per_label = step.accepted.max(1) as f64 / labels.max(1) as f64;
    let missing = (found < error).then(|| (enough / per_label - labels as f64).max(1.0).ceil() as u64);
    let why = format!(
        "{} of {} labelled answers from {:.4} on were wrong, which does not show at most {error}",
        step.wrong, step.accepted, step.threshold
    );
    Certificate { threshold: None, share: 0.0, missing, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Review {
        Review { error: Some(0.05), ..Review::default() }
    }

    fn facts(labels: u64, steps: &[(f64, f64, u64, u64)]) -> DeferralFacts {
        let step = |&(threshold, share, accepted, wrong)| Step { threshold, share, accepted, wrong };
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
        let steps = [(0.9, 0.5, 500, 2), (0.8, 0.7, 700, 15), (0.7, 0.9, 900, 60), (0.6, 1.0, 1000, 2)];
        let said = certify(&rules(), &facts(1000, &steps));
        assert_eq!((said.threshold, said.share, said.missing), (Some(0.8), 0.7, None));
        assert!(said.why.starts_with("15 of 700 labelled answers from 0.8000 on were wrong"), "{}", said.why);
    }

    #[test]
    fn too_few_labels_are_counted() {
        let said = certify(&rules(), &facts(100, &[(0.9, 0.5, 50, 0), (0.0, 1.0, 100, 0)]));
        // 2 ln 0.025 / ln 0.95, rounded up
        assert_eq!((said.threshold, said.missing), (None, Some(44)));
        let certified = certify(&rules(), &facts(144, &[(0.9, 0.5, 72, 0), (0.0, 1.0, 144, 1)]));
        assert_eq!(certified.threshold, Some(0.0));
    }

    #[test]
    fn a_model_that_is_wrong_too_often_is_not_certified_by_more_labels() {
        let wrong = certify(&rules(), &facts(1000, &[(0.9, 0.5, 500, 30)]));
        assert_eq!((wrong.threshold, wrong.missing), (None, None));
        let nearly = certify(&rules(), &facts(1000, &[(0.9, 0.5, 500, 20)]));
        assert!(nearly.threshold.is_none() && nearly.missing.is_some_and(|more| more > 500), "{nearly:?}");
    }

    #[test]
    fn asking_again_costs_delta() {
        let steps = [(0.9, 1.0, 150, 2)];
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
                certify(&rules(), &facts(400, &[(0.9, 1.0, 400, wrong)])).threshold.is_some()
            })
            .count();
        assert!(certified <= 500 / 20, "{certified} of 500");
        let none = Review { error: None, ..rules() };
        assert_eq!(certify(&none, &facts(0, &[])).threshold, Some(0.0), "nothing was promised");
    }
}
