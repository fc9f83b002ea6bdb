//! What was attempted with the store and could not be done.

use std::path::PathBuf;
use thiserror::Error;

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
    /// A file of another kind.
    #[error("{path} is not {expected}: {why}")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it should be, such as `a registry of incumbent`.
        expected: &'static str,
        /// What was found.
        why: String,
    },
    /// A fact that would not read back as it is.
    #[error("could not write the {what}: {why}")]
    Lossy {
        /// What kind of fact.
        what: &'static str,
        /// What would be lost.
        why: String,
    },
    /// Written by a newer incumbent.
    #[error("{path} has format {found}, and this incumbent reads up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
        /// The newest format that is known here.
        known: u32,
    },
    /// Another process writes there.
    #[error("{path} is in use by another incumbent")]
    InUse {
        /// Which folder.
        path: PathBuf,
    },
    /// A write to what was opened for reading.
    #[error("{path} was opened for reading only")]
    ReadOnly {
        /// Which folder.
        path: PathBuf,
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

impl StoreError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            StoreError::Damaged { .. } => Some("restore the file from a backup; nothing in it was changed"),
            StoreError::Foreign { .. } => Some("choose another folder, or move the file out of the way"),
            StoreError::Newer { .. } => Some("update incumbent; nothing in the file was changed"),
            StoreError::InUse { .. } => Some("stop the other incumbent, or ask the one that runs over HTTP"),
            StoreError::ReadOnly { .. } => Some("another incumbent writes there; stop it first"),
            StoreError::NoBlob(_) => Some("it was never put here, or it was removed by hand"),
            StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Some("make room on the disk, or shorten how long predictions are kept")
            }
            StoreError::Io { .. } | StoreError::Lossy { .. } | StoreError::Database { .. } => None,
        }
    }
}
