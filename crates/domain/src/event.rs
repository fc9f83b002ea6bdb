//! What happened, in the order it happened. Versions' stages, the incumbent, the ledger: all are folds of
//! these events, and each event of a decision holds the facts that the rule was given.
//!
//! Serialised as JSON with `"v": 1`; golden-tested, since old registries must stay readable.

use crate::diagnosis::{self, Diagnosis};
use crate::distill::{DistillDecision, DistillFacts};
use crate::experiment::{Decision, ExperimentFacts, ExperimentId, Phase};
use crate::gate::{Estimate, Facts, Verdict};
use crate::model::{Origin, Stage, VersionId};
use crate::plan::GateMode;
use crate::retrain::{RetrainDecision, RetrainFacts};
use crate::review::{Certificate, DeferralFacts, Taught};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A stage of `up` came to its end, with what a later run needs to go on from there.
    StageDone {
        /// Which stage: `data`, `baseline`, `train`, `gate`, `publish`.
        stage: String,
        /// The hash of everything that went in; a later run with the same hash skips the stage.
        inputs: String,
        /// What came out, for people and for the stages behind it.
        summary: serde_json::Value,
    },
    /// A version became known.
    Registered {
        /// Which version.
        version: VersionId,
        /// The name of its model, as in the plan.
        model: String,
        /// Where it came from.
        origin: Origin,
        /// The rows that it was trained on.
        trained_on: TrainedOn,
    },
    /// A version was scored on rows that it did not see.
    Scored {
        /// Which version.
        version: VersionId,
        /// The hash of the rows.
        data: String,
        /// One score a metric, the primary first.
        scores: Vec<Score>,
    },
    /// The gate spoke.
    Judged {
        /// Everything the rule was given.
        facts: Box<Facts>,
        /// The plan's gate section as it was, in JSON.
        rules: serde_json::Value,
        /// What the rule said.
        verdict: Verdict,
    },
    /// A version came to stand elsewhere.
    Moved {
        /// Which version.
        version: VersionId,
        /// Where it stands now.
        stage: Stage,
        /// Why.
        why: String,
    },
    /// What serves from now on, and what stands behind it.
    Deployed {
        /// The incumbent.
        incumbent: VersionId,
        /// The versions to fall back on, first to last; the last is the baseline.
        fallback: Vec<VersionId>,
    },
    /// A run was started by something other than a person.
    Triggered {
        /// What was started: `retrain`.
        action: String,
        /// Why.
        why: String,
    },
    /// Something was measured on live traffic, for the page.
    Measured {
        /// Which version.
        version: VersionId,
        /// What was measured, such as `log_loss`.
        metric: String,
        /// From when on, inclusive.
        from: Timestamp,
        /// Until when, exclusive.
        to: Timestamp,
        /// The value.
        value: f64,
        /// The 95% interval.
        interval: (f64, f64),
        /// On how many rows.
        rows: u64,
    },
    /// A release began: its challenger meets real traffic.
    Started {
        /// Its name, and the salt of its draws.
        experiment: ExperimentId,
        /// The version that serves.
        incumbent: VersionId,
        /// The version that wants to.
        challenger: VersionId,
        /// Where it begins.
        phase: Phase,
        /// When, by the rows' own clock.
        since: Timestamp,
        /// Why.
        why: String,
    },
    /// The rule of a release was asked, and something changed: the decision, or how much is known.
    Decided {
        /// Everything the rule was given.
        facts: Box<ExperimentFacts>,
        /// The plan's release section as it was, in JSON.
        rules: serde_json::Value,
        /// What the gate of that plan asks for: superior or non-inferior.
        mode: GateMode,
        /// What the rule said.
        decision: Decision,
    },
    /// Live traffic was looked at, and what is the matter changed.
    Diagnosed {
        /// Everything the rule was given.
        facts: Box<diagnosis::Facts>,
        /// The plan's watch section as it was, in JSON.
        rules: serde_json::Value,
        /// What the rule said.
        diagnosis: Diagnosis,
    },
    /// The rule of retraining was asked, and said to train, or for a new reason not to.
    RetrainDecided {
        /// Everything the rule was given.
        facts: Box<RetrainFacts>,
        /// The plan's retrain section as it was, in JSON.
        rules: serde_json::Value,
        /// What the rule said.
        decision: RetrainDecision,
    },
    /// It was decided which answers of a version are given alone.
    Certified {
        /// Everything the rule was given.
        facts: Box<DeferralFacts>,
        /// The plan's review section as it was, in JSON.
        rules: serde_json::Value,
        /// What the rule said.
        certificate: Certificate,
    },
    /// Students of a teacher were compared, and one was chosen, or none.
    Distilled {
        /// Everything the rule was given.
        facts: Box<DistillFacts>,
        /// What the rule said.
        decision: DistillDecision,
    },
    /// A version failed so often that it was not asked for a while.
    BreakerOpened {
        /// Which version.
        version: VersionId,
    },
    /// Predictions were answered but could not be logged.
    Dropped {
        /// How many.
        predictions: u64,
        /// Why.
        why: String,
    },
}

/// The rows that a version was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// The hash of the rows.
    pub data: String,
    /// How many.
    pub rows: u64,
    /// When the last of them was seen, where rows have a time: what came later is new to the version.
    pub until: Option<Timestamp>,
    /// Those among them that had been drawn for people; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Taught>,
}

/// One metric's value on some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The metric, such as `log_loss`.
    pub metric: String,
    /// Its value with the 95% interval.
    pub estimate: Estimate,
}

/// An event as the registry keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its place in the order, from 1.
    pub sequence: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}
