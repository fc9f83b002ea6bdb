//! The loop that keeps a served model in order: the release under way, live measurements, what moved and why, retraining.
//!
//! It asks the stages of `lifecycle` in turn and prints what they say; it decides nothing itself.

use crate::progress::Shown;
use crate::running::Running;
use crate::{alarm, workspace};
use domain::experiment::{Decision, ExperimentId};
use lifecycle::live::Live;
use lifecycle::watch::Watcher;
use lifecycle::{Progress, Project, StageError, experiment, live, maintenance, measure, retrain, review};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the running release is looked at...
const RELEASE: Duration = Duration::from_millis(500);
/// ...and how much longer than a look the pause before the next one is, since a look reads all of its traffic.
const PAUSE: u32 = 4;
/// How often live traffic is measured and the retraining rule asked.
const CARE: Duration = Duration::from_secs(2);
/// How often what the page of maintenance shows is gathered anew where nothing happened.
const GATHER: Duration = Duration::from_secs(30);
/// How often live rows are looked at where nothing is trained.
const GUARD: Duration = Duration::from_secs(10);

/// What is asked now and then while a model serves.
pub struct Control {
    project: Project,
    looked: Instant,
    pause: Duration,
    cared: Instant,
    /// The release that was spoken of last.
    said: Option<ExperimentId>,
    watcher: Watcher,
    /// What the page of maintenance was last made of, and when.
    maintained: Option<(Instant, Basis)>,
}

/// What a new look at maintenance is worth its time for: new events, or new labels.
type Basis = (u64, Option<review::desk::Progress>);

impl Control {
    /// For a project that serves from now on.
    pub fn new(project: Project) -> anyhow::Result<Control> {
        let now = Instant::now();
        let watcher = Watcher::new(project.clone(), workspace::sketches(&project)?);
        Ok(Control {
            project,
            looked: now,
            pause: RELEASE,
            cared: now,
            said: None,
            watcher,
            maintained: None,
        })
    }

    /// Does what is due.
    pub fn tick(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        self.look(running, shown)?;
        if self.cared.elapsed() >= CARE {
            self.care(running, shown)?;
            self.cared = Instant::now();
        }
        Ok(())
    }

    /// Looks at the release and at live rows, and trains nothing.
    pub fn guard(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        self.look(running, shown)?;
        if self.cared.elapsed() >= GUARD {
            let live = live::read(&self.project)?;
            self.watch(&live, running, shown)?;
            self.review(&live, running, shown);
            self.maintain(&live, running, shown, false);
            self.cared = Instant::now();
        }
        Ok(())
    }

    /// Does all of it now.
    pub fn now(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        running.drain();
        self.release(running, shown)?;
        self.care(running, shown)
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

    fn care(&mut self, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        let live = live::read(&self.project)?;
        measure::run(&self.project, &live)?;
        self.watch(&live, running, shown)?;
        self.review(&live, running, shown);
        self.retrain(&live, shown)?;
        self.maintain(&live, running, shown, true);
        shown.finish();
        Ok(())
    }

    /// Retrains where it is time. A trainer that fails is told, and stops nothing: the incumbent goes on serving.
    fn retrain(&self, live: &Live, shown: &mut Shown) -> anyhow::Result<()> {
        match retrain::run(&self.project, live, false, shown) {
            Ok(renewal) => {
                for (version, verdict) in renewal.judged {
                    shown.say(&format!("gate: {} (version {version})", verdict.decision));
                }
            }
            Err(StageError::Interrupted) => return Err(StageError::Interrupted.into()),
            Err(error) => shown.say(&format!("retrain: {error}")),
        }
        Ok(())
    }

    /// What people are asked, and which answers are given alone. What fails is told, and tried again.
    fn review(&self, live: &Live, running: &Running, shown: &mut Shown) {
        if let Err(error) = self.feedback(live, running, shown) {
            shown.say(&format!("review: {error:#}"));
        }
    }

    fn feedback(&self, live: &Live, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        let (history, desk) = (self.project.history()?, running.desk());
        if let Some(said) = review::certify(&self.project, desk.as_deref(), &history)? {
            let share = 100.0 * said.share;
            shown.say(&format!("review: {share:.1}% of answers are given alone; {}", said.why));
        }
        let Some(desk) = desk else { return Ok(()) };
        desk.settle()?;
        if let Some(items) = review::draw(&self.project, &desk, &history, live.now)? {
            shown
                .say(&format!("review: {items} rows drawn for people, at http://{}/review", running.address));
        }
        Ok(())
    }

    /// Gathers anew what the page of maintenance shows. What fails is told, and tried again.
    fn maintain(&mut self, live: &Live, running: &Running, shown: &mut Shown, by_itself: bool) {
        if let Err(error) = self.gather(live, running, by_itself) {
            shown.say(&format!("maintenance: {error:#}"));
        }
    }

    fn gather(&mut self, live: &Live, running: &Running, by_itself: bool) -> anyhow::Result<()> {
        let (history, desk) = (self.project.history()?, running.desk());
        let basis = (history.sequence, desk.as_ref().map(|desk| desk.progress()));
        let fresh = |(at, last): &(Instant, Basis)| *last == basis && at.elapsed() < GATHER;
        if self.maintained.as_ref().is_some_and(fresh) {
            return Ok(());
        }
        let found = maintenance::look(&self.project, &history, live, desk.as_deref(), by_itself)?;
        running.maintained(Arc::new(found));
        self.maintained = Some((Instant::now(), basis));
        Ok(())
    }

    /// What moved, and why. What cannot be looked at is told, and stops nothing: the model goes on serving.
    fn watch(&mut self, live: &Live, running: &Running, shown: &mut Shown) -> anyhow::Result<()> {
        let told = match self.watcher.tick(live) {
            Ok(told) => told,
            Err(error) => {
                shown.say(&format!("watch: {error}"));
                return Ok(());
            }
        };
        let Some(told) = told else { return Ok(()) };
        let diagnosis = &told.found.diagnosis;
        if told.news {
            shown.say(&format!("diagnosis: {}: {}; {}", diagnosis.cause, diagnosis.why, diagnosis.action));
        }
        if let Some(url) = self.project.plan.watch.webhook.as_ref().filter(|_| told.news && diagnosis.alarm)
            && let Err(error) = alarm::send(url, &told.found)
        {
            shown.say(&format!("alarm: {error:#}"));
        }
        running.watched(told.found);
        Ok(())
    }
}
