//! What the rule of an experiment is given: measured, in a form that an event can hold.

use super::{Arm, ExperimentId, Phase};
use crate::model::VersionId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything the rule is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentFacts {
    /// Which experiment.
    pub experiment: ExperimentId,
    /// Where the release stands.
    pub phase: Phase,
    /// Since when, by the rows' own clock.
    pub since: Timestamp,
    /// What time it is, by the rows' own clock.
    pub now: Timestamp,
    /// Control, then treatment. In shadow both answered the same rows.
    pub arms: [ArmFacts; 2],
    /// How much better the challenger is; absent while no outcome is known.
    pub goal: Option<Look>,
    /// What may not get worse.
    pub guardrails: Vec<Guardrail>,
    /// Whether the arms have the sizes that were drawn, at each join; empty in shadow.
    pub sample_ratios: Vec<SampleRatio>,
    /// How often the challenger's breaker opened within the last 24 hours, by the clock on the wall.
    pub breaker_openings: u64,
    /// Rows without a unit: answered by the incumbent, no part of the experiment.
    pub without_unit: u64,
    /// Predictions that were answered but not logged since the experiment began.
    pub dropped: u64,
}

/// One arm, as it was assigned: whoever really answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmFacts {
    /// Which arm.
    pub arm: Arm,
    /// The version that it is meant to see.
    pub version: VersionId,
    /// Units assigned, in this phase and before.
    pub units: u64,
    /// Units assigned in this phase.
    pub phase_units: u64,
    /// Their rows.
    pub rows: u64,
    /// Rows that another version had to answer.
    pub fallen_back: u64,
    /// Units whose outcome is known and whose label window is over.
    pub labelled: u64,
    /// The mean of the goal on the labelled units; absent without any.
    pub mean: Option<f64>,
}

/// The goal at one look: the gain of the challenger, positive where it is better, with bounds that hold however
/// often one looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What is compared, such as `log_loss`.
    pub metric: String,
    /// How, such as `paired, always valid`.
    pub method: String,
    /// The estimated gain.
    pub gain: f64,
    /// The lower bound at level alpha: above 0 the challenger is better.
    pub low: Option<f64>,
    /// The upper bound at the level of harm: below 0 the challenger is worse.
    pub high: Option<f64>,
    /// The standard deviation of one unit's contribution.
    pub sd: f64,
    /// Units that the estimate rests on.
    pub units: u64,
    /// The fewest units before the bounds mean anything.
    pub first: u64,
    /// Units at which a gain of `effect` is found with the wanted power.
    pub planned: u64,
    /// The smallest gain that matters.
    pub effect: f64,
}

/// One thing that may not get worse, compared in pairs of one control and one treatment unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// `errors`, `slow`.
    pub name: String,
    /// Bad rows in control, and all rows.
    pub control: (u64, u64),
    /// Bad rows in treatment, and all rows.
    pub treatment: (u64, u64),
    /// The pairs.
    pub pairs: Pairs,
    /// How much more often treatment may be bad, 0 to 1.
    pub tolerance: f64,
    /// The natural logarithm of the evidence that it is bad more often than that.
    pub log_evidence: f64,
    /// The upper bound of how much more often it is bad, at the level of harm.
    pub high: f64,
}

/// How the pairs came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pairs {
    /// Only treatment was bad.
    pub worse: u64,
    /// Both or neither.
    pub same: u64,
    /// Only control was bad.
    pub better: u64,
}

/// Whether the arms have the sizes that were drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleRatio {
    /// Where it was looked: `assigned`, `exposed`, `labelled`.
    pub join: String,
    /// Units in control.
    pub control: u64,
    /// Units in treatment.
    pub treatment: u64,
    /// The share that control was meant to have.
    pub expected: f64,
    /// The natural logarithm of the Bayes factor against the drawn shares.
    pub log_bayes_factor: f64,
    /// Whether a mismatch here makes the whole experiment worthless. Answers that fell back are counted in their
    /// arm, so a mismatch among the exposed is only a warning.
    pub blocks: bool,
}

impl ExperimentFacts {
    /// The arm.
    pub fn arm(&self, arm: Arm) -> &ArmFacts {
        &self.arms[arm as usize]
    }
}

impl Look {
    /// Whether enough units were seen for the bounds to mean something.
    pub fn counts(&self) -> bool {
        self.units >= self.first && self.low.is_some()
    }
}
