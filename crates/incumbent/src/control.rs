//! The loop that keeps a served model in order: the release under way, live measurements, retraining.
//!
//! It asks the stages of `lifecycle` in turn and prints what they say; it decides nothing itself.

use crate::progress::Shown;
use crate::running::Running;
use domain::experiment::{Decision, ExperimentId};
use lifecycle::{Progress, Project, experiment, live, measure, retrain};
use std::time::{Duration, Instant};

/// How often the running release is looked at...
const RELEASE: Duration = Duration::from_millis(500);
/// ...and how much longer than a look the pause before the next one is, since a look reads all of its traffic.
const PAUSE: u32 = 4;
/// How often live traffic is measured and the retraining rule asked.
const CARE: Duration = Duration::from_secs(2);

/// What is asked now and then while a model serves.
pub struct Control {
    project: Project,
    looked: Instant,
    pause: Duration,
    cared: Instant,
    /// The release that was spoken of last.
    said: Option<ExperimentId>,
}

impl Control {
    /// For a project that serves from now on.
    pub fn new(project: Project) -> Control {
        let now = Instant::now();
        Control { project, looked: now, pause: RELEASE, cared: now, said: None }
    }

    /// Does what is due.
    pub fn tick(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        self.look(running, shown)?;
        if self.cared.elapsed() >= CARE {
            self.care(shown)?;
            self.cared = Instant::now();
        }
        Ok(())
    }

    /// Does all of it now.
    pub fn now(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        running.drain();
        self.release(running, shown)?;
        self.care(shown)
    }

    /// Looks at the release under way, if it is time.
    pub fn look(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        if self.looked.elapsed() < self.pause {
            return Ok(());
        }
        let begun = Instant::now();
        self.release(running, shown)?;
        self.looked = Instant::now();
        self.pause = RELEASE.max(PAUSE * begun.elapsed());
        Ok(())
    }

    fn release(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        let Some(told) = experiment::run(&self.project, &running.seen())? else { return Ok(()) };
        if self.said.as_ref() != Some(&told.experiment) {
            shown.say(&format!("release {} is under way", told.experiment));
            self.said = Some(told.experiment.clone());
        }
        if !matches!(told.decision, Decision::Continue { .. }) {
            shown.say(&format!("release {}: {}; {}", told.experiment, told.decision, told.decision.why()));
        }
        Ok(())
    }

    fn care(&mut self, shown: &mut Shown) -> anyhow::Result<()> {
        let live = live::read(&self.project)?;
        measure::run(&self.project, &live)?;
        for (version, verdict) in retrain::run(&self.project, &live, shown)? {
            shown.say(&format!("gate: {} (version {version})", verdict.decision));
        }
        shown.finish();
        Ok(())
    }
}
