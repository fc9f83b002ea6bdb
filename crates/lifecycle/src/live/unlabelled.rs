//! Live rows whose outcome is not known: what only a teacher can label.
//!
//! They are many, and a picture takes many numbers: no more of them than a batch is held at a time. Not here: who labels
//! them (`distill`). Invariant: a row with an outcome, be it the world's or a person's, is never among them.

use super::{LiveRow, row, truth};
use crate::{Project, StageError};
use domain::{PredictionId, Story, Timestamp};
use std::collections::BTreeSet;

/// A row's place in time; ids tell rows of one instant apart.
type Key = (Timestamp, PredictionId);

/// The latest unlabelled rows of the journal, as it stood when it was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Unlabelled {
    first: Key,
    last: Key,
    rows: u64,
}

impl Unlabelled {
    /// Finds the latest ones, at most so many; `None` where there are none.
    pub fn latest(project: &Project, most: usize) -> Result<Option<Unlabelled>, StageError> {
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        each(project, &mut |found| {
            keys.insert((found.at, found.prediction));
            if keys.len() > most {
                keys.pop_first();
            }
        })?;
        let ends = keys.first().zip(keys.last());
        Ok(ends.map(|(&first, &last)| Unlabelled { first, last, rows: keys.len() as u64 }))
    }

    /// How many.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Visits them, at most `size` at a time, in the journal's order. Rows that came meanwhile are left for another time,
    /// and so are those whose outcome came.
    pub fn batches(
        &self,
        project: &Project,
        size: usize,
        visit: &mut dyn FnMut(&[LiveRow]) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        let mut batch = Vec::with_capacity(size);
        // the journal cannot be told to stop, so after an error nothing more is visited
        let mut told = Ok(());
        each(project, &mut |found| {
            let key = (found.at, found.prediction);
            if told.is_err() || key < self.first || key > self.last {
                return;
            }
            batch.push(found);
            if batch.len() == size {
                told = visit(&batch);
                batch.clear();
            }
        })?;
        told?;
        if batch.is_empty() { Ok(()) } else { visit(&batch) }
    }
}

/// Calls with every unlabelled row of the journal.
fn each(project: &Project, visit: &mut dyn FnMut(LiveRow)) -> Result<(), StageError> {
    let time = project.plan.data.time.as_deref();
    let told = |story: Story| match truth(&story.outcomes) {
        Some(_) => None,
        None => row(&story.prediction, time),
    };
    let (from, to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    project.journal.stories(from, to, &mut |story| {
        if let Some(found) = told(story) {
            visit(found);
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Outcome, Plan, Prediction, ServedBy, Source, VersionId};
    use std::sync::Arc;
    use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};

    fn project() -> Project {
        let plan = "name = \"m\"\ntask = \"classification\"\n[data]\nsource = \"rows.csv\"\ntarget = \"y\"\n";
        Project {
            dir: ".".into(),
            plan: Arc::new(Plan::parse(plan).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(|| Timestamp(0)),
            door: None,
        }
    }

    /// Logs a row a second; the world tells of some.
    fn log(project: &Project, seconds: std::ops::Range<i64>, told: impl Fn(i64) -> bool) {
        for second in seconds {
            let at = Timestamp(second * domain::time::SECOND);
            let id = PredictionId::new(at, 0, 1, second as u64);
            let prediction = Prediction {
                id,
                at,
                version: VersionId("v".into()),
                served_by: ServedBy::Intended,
                unit: None,
                assignment: None,
                input: format!("{{\"x\":{second}}}"),
                output: vec![0.5, 0.5],
                latency_us: 1,
            };
            let outcome = Outcome { prediction: id, at, value: "yes".into(), source: Source::Reviewer };
            let mut entries = vec![Entry::Prediction(prediction)];
            entries.extend(told(second).then_some(Entry::Outcome(outcome)));
            project.journal.append(&entries).expect("memory");
        }
    }

    fn visited(project: &Project, found: &Unlabelled, size: usize) -> Vec<i64> {
        let mut seconds = Vec::new();
        let visit = &mut |batch: &[LiveRow]| {
            assert!(batch.len() <= size);
            seconds.extend(batch.iter().map(|row| row.at.0 / domain::time::SECOND));
            Ok(())
        };
        found.batches(project, size, visit).expect("memory");
        seconds.sort_unstable();
        seconds
    }

    #[test]
    fn the_latest_rows_without_an_outcome_are_visited_in_batches() {
        let project = project();
        assert!(Unlabelled::latest(&project, 5).expect("memory").is_none());
        log(&project, 0..20, |second| second % 2 == 0);
        let found = Unlabelled::latest(&project, 5).expect("memory").expect("some");
        assert_eq!((found.rows(), visited(&project, &found, 2)), (5, vec![11, 13, 15, 17, 19]));
        log(&project, 20..30, |_| false);
        assert_eq!(visited(&project, &found, 100), [11, 13, 15, 17, 19], "what came meanwhile is left");
        let all = Unlabelled::latest(&project, usize::MAX).expect("memory").expect("some");
        assert_eq!(all.rows(), 20);
    }

    #[test]
    fn an_error_ends_the_visit() {
        let project = project();
        log(&project, 0..10, |_| false);
        let found = Unlabelled::latest(&project, 10).expect("memory").expect("some");
        let mut visits = 0;
        let told = found.batches(&project, 2, &mut |_| {
            visits += 1;
            Err(StageError::Interrupted)
        });
        assert!(matches!(told, Err(StageError::Interrupted)));
        assert_eq!(visits, 1);
    }
}
