//! Sketches of what went through the models: a few kilobytes a column, version and hour, that can be merged.
//!
//! Not here: the rows, which are in the journal, and what a difference means. Invariant: hours that were
//! merged say of their rows what one sketch of all of them would say, to within the stated errors.

mod bytes;
mod column;
mod distinct;
mod files;
mod frequent;
mod kll;
mod memory;
mod numeric;
mod set;
#[cfg(test)]
mod tests;

pub use column::ColumnSketch;
pub use distinct::DISTINCT_ERROR;
pub use files::FileSketches;
pub use frequent::KEPT;
pub use kll::RANK_ERROR;
pub use memory::MemorySketches;
pub use numeric::Moments;
pub use set::SketchSet;

use crate::StoreError;
use domain::VersionId;
use std::collections::BTreeMap;
use std::path::Path;
use thiserror::Error;

/// Why a sketch could not take something in.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SketchError {
    /// Bytes that are not what was written.
    #[error("the sketch is damaged: {why}")]
    Damaged {
        /// What was found.
        why: String,
    },
    /// Written by a newer incumbent.
    #[error("the sketch has format {found}, and this incumbent reads up to {known}")]
    Newer {
        /// The format of the bytes.
        found: u32,
        /// The newest format that is known here.
        known: u32,
    },
    /// Cells or a sketch of another kind.
    #[error("a sketch of {expected} cells cannot take in {found} cells")]
    Unlike {
        /// The other kind.
        found: String,
        /// The sketch's own.
        expected: &'static str,
    },
}

/// Sketches by version and hour.
pub trait Sketches: Send + Sync {
    /// Keeps the sketches of a version's hour since 1970, durably, in place of those that were there.
    fn put(&self, version: &VersionId, hour: u32, sketches: &SketchSet) -> Result<(), StoreError>;

    /// The sketches of a version's hour.
    fn get(&self, version: &VersionId, hour: u32) -> Result<Option<SketchSet>, StoreError>;

    /// The sketches of the hours `from..to`, merged for each version that has some. A version whose columns
    /// changed their kind on the way is an error.
    fn range(&self, from: u32, to: u32) -> Result<BTreeMap<VersionId, SketchSet>, StoreError>;

    /// Forgets the hours before `hour`, and gives how many sets those were.
    fn drop_before(&self, hour: u32) -> Result<u64, StoreError>;
}

impl SketchError {
    /// The error of the file that the bytes stood in.
    fn within(self, path: &Path) -> StoreError {
        let path = path.into();
        match self {
            SketchError::Damaged { why } => StoreError::Damaged { path, why },
            SketchError::Newer { found, known } => StoreError::Newer { path, found, known },
            unlike @ SketchError::Unlike { .. } => StoreError::Damaged { path, why: unlike.to_string() },
        }
    }
}
