//! Where facts live: the traits first, then the houses behind them.
//!
//! Versions and events stand in a [`Registry`], bytes in [`Blobs`], predictions and outcomes in a
//! [`Journal`]. Each trait has a durable house and a memory twin, and one conformance suite that both pass.

pub mod digest;

use domain::{Event, Outcome, Prediction, PredictionId, Recorded, Timestamp};
use std::path::PathBuf;
use thiserror::Error;

/// Events in the order they were recorded. Append-only.
pub trait Registry: Send + Sync {
    /// Appends an event; it is durable when this returns. Gives its sequence number, from 1 without gaps.
    fn record(&self, at: Timestamp, event: &Event) -> Result<u64, StoreError>;

    /// Appends all of these or none.
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

/// Predictions and outcomes, append-only.
pub trait Journal: Send + Sync {
    /// Appends all entries; they are durable (fsync) when this returns.
    fn append(&self, entries: &[Entry]) -> Result<(), StoreError>;

    /// One prediction.
    fn prediction(&self, id: PredictionId) -> Result<Option<Prediction>, StoreError>;

    /// The outcomes of one prediction, in the order they came.
    fn outcomes(&self, id: PredictionId) -> Result<Vec<Outcome>, StoreError>;

    /// Calls `visit` with every entry whose own time `at` is in `from..to`, grouped by hour, oldest hour first.
    fn scan(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError>;
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An answer that was given.
    Prediction(Prediction),
    /// What turned out to be true of one.
    Outcome(Outcome),
}

/// What was attempted with the store and could not be done.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("could not {action} {path}")]
    Io {
        /// What was attempted, such as `read`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Bytes that are not what was written.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found and what was expected.
        why: String,
    },
    /// No bytes of this hash.
    #[error("no blob {0}")]
    NoBlob(String),
    /// The database said no.
    #[error("could not {action} in {path}")]
    Database {
        /// What was attempted.
        action: &'static str,
        /// Which database.
        path: PathBuf,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
