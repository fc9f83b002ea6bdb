//! A release as its events tell it: where it stands, every look at it, and how it ended.

use crate::experiment::{Decision, ExperimentFacts, ExperimentId, Phase, Step};
use crate::model::VersionId;
use crate::plan::GateMode;
use crate::time::Timestamp;

/// One release of a challenger.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Its name.
    pub id: ExperimentId,
    /// The version that served when it began.
    pub incumbent: VersionId,
    /// The version that wants to.
    pub challenger: VersionId,
    /// The sequence number of the event that began it.
    pub sequence: u64,
    /// When it began, by the clock on the wall.
    pub at: Timestamp,
    /// Why it began.
    pub why: String,
    /// Where it stands now, or stood when it ended.
    pub phase: Phase,
    /// Since when, by the rows' own clock.
    pub since: Timestamp,
    /// The same by the clock on the wall.
    pub entered: Timestamp,
    /// Every recorded look, oldest first.
    pub looks: Vec<Looked>,
    /// When it ended, by the clock on the wall.
    pub ended: Option<Timestamp>,
    /// Whether the challenger was promoted.
    pub promoted: bool,
}

/// One look: what was known, and what the rule said.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// Its event's sequence number.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What the rule was given.
    pub facts: ExperimentFacts,
    /// The plan's release section at that time.
    pub rules: serde_json::Value,
    /// The gate's mode at that time.
    pub mode: GateMode,
    /// What it said.
    pub decision: Decision,
}

/// The beginning, as its event holds it.
pub(super) struct Started {
    pub experiment: ExperimentId,
    pub incumbent: VersionId,
    pub challenger: VersionId,
    pub phase: Phase,
    pub since: Timestamp,
    pub why: String,
}

impl Release {
    pub(super) fn begin(sequence: u64, at: Timestamp, started: Started) -> Release {
        let Started { experiment: id, incumbent, challenger, phase, since, why } = started;
        Release {
            id,
            incumbent,
            challenger,
            sequence,
            at,
            why,
            phase,
            since,
            entered: at,
            looks: Vec::new(),
            ended: None,
            promoted: false,
        }
    }

    pub(super) fn look(&mut self, looked: Looked) {
        match &looked.decision {
            Decision::Continue { .. } => {}
            Decision::Advance { to, .. } | Decision::Back { to, .. } => self.enter(*to, &looked),
            Decision::Promote { .. } => self.promote(&looked),
            Decision::Stop { .. } => self.ended = Some(looked.at),
        }
        self.looks.push(looked);
    }

    /// The last look, if there was one.
    pub fn last(&self) -> Option<&Looked> {
        self.looks.last()
    }

    fn enter(&mut self, phase: Phase, looked: &Looked) {
        self.phase = phase;
        self.since = looked.facts.now;
        self.entered = looked.at;
    }

    /// Promoted: over at once, or held back for a label window where the plan wants that.
    fn promote(&mut self, looked: &Looked) {
        self.promoted = true;
        let share = looked.rules.get("hold_back").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
        let split = matches!(looked.facts.phase.step, Step::Canary | Step::Ab);
        if share > 0.0 && split {
            self.enter(Phase { step: Step::HoldBack, treatment: 1.0 - share }, looked);
        } else {
            self.ended = Some(looked.at);
        }
    }
}
