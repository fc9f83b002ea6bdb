//! Where facts live: the traits first, then the houses behind them.
//!
//! Versions and events stand in a [`Registry`], bytes in [`Blobs`], predictions and outcomes in a
//! [`Journal`]. Each trait has a durable house and a memory twin, and one conformance suite that both pass.

pub mod blobs;
pub mod conformance;
pub mod digest;
mod disk;
mod error;
mod event_json;
pub mod files;
#[cfg(test)]
mod frail;
pub mod image;
pub mod journal;
pub mod memory;
pub mod profile;
pub mod signature_json;
pub mod sketch;
pub mod sqlite;
pub mod version;

pub use blobs::FileBlobs;
pub use error::StoreError;
pub use journal::FileJournal;
pub use memory::{MemoryBlobs, MemoryJournal, MemoryRegistry};
pub use sqlite::SqliteRegistry;
pub use version::{Golden, VersionFiles, export_version, load_version, put_version};

use domain::{Event, Outcome, Prediction, PredictionId, Recorded, ShadowAnswer, Story, Timestamp};

/// Events in the order they were recorded. Append-only.
pub trait Registry: Send + Sync {
    /// Appends an event; it is durable when this returns. Gives its sequence number, from 1 without gaps.
    fn record(&self, at: Timestamp, event: &Event) -> Result<u64, StoreError> {
        self.record_all(at, std::slice::from_ref(event))
    }

    /// Appends all of these or none, with nothing in between. Gives the last sequence number of the
    /// registry, which for no events at all is the one that it had.
    fn record_all(&self, at: Timestamp, events: &[Event]) -> Result<u64, StoreError>;

    /// The events after a sequence number, oldest first.
    fn events(&self, after: u64) -> Result<Vec<Recorded>, StoreError>;
}

/// Bytes by their SHA-256.
pub trait Blobs: Send + Sync {
    /// Keeps the bytes, durably, and gives their hash in hex. The same bytes twice are kept once.
    fn put(&self, bytes: &[u8]) -> Result<String, StoreError>;

    /// The bytes of a hash; what comes back always hashes to it.
    fn get(&self, digest: &str) -> Result<Vec<u8>, StoreError>;
}

/// Predictions, outcomes and shadow answers, append-only.
///
/// An outcome or a shadow answer is kept with its prediction, under the hour and bucket of the prediction's id.
/// Appending the same prediction (by its id), an equal outcome or a second shadow answer of one version again
/// changes nothing that can be read, so an append that failed may be repeated. The first 32 bits of an id are trusted to be an hour; a process
/// does best to draw one bucket and stay with it, since an append costs one fsync a file.
pub trait Journal: Send + Sync {
    /// Appends all entries; they are durable (fsync) when this returns. After an error none, some or all
    /// of them are kept.
    fn append(&self, entries: &[Entry]) -> Result<(), StoreError>;

    /// One prediction.
    fn prediction(&self, id: PredictionId) -> Result<Option<Prediction>, StoreError>;

    /// The outcomes of one prediction, in the order of their time `at`, then of arrival.
    fn outcomes(&self, id: PredictionId) -> Result<Vec<Outcome>, StoreError>;

    /// One prediction with all that came after it.
    fn story(&self, id: PredictionId) -> Result<Option<Story>, StoreError>;

    /// Calls `visit` with every entry whose own time `at` is in `from..to`, grouped by the hour of the
    /// prediction's id, oldest hour first. Within an hour there is no order.
    fn scan(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError>;

    /// Calls `visit` with every prediction whose time `at` is in `from..to`, and with all that came after it,
    /// whenever it came, in the order of [`Journal::outcomes`]. Order of predictions as in [`Journal::scan`].
    fn stories(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Story))
    -> Result<(), StoreError>;

    /// Packs the hours that ended at or before `before` for keeping; what can be read stays the same.
    /// Gives the number of files that were packed, and has to be called from time to time.
    fn seal(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Forgets the hours that ended at or before `before`, with the outcomes of their predictions.
    /// Gives the number of hours forgotten.
    fn drop_before(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An answer that was given.
    Prediction(Prediction),
    /// What turned out to be true of one.
    Outcome(Outcome),
    /// What a challenger would have answered.
    Shadow(ShadowAnswer),
}

impl Entry {
    /// The id of the prediction that this is, or is about.
    pub fn id(&self) -> PredictionId {
        match self {
            Entry::Prediction(prediction) => prediction.id,
            Entry::Outcome(outcome) => outcome.prediction,
            Entry::Shadow(shadow) => shadow.prediction,
        }
    }

    /// Its own time.
    pub fn at(&self) -> Timestamp {
        match self {
            Entry::Prediction(prediction) => prediction.at,
            Entry::Outcome(outcome) => outcome.at,
            Entry::Shadow(shadow) => shadow.at,
        }
    }
}
