//! A journal in memory that stalls, fails or panics when told to: the third of the test doubles, beside
//! those in `faults`.

use domain::{Outcome, Prediction, PredictionId, Timestamp};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use store::{Entry, Journal, StoreError};

/// The journal.
#[derive(Default)]
pub struct Twin {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    stalled: bool,
    failing: bool,
    panicking: bool,
}

impl Twin {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From now on appends do not return.
    pub fn stall(&self) {
        self.lock().stalled = true;
    }

    /// Lets stalled appends go on.
    pub fn go_on(&self) {
        self.lock().stalled = false;
        self.changed.notify_all();
    }

    /// From now on appends fail, or do not.
    pub fn fail(&self, failing: bool) {
        self.lock().failing = failing;
    }

    /// From now on appends panic, or do not.
    pub fn panic(&self, panicking: bool) {
        self.lock().panicking = panicking;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Twin {
    fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut state = self.lock();
        while state.stalled {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        assert!(!state.panicking, "told to panic");
        if state.failing {
            let source = std::io::Error::other("told to fail");
            return Err(StoreError::Io { action: "append to", path: "memory".into(), source });
        }
        state.entries.extend_from_slice(entries);
        Ok(())
    }

    fn prediction(&self, id: PredictionId) -> Result<Option<Prediction>, StoreError> {
        let state = self.lock();
        Ok(state.entries.iter().find_map(|entry| match entry {
            Entry::Prediction(p) if p.id == id => Some(p.clone()),
            _ => None,
        }))
    }

    fn outcomes(&self, id: PredictionId) -> Result<Vec<Outcome>, StoreError> {
        let state = self.lock();
        let of_it = state.entries.iter().filter_map(|entry| match entry {
            Entry::Outcome(o) if o.prediction == id => Some(o.clone()),
            _ => None,
        });
        Ok(of_it.collect())
    }

    fn scan(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        let entries = self.lock().entries.clone();
        let at = |entry: &Entry| match entry {
            Entry::Prediction(p) => p.at,
            Entry::Outcome(o) => o.at,
        };
        entries.into_iter().filter(|e| (from..to).contains(&at(e))).for_each(visit);
        Ok(())
    }

    fn joined(
        &self,
        from: Timestamp,
        to: Timestamp,
        visit: &mut dyn FnMut(Prediction, Vec<Outcome>),
    ) -> Result<(), StoreError> {
        let entries = self.lock().entries.clone();
        for entry in entries {
            if let Entry::Prediction(prediction) = entry
                && (from..to).contains(&prediction.at)
            {
                let outcomes = self.outcomes(prediction.id)?;
                visit(prediction, outcomes);
            }
        }
        Ok(())
    }

    fn seal(&self, _before: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn drop_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let kept = |entry: &Entry| i64::from(entry.id().hour()) >= before.hour();
        let mut state = self.lock();
        let mut hours: Vec<u32> = state.entries.iter().filter(|e| !kept(e)).map(|e| e.id().hour()).collect();
        hours.sort_unstable();
        hours.dedup();
        state.entries.retain(kept);
        Ok(hours.len() as u64)
    }
}
