//! Whether a log can say what another policy would have earned.
//!
//! Not the estimate: `stats::off_policy`. A log that cannot is refused with what is missing, as a
//! value. Invariant: whatever is refused has a hint.

use std::fmt;

/// A propensity below this is warned about: one reward then counts like a hundred.
pub const LEAST_PROPENSITY: f64 = 0.01;
/// The effective sample size below which the normal intervals are not to be believed.
pub const LEAST_EFFECTIVE: f64 = 200.0;
/// How far the mean weight may be from 1.
pub const MEAN_WEIGHT_TOLERANCE: f64 = 0.05;
/// How much of the target's probability may lie on actions that the log never took. The same as
/// what the mean weight may lack, since that is what it lacks on average.
pub const MOST_UNCOVERED: f64 = 0.05;
/// The largest weight that counts, where weights are clipped.
pub const CLIP: f64 = 20.0;

/// What was found in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Why the log's actions were not drawn at random, if they were not.
    pub deterministic: Option<String>,
    /// Decisions with a propensity below [`LEAST_PROPENSITY`].
    pub small_propensities: u64,
    /// The smallest propensity.
    pub least_propensity: f64,
    /// The share of the target's probability on actions that the log never took in their context.
    pub uncovered: f64,
    /// (Σw)²/Σw².
    pub effective: f64,
    /// The mean weight; 1 in expectation.
    pub mean_weight: f64,
}

/// Why the log cannot say it.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The log's actions were not drawn at random.
    Deterministic {
        /// What shows it.
        found: String,
    },
    /// The target wants what the log never takes.
    NoOverlap {
        /// The share of the target's probability.
        uncovered: f64,
    },
    /// A few decisions carry the estimate.
    FewEffective {
        /// The effective sample size.
        found: f64,
    },
    /// Propensities that cannot be those that drew the actions, or too little overlap.
    MeanWeight {
        /// The mean weight.
        found: f64,
    },
}

/// What the rule says.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Why the estimate may not be used; empty where it may.
    pub refusals: Vec<Refusal>,
    /// What to keep in mind, in words.
    pub warnings: Vec<String>,
}

/// Asks the rule.
pub fn judge(facts: &Facts) -> Judgement {
    let mut refusals = Vec::new();
    if let Some(found) = &facts.deterministic {
        refusals.push(Refusal::Deterministic { found: found.clone() });
    }
    if facts.uncovered > MOST_UNCOVERED {
        refusals.push(Refusal::NoOverlap { uncovered: facts.uncovered });
    }
    if facts.effective < LEAST_EFFECTIVE {
        refusals.push(Refusal::FewEffective { found: facts.effective });
    }
    if (facts.mean_weight - 1.0).abs() > MEAN_WEIGHT_TOLERANCE {
        refusals.push(Refusal::MeanWeight { found: facts.mean_weight });
    }
    Judgement { refusals, warnings: warnings(facts) }
}

fn warnings(facts: &Facts) -> Vec<String> {
    let mut warnings = Vec::new();
    if facts.small_propensities > 0 {
        warnings.push(format!(
            "{} decisions have a propensity below {LEAST_PROPENSITY}, the smallest {}: single rewards weigh much",
            facts.small_propensities, facts.least_propensity
        ));
    }
    if facts.uncovered > 0.0 && facts.uncovered <= MOST_UNCOVERED {
        warnings.push(format!(
            "{:.2}% of the target's probability is on actions that the log never took",
            100.0 * facts.uncovered
        ));
    }
    warnings
}

impl Refusal {
    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Refusal::Deterministic { .. } => "deterministic",
            Refusal::NoOverlap { .. } => "no_overlap",
            Refusal::FewEffective { .. } => "few_effective",
            Refusal::MeanWeight { .. } => "mean_weight",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::Deterministic { .. } => {
                "run the other policy in shadow, or draw a small share of the actions at random and log the propensity"
            }
            Refusal::NoOverlap { .. } => {
                "log with a policy that takes every action of the target now and then"
            }
            Refusal::FewEffective { .. } => {
                "collect more decisions, or ask about a policy that is closer to the log's"
            }
            Refusal::MeanWeight { .. } => {
                "check that the propensity is that of the logged action when it was drawn, neither rounded nor estimated near 0"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Deterministic { found } => {
                write!(f, "a deterministic log does not identify the value: {found}")
            }
            Refusal::NoOverlap { uncovered } => write!(
                f,
                "no overlap: {:.1}% of the target's probability is on actions that the log never took (at most {:.0}%)",
                100.0 * uncovered,
                100.0 * MOST_UNCOVERED
            ),
            Refusal::FewEffective { found } => {
                write!(f, "the effective sample size is {found:.1}, below {LEAST_EFFECTIVE:.0}")
            }
            Refusal::MeanWeight { found } => {
                write!(f, "the mean weight is {found:.3}, outside of 1 ± {MEAN_WEIGHT_TOLERANCE}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Facts = Facts {
        deterministic: None,
        small_propensities: 0,
        least_propensity: 0.1,
        uncovered: 0.0,
        effective: 3_000.0,
        mean_weight: 0.99,
    };

    fn words(facts: &Facts) -> Vec<&'static str> {
        judge(facts).refusals.iter().map(Refusal::word).collect()
    }

    #[test]
    fn a_sound_log_is_not_refused_and_not_warned_about() {
        assert_eq!(judge(&SOUND), Judgement { refusals: vec![], warnings: vec![] });
    }

    #[test]
    fn each_fault_is_refused_by_itself() {
        let deterministic = Facts { deterministic: Some("every propensity is 1".into()), ..SOUND };
        assert_eq!(words(&deterministic), ["deterministic"]);
        assert_eq!(words(&Facts { uncovered: 0.051, ..SOUND }), ["no_overlap"]);
        assert_eq!(words(&Facts { effective: 199.9, ..SOUND }), ["few_effective"]);
        assert_eq!(words(&Facts { mean_weight: 1.051, ..SOUND }), ["mean_weight"]);
        assert_eq!(words(&Facts { mean_weight: 0.949, ..SOUND }), ["mean_weight"]);
    }

    #[test]
    fn small_propensities_and_a_little_uncovered_are_warned_about() {
        let facts = Facts { small_propensities: 3, least_propensity: 0.002, uncovered: 0.004, ..SOUND };
        let judged = judge(&facts);
        assert!(judged.refusals.is_empty());
        assert_eq!(judged.warnings.len(), 2);
        assert!(judged.warnings[0].contains("the smallest 0.002"), "{judged:?}");
    }
}
