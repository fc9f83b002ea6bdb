//! Watching what serves: now and then all checks are made, and what changed is recorded.
//!
//! The reference of a version is made once and kept. Not here: who is told (the binary), or what follows from what was
//! found ([`domain::diagnosis`]).

mod sketches;

pub use sketches::windows;

use crate::diagnose::{self, Case, Found, Program, Reference, Traffic, Transform, traffic};
use crate::drift::Window;
use crate::live::{self, Live};
use crate::version::{Version, open};
use crate::{Project, StageError};
use domain::diagnosis::{Cause, Change};
use domain::drift::DriftRules;
use domain::history::History;
use domain::{Timestamp, VersionId};
use std::sync::Arc;
use store::sketch::Sketches;

/// Watches one project.
pub struct Watcher {
    project: Project,
    /// Where live rows are kept by the hour.
    sketches: Arc<dyn Sketches>,
    /// The version that serves, ready to be measured.
    prepared: Option<(Version, Reference)>,
    /// The version that has no reference, and nobody need try again.
    without: Option<VersionId>,
    /// When it looked last, by the rows' own clock.
    looked: Option<Timestamp>,
}

/// What a look came to.
pub struct Told {
    /// Everything that was found.
    pub found: Arc<Found>,
    /// Whether the cause, or the need to act, is another than last time.
    pub news: bool,
}

impl Watcher {
    /// Of a project.
    pub fn new(project: Project, sketches: Arc<dyn Sketches>) -> Watcher {
        Watcher { project, sketches, prepared: None, without: None, looked: None }
    }

    /// Looks where the plan says it is time, and records what is new.
    pub fn tick(&mut self, live: &Live) -> Result<Option<Told>, StageError> {
        let every = self.project.plan.watch.every.0;
        let Some(now) = live.now.filter(|_| every > 0) else { return Ok(None) };
        if self.looked.is_some_and(|looked| now.0 < looked.0.saturating_add(every)) {
            return Ok(None);
        }
        self.looked = Some(now);
        let history = self.project.history()?;
        let Some(found) = self.look(&history, live, None)? else { return Ok(None) };
        let news = is_news(&history, &found);
        if news {
            self.project.record(&[found.event(&self.project)])?;
        }
        Ok(Some(Told { found: Arc::new(found), news }))
    }

    /// Looks now and records nothing; `None` where the incumbent has not answered yet.
    pub fn now(&mut self, kpi: Option<Change>) -> Result<Option<Found>, StageError> {
        let live = live::read(&self.project)?;
        self.look(&self.project.history()?, &live, kpi)
    }

    fn look(
        &mut self,
        history: &History,
        live: &Live,
        kpi: Option<Change>,
    ) -> Result<Option<Found>, StageError> {
        let Some(traffic) = self.ready(history, live)? else { return Ok(None) };
        let Some((version, reference)) = &self.prepared else { return Ok(None) };
        let program = Program::of(&self.project);
        let transform = program.as_ref().map(|program| program as &dyn Transform);
        diagnose::run(&Case { project: &self.project, version, reference, traffic: &traffic, transform, kpi })
    }

    /// Every window of what the incumbent answered beside its reference, out of the sketches of its hours.
    pub fn over_time(&mut self, every: i64) -> Result<Vec<Window>, StageError> {
        let live = live::read(&self.project)?;
        let Some(traffic) = self.ready(&self.project.history()?, &live)? else { return Ok(Vec::new()) };
        let Some((version, reference)) = &self.prepared else { return Ok(Vec::new()) };
        let (Some(first), Some(last)) = (traffic.rows.first(), traffic.rows.last()) else {
            return Ok(Vec::new());
        };
        let plan = &self.project.plan.watch;
        let rules = DriftRules { effect: plan.effect, alpha: plan.alpha };
        windows(self.sketches.as_ref(), version, reference, (first.at, last.at), every, rules)
    }

    /// What the incumbent answered, its hours kept and its reference made; `None` where there is nothing to look at.
    fn ready(&mut self, history: &History, live: &Live) -> Result<Option<Traffic>, StageError> {
        let Some(incumbent) = history.incumbent().map(|s| s.version.clone()) else { return Ok(None) };
        let traffic = traffic::read(&self.project, &incumbent)?;
        let Some(first) = traffic.rows.first().map(|row| row.at) else { return Ok(None) };
        self.prepare(&incumbent, live, first)?;
        let Some((version, _)) = &self.prepared else { return Ok(None) };
        sketches::keep(self.sketches.as_ref(), version, &traffic)?;
        Ok(Some(traffic))
    }

    /// Makes the reference of a version that serves anew.
    fn prepare(&mut self, incumbent: &VersionId, live: &Live, first: Timestamp) -> Result<(), StageError> {
        if self.prepared.as_ref().is_some_and(|(version, _)| version.id == *incumbent)
            || self.without.as_ref() == Some(incumbent)
        {
            return Ok(());
        }
        self.prepared = None;
        let version = open(&self.project, incumbent)?;
        match Reference::find(&self.project, &version, live, Some(first)) {
            Ok(reference) => {
                self.prepared = Some((version, reference));
                Ok(())
            }
            Err(error) => {
                self.without = Some(incumbent.clone());
                Err(error)
            }
        }
    }
}

/// Silence is no news, and neither is the same again.
fn is_news(history: &History, found: &Found) -> bool {
    let last = history.diagnoses.iter().rev().find(|d| d.facts.version == found.facts.version);
    match last {
        Some(last) => {
            last.diagnosis.cause != found.diagnosis.cause || last.diagnosis.alarm != found.diagnosis.alarm
        }
        None => found.diagnosis.cause != Cause::Healthy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::simulate::{FAULTS, Simulation};
    use domain::Event;

    #[test]
    fn the_same_again_is_no_news() {
        let simulation = Simulation::new(2).expect("trains");
        let broken = FAULTS.iter().find(|f| f.name == "output transposed").expect("a fault");
        let (clean, wrong) =
            (simulation.found(None, 1).expect("runs"), simulation.found(Some(broken), 1).expect("runs"));
        let told = |found: &[&Found]| {
            let mut history = History::default();
            for (place, found) in found.iter().enumerate() {
                let event = Event::Diagnosed {
                    facts: Box::new(found.facts.clone()),
                    rules: serde_json::Value::Null,
                    diagnosis: found.diagnosis.clone(),
                };
                history.add(&domain::Recorded { sequence: place as u64 + 1, at: Timestamp(0), event });
            }
            history
        };
        assert!(!is_news(&told(&[]), &clean), "silence");
        assert!(is_news(&told(&[]), &wrong));
        assert!(!is_news(&told(&[&wrong]), &wrong));
        assert!(is_news(&told(&[&wrong]), &clean), "that it is well again");
    }
}
