//! A journal in memory that stalls, fails or panics when told to: the third of the test doubles, beside
//! those in `faults`.

use domain::{Outcome, Prediction, PredictionId, Story, Timestamp};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use store::{Entry, Journal, MemoryJournal, StoreError};

/// The journal.
#[derive(Default)]
pub struct Twin {
    kept: MemoryJournal,
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Default)]
struct Told {
    to_stall: bool,
    to_fail: bool,
    to_panic: bool,
}

impl Twin {
    /// The number of entries.
    pub fn len(&self) -> usize {
        let mut count = 0;
        let scanned = self.scan(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |_| count += 1);
        scanned.expect("memory is readable");
        count
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From now on appends do not return.
    pub fn stall(&self) {
        self.told().to_stall = true;
    }

    /// Lets stalled appends go on.
    pub fn go_on(&self) {
        self.told().to_stall = false;
        self.changed.notify_all();
    }

    /// From now on appends fail, or do not.
    pub fn fail(&self, failing: bool) {
        self.told().to_fail = failing;
    }

    /// From now on appends panic, or do not.
    pub fn panic(&self, panicking: bool) {
        self.told().to_panic = panicking;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Twin {
    fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut told = self.told();
        while told.to_stall {
            told = self.changed.wait(told).unwrap_or_else(PoisonError::into_inner);
        }
        assert!(!told.to_panic, "told to panic");
        if told.to_fail {
            let source = std::io::Error::other("told to fail");
            return Err(StoreError::Io { action: "append to", path: "memory".into(), source });
        }
        self.kept.append(entries)
    }

    fn prediction(&self, id: PredictionId) -> Result<Option<Prediction>, StoreError> {
        self.kept.prediction(id)
    }

    fn outcomes(&self, id: PredictionId) -> Result<Vec<Outcome>, StoreError> {
        self.kept.outcomes(id)
    }

    fn story(&self, id: PredictionId) -> Result<Option<Story>, StoreError> {
        self.kept.story(id)
    }

    fn scan(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        self.kept.scan(from, to, visit)
    }

    fn stories(
        &self,
        from: Timestamp,
        to: Timestamp,
        visit: &mut dyn FnMut(Story),
    ) -> Result<(), StoreError> {
        self.kept.stories(from, to, visit)
    }

    fn seal(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.kept.seal(before)
    }

    fn drop_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.kept.drop_before(before)
    }
}
