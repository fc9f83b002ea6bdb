//! An online comparison: the incumbent's arm and the challenger's, the steps between them, and the rule that moves a
//! release from one step to the next.
//!
//! Not here: answering requests (`serving`) or adding up what was logged (`lifecycle`). Invariants: the same unit
//! always falls into the same arm, however wide the exposure has become; every decision is a pure function of the
//! plan's `[release]` section and the facts, and the event that records it holds both.

mod assign;
mod decide;
mod facts;
mod tripwire;

pub use assign::{Allocation, Assignment, uniform};
pub use decide::{Decision, Reason, decide};
pub use facts::{ArmFacts, ExperimentFacts, Guardrail, Look, Pairs, SampleRatio};
pub use tripwire::{Bad, Tripwire};

use crate::model::{Stage, VersionId};
use crate::plan::Release;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An experiment's name: the salt of its draws.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExperimentId(pub String);

/// One side of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Sees the incumbent.
    Control,
    /// Sees the challenger.
    Treatment,
}

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The challenger answers unseen, beside the incumbent.
    Shadow,
    /// The challenger answers a small share, watched for harm.
    Canary,
    /// Half and half: the comparison that decides.
    Ab,
    /// The challenger serves; a small share of units still sees the version before it.
    HoldBack,
}

/// A step with the share of all units that see the challenger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Which step.
    pub step: Step,
    /// From 0 (shadow) to 1.
    pub treatment: f64,
}

impl ExperimentId {
    /// The name of the `number`-th experiment on a model: its versions' first digits tell it from those of other
    /// registries.
    pub fn new(number: usize, incumbent: &VersionId, challenger: &VersionId) -> ExperimentId {
        ExperimentId(format!("{number}-{incumbent}-{challenger}"))
    }
}

impl Phase {
    /// Every phase that the plan asks for, first to last.
    pub fn all(rules: &Release) -> Vec<Phase> {
        let has = |word: &str| rules.steps.iter().any(|step| step == word);
        let mut phases = Vec::new();
        if has("shadow") {
            phases.push(Phase { step: Step::Shadow, treatment: 0.0 });
        }
        if has("canary") {
            let shares = rules.ramp.iter().filter(|share| **share < HALF);
            phases.extend(shares.map(|&treatment| Phase { step: Step::Canary, treatment }));
        }
        if has("ab") {
            phases.push(Phase { step: Step::Ab, treatment: HALF });
        }
        phases
    }

    /// The phase behind this one; `None` after the last.
    pub fn next(self, rules: &Release) -> Option<Phase> {
        let all = Phase::all(rules);
        let place = all.iter().position(|phase| *phase == self)?;
        all.get(place + 1).copied()
    }

    /// The phase before this one; the first has none.
    pub fn before(self, rules: &Release) -> Option<Phase> {
        let all = Phase::all(rules);
        let place = all.iter().position(|phase| *phase == self)?;
        place.checked_sub(1).map(|place| all[place])
    }

    /// How units are drawn in this phase. Up to the half, control and treatment are of one size, so that widening
    /// the exposure leaves the ratio of the arms, and everybody's arm, as it is.
    pub fn allocation(self) -> Allocation {
        match self.step {
            Step::Shadow => Allocation { exposure: 0.0, control: 1.0 },
            Step::Canary | Step::Ab => {
                Allocation { exposure: (2.0 * self.treatment).min(1.0), control: HALF }
            }
            Step::HoldBack => Allocation { exposure: 1.0, control: 1.0 - self.treatment },
        }
    }
}

/// The largest share of the challenger while it is compared: the ratio of the arms with the most power.
pub const HALF: f64 = 0.5;

impl Step {
    /// Where a challenger in this step stands.
    pub fn stage(self) -> Stage {
        match self {
            Step::Shadow => Stage::Shadow,
            Step::Canary => Stage::Canary,
            Step::Ab => Stage::Ab,
            Step::HoldBack => Stage::Incumbent,
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Arm::Control => "control",
            Arm::Treatment => "treatment",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Shadow => "shadow",
            Step::Canary => "canary",
            Step::Ab => "A/B",
            Step::HoldBack => "hold-back",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Step::Shadow => write!(f, "shadow"),
            step => write!(f, "{step} at {}%", (1000.0 * self.treatment).round() / 10.0),
        }
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(steps: &[&str]) -> Release {
        Release { steps: steps.iter().map(|s| s.to_string()).collect(), ..Release::default() }
    }

    #[test]
    fn the_plan_names_the_steps_and_any_may_be_left_out() {
        let shown =
            |steps: &[&str]| Phase::all(&rules(steps)).iter().map(Phase::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown(&["shadow", "canary", "ab"]),
            ["shadow", "canary at 1%", "canary at 5%", "canary at 20%", "A/B at 50%"]
        );
        assert_eq!(shown(&["ab"]), ["A/B at 50%"]);
        assert!(shown(&[]).is_empty());
    }

    #[test]
    fn phases_lead_on_and_back() {
        let rules = rules(&["shadow", "canary", "ab"]);
        let all = Phase::all(&rules);
        assert_eq!(all[0].next(&rules), Some(all[1]));
        assert_eq!(all[4].next(&rules), None);
        assert_eq!(all[4].before(&rules), Some(all[3]));
        assert_eq!(all[0].before(&rules), None);
    }
}
