//! The sample ratio at each join: where units were assigned, where they were analysed, and where they
//! have an outcome.
//!
//! An arm that loses units on the way is the commonest way for an experiment to lie. The chi-square test
//! decides, since this is the one final look; the sequential Bayes factor stands beside it, as an
//! experiment that was watched would have seen it.

use super::clean::Kept;
use super::outcome::Outcome;
use crate::StageError;
use domain::analysis::SAMPLE_RATIO_ALPHA;
use stats::srm::{SequentialSrm, srm_chi_square};

/// Units by arm, and whether the ratio is the one that was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRatio {
    /// At which join: `assigned`, `analysed`, or `with a value of` an outcome.
    pub at: String,
    /// Units of control and treatment.
    pub units: [u64; 2],
    /// The shares that were meant, summing to 1.
    pub shares: [f64; 2],
    /// The chi-square test's p-value.
    pub p: f64,
    /// The natural logarithm of the sequential Bayes factor against the intended shares.
    pub log_bayes_factor: f64,
    /// Whether p is below the threshold of a final report.
    pub alarm: bool,
    /// Whether an experiment that was watched would have alarmed by now.
    pub sequential_alarm: bool,
}

/// Size of the sequential alarm.
const SEQUENTIAL_ALPHA: f64 = 0.001;
/// Above this many units the prior's weight is 1,000 instead of 100.
const MANY: u64 = 100_000;

/// Every join; the later ones only where they differ from the one before.
pub(super) fn all(
    kept: &Kept,
    outcomes: &[Outcome],
    shares: [f64; 2],
) -> Result<Vec<SampleRatio>, StageError> {
    let mut joins = vec![("assigned".to_string(), kept.assigned)];
    let analysed = kept.units();
    if analysed != kept.assigned {
        joins.push(("analysed".into(), analysed));
    }
    for outcome in outcomes {
        let labelled = [outcome.arms[0].len() as u64, outcome.arms[1].len() as u64];
        if labelled != analysed {
            joins.push((format!("with a value of {}", outcome.name), labelled));
        }
    }
    let bad =
        |why: stats::BadInput| StageError::Measure { metric: "sample ratio".into(), why: why.to_string() };
    joins.into_iter().map(|(at, units)| one(at, units, shares).map_err(bad)).collect()
}

fn one(at: String, units: [u64; 2], shares: [f64; 2]) -> Result<SampleRatio, stats::BadInput> {
    let p = srm_chi_square(&units, &shares)?.p;
    let prior = if units[0] + units[1] > MANY { 1_000.0 } else { 100.0 };
    let log_bayes_factor = SequentialSrm::new(&shares, prior)?.log_bayes_factor(&units)?;
    let total = shares[0] + shares[1];
    Ok(SampleRatio {
        at,
        units,
        shares: shares.map(|s| s / total),
        p,
        log_bayes_factor,
        alarm: p < SAMPLE_RATIO_ALPHA,
        sequential_alarm: log_bayes_factor >= -SEQUENTIAL_ALPHA.ln(),
    })
}
