//! Diagnosis put to the test: faults injected into a live pipeline, and how often the cause that is named is right.
//!
//! A pipeline is a source that emits raw events, a transform that makes inputs of them, a version that answers, a
//! journal, and people or the world that tell what was true. Every run is two weeks of traffic; its fault begins in the
//! middle of them. The checks see what they see in production: the journal, the kept version, the reference. Not here:
//! a check, or a rule, that knows about faults.

mod fault;
mod pipeline;
pub(crate) mod world;

pub use fault::{FAULTS, Fault};

use super::{Case, Found, run as look};
use crate::StageError;
use domain::diagnosis::Cause;
use pipeline::Replayed;
use world::World;

/// What came of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The cause that was named.
    pub cause: Cause,
    /// Whether somebody would have been told.
    pub alarm: bool,
    /// The sentence that was said.
    pub why: String,
}

/// A trained pipeline; runs are made on it. One seed trains one model.
pub struct Simulation {
    world: World,
}

impl Simulation {
    /// Trains the pipeline of a seed.
    pub fn new(seed: u64) -> Result<Simulation, StageError> {
        Ok(Simulation { world: World::new(seed)? })
    }

    /// Two weeks of traffic with a fault in them (`None`: clean), and what is made of them at their end.
    pub fn run(&self, fault: Option<&Fault>, seed: u64) -> Result<Outcome, StageError> {
        let found = self.found(fault, seed)?;
        Ok(Outcome { cause: found.diagnosis.cause, alarm: found.diagnosis.alarm, why: found.diagnosis.why })
    }

    /// The same with everything that was found.
    pub fn found(&self, fault: Option<&Fault>, seed: u64) -> Result<Found, StageError> {
        let live = self.world.live(fault, seed)?;
        let case = Case {
            project: &live.project,
            version: &self.world.version,
            reference: &self.world.reference,
            traffic: &live.traffic,
            transform: Some(&Replayed),
            kpi: live.kpi,
        };
        Ok(look(&case)?.expect("two weeks of traffic have rows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked of 20 kinds and 50 seeds on the command line is asked of each kind once here.
    #[test]
    fn every_fault_is_named_and_clean_runs_are_silent() {
        let simulation = Simulation::new(1).expect("trains");
        let wrong = |fault: &Fault| {
            let found = simulation.run(Some(fault), 77).expect("runs");
            (found.cause != fault.expected)
                .then(|| format!("{}: {} ({})", fault.name, found.cause, found.why))
        };
        let wrong: Vec<String> = FAULTS.iter().filter_map(wrong).collect();
        assert!(wrong.len() <= 1, "{wrong:#?}");
        for seed in 0..5 {
            let found = simulation.run(None, seed).expect("runs");
            assert_eq!((found.cause, found.alarm), (Cause::Healthy, false), "{}", found.why);
        }
    }
}
