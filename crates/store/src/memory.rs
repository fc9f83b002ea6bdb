//! The memory twins: a registry, blobs and a journal that forget everything when they are dropped.
//!
//! For tests and trials. They keep the same promises as the durable houses, durability apart, and pass the
//! same conformance suites.

use crate::digest::sha256;
use crate::{Blobs, Entry, Journal, Registry, StoreError, event_json};
use domain::time::HOUR;
use domain::{Event, Outcome, Prediction, PredictionId, Recorded, ShadowAnswer, Story, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events in a list.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    events: Mutex<Vec<Recorded>>,
}

/// Bytes in a map.
#[derive(Debug, Default)]
pub struct MemoryBlobs {
    bytes: Mutex<BTreeMap<String, Vec<u8>>>,
}

/// Predictions and what came after them in a map by id, and so by hour.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    stories: Mutex<BTreeMap<PredictionId, Kept>>,
}

/// What is known about one id; an outcome may come before its prediction.
#[derive(Debug, Default)]
struct Kept {
    prediction: Option<Prediction>,
    outcomes: Vec<Outcome>,
    shadows: Vec<ShadowAnswer>,
}

impl Registry for MemoryRegistry {
    fn record_all(&self, at: Timestamp, events: &[Event]) -> Result<u64, StoreError> {
        for event in events {
            event_json::encode(Path::new("memory"), event)?;
        }
        let mut kept = lock(&self.events);
        for event in events {
            let sequence = kept.len() as u64 + 1;
            kept.push(Recorded { sequence, at, event: event.clone() });
        }
        Ok(kept.len() as u64)
    }

    fn events(&self, after: u64) -> Result<Vec<Recorded>, StoreError> {
        let kept = lock(&self.events);
        let skipped = usize::try_from(after).unwrap_or(usize::MAX).min(kept.len());
        Ok(kept[skipped..].to_vec())
    }
}

impl Blobs for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let digest = sha256(bytes);
        lock(&self.bytes).entry(digest.clone()).or_insert_with(|| bytes.to_vec());
        Ok(digest)
    }

    fn get(&self, digest: &str) -> Result<Vec<u8>, StoreError> {
        let kept = lock(&self.bytes);
        kept.get(digest).cloned().ok_or_else(|| StoreError::NoBlob(digest.to_string()))
    }
}

impl Journal for MemoryJournal {
    fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut stories = lock(&self.stories);
        for entry in entries {
            stories.entry(entry.id()).or_default().add(entry);
        }
        Ok(())
    }

    fn prediction(&self, id: PredictionId) -> Result<Option<Prediction>, StoreError> {
        Ok(lock(&self.stories).get(&id).and_then(|s| s.prediction.clone()))
    }

    fn outcomes(&self, id: PredictionId) -> Result<Vec<Outcome>, StoreError> {
        Ok(lock(&self.stories).get(&id).map(|s| s.outcomes.clone()).unwrap_or_default())
    }

    fn story(&self, id: PredictionId) -> Result<Option<Story>, StoreError> {
        Ok(lock(&self.stories).get(&id).and_then(Kept::story))
    }

    fn scan(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        let mut found = Vec::new();
        for story in lock(&self.stories).values() {
            found.extend(story.prediction.clone().map(Entry::Prediction));
            found.extend(story.outcomes.iter().cloned().map(Entry::Outcome));
            found.extend(story.shadows.iter().cloned().map(Entry::Shadow));
        }
        // the lock is given back first: whoever visits may append
        found.into_iter().filter(|e| from <= e.at() && e.at() < to).for_each(visit);
        Ok(())
    }

    fn stories(
        &self,
        from: Timestamp,
        to: Timestamp,
        visit: &mut dyn FnMut(Story),
    ) -> Result<(), StoreError> {
        let found: Vec<Story> = lock(&self.stories).values().filter_map(Kept::story).collect();
        found.into_iter().filter(|s| from <= s.prediction.at && s.prediction.at < to).for_each(visit);
        Ok(())
    }

    fn seal(&self, _before: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn drop_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut stories = lock(&self.stories);
        let (mut hours, mut last) = (0, None);
        stories.retain(|id, _| {
            let dropped = ended(id.hour(), before);
            if dropped && last != Some(id.hour()) {
                hours += 1;
                last = Some(id.hour());
            }
            !dropped
        });
        Ok(hours)
    }
}

impl Kept {
    fn story(&self) -> Option<Story> {
        let (outcomes, shadows) = (self.outcomes.clone(), self.shadows.clone());
        Some(Story { prediction: self.prediction.clone()?, outcomes, shadows })
    }

    fn add(&mut self, entry: &Entry) {
        match entry {
            Entry::Prediction(prediction) => {
                self.prediction.get_or_insert_with(|| prediction.clone());
            }
            Entry::Outcome(outcome) if self.outcomes.contains(outcome) => {}
            Entry::Outcome(outcome) => {
                let place = self.outcomes.partition_point(|o| o.at <= outcome.at);
                self.outcomes.insert(place, outcome.clone());
            }
            Entry::Shadow(shadow) if self.shadows.iter().any(|s| s.version == shadow.version) => {}
            Entry::Shadow(shadow) => {
                let place = self.shadows.partition_point(|s| s.at <= shadow.at);
                self.shadows.insert(place, shadow.clone());
            }
        }
    }
}

/// Whether an hour since 1970 ended at or before an instant.
pub(crate) fn ended(hour: u32, before: Timestamp) -> bool {
    (i64::from(hour) + 1) * HOUR <= before.0
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[test]
    fn the_twins_keep_the_promises_of_the_houses() {
        conformance::check_registry(|| Box::new(MemoryRegistry::default()));
        conformance::check_blobs(|| Box::new(MemoryBlobs::default()));
        conformance::check_journal(|| Box::new(MemoryJournal::default()));
    }
}
