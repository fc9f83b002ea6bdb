//! The journal in files: append-only segments with checksums, sealed into Parquet when their hour is over.
//!
//! ```text
//! journal/
//! ├── lock                                    held by the one process that writes
//! └── 2026-11-24T04/                          the hour of the prediction's id, in UTC
//!     ├── 00a7.00000003.log                   bucket 00a7, segment 3, open or waiting to be sealed
//!     └── 00a7.00000001-00000002.1795496400000000_1795499999000000.9f3a21bc.parquet
//!                                             segments 1 to 2 sealed, first and last time in it, CRC-32 of the file
//! ```
//! A segment is written by one process, once, and never again after it was closed. One append writes one
//! frame (see `frame`) and one fsync a file. Whatever covers the same segment numbers as a larger file is a
//! leftover of a crash, and invisible. Invariants: what an append acknowledged is read exactly once, whatever
//! happens to the power; only the last frame of a segment can ever be torn, so anything else that does not
//! check is [`StoreError::Damaged`] and never cut away.
//!
//! Readers take no lock, neither among threads nor among processes. They may see an entry a moment before it
//! is durable.

mod codec;
mod frame;
mod index;
mod layout;
mod packed;
mod read;
mod recover;
mod seal;
mod write;

#[cfg(test)]
mod power;

pub use recover::{Cut, Recovery};

use crate::disk::{self, Disk};
use crate::{Entry, Journal, StoreError};
use domain::{Outcome, Prediction, PredictionId, Story, Timestamp};
use index::Index;
use layout::Layout;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use write::Segments;

/// A journal in a folder.
pub struct FileJournal {
    layout: Layout,
    index: Index,
    /// `None` where the journal was opened for reading only.
    segments: Option<Mutex<Segments>>,
    /// Held while hours are sealed or forgotten.
    care: Mutex<()>,
    recovery: Recovery,
    /// Locked as long as the journal is open for writing.
    _lock: Option<File>,
}

impl FileJournal {
    /// Opens the journal of a folder for reading and writing; the folder is made where there is none. Only one
    /// process may have it open for writing. What a power cut left half written is cut off.
    pub fn open(folder: &Path) -> Result<FileJournal, StoreError> {
        disk::make_root(folder)?;
        let lock = lock(folder)?;
        let journal = FileJournal::on(Box::new(disk::Os), folder)?;
        Ok(FileJournal { _lock: Some(lock), ..journal })
    }

    /// Opens the journal of a folder for reading, beside the process that writes. It never changes a file.
    pub fn open_for_reading(folder: &Path) -> FileJournal {
        FileJournal {
            layout: Layout::new(Box::new(disk::Os), folder),
            index: Index::default(),
            segments: None,
            care: Mutex::default(),
            recovery: Recovery::default(),
            _lock: None,
        }
    }

    /// What a crash had left behind when the journal was opened.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    fn on(disk: Box<dyn Disk>, folder: &Path) -> Result<FileJournal, StoreError> {
        let layout = Layout::new(disk, folder);
        let recovery = recover::recover(&layout)?;
        let segments = Some(Mutex::new(Segments::default()));
        let (index, care) = (Index::default(), Mutex::default());
        Ok(FileJournal { layout, index, segments, care, recovery, _lock: None })
    }

    fn segments(&self) -> Result<MutexGuard<'_, Segments>, StoreError> {
        match &self.segments {
            Some(segments) => Ok(segments.lock().unwrap_or_else(PoisonError::into_inner)),
            None => Err(StoreError::ReadOnly { path: self.layout.root().into() }),
        }
    }
}

impl Journal for FileJournal {
    fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.segments()?.append(&self.layout, entries)
    }

    fn prediction(&self, id: PredictionId) -> Result<Option<Prediction>, StoreError> {
        read::prediction(&self.layout, &self.index, id)
    }

    fn outcomes(&self, id: PredictionId) -> Result<Vec<Outcome>, StoreError> {
        read::outcomes(&self.layout, &self.index, id)
    }

    fn story(&self, id: PredictionId) -> Result<Option<Story>, StoreError> {
        read::story(&self.layout, &self.index, id)
    }

    fn scan(&self, from: Timestamp, to: Timestamp, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreError> {
        read::scan(&self.layout, from, to, visit)
    }

    fn stories(
        &self,
        from: Timestamp,
        to: Timestamp,
        visit: &mut dyn FnMut(Story),
    ) -> Result<(), StoreError> {
        read::stories(&self.layout, from, to, visit)
    }

    fn seal(&self, before: Timestamp) -> Result<u64, StoreError> {
        let _care = self.care.lock().unwrap_or_else(PoisonError::into_inner);
        seal::seal(&self.layout, || self.segments(), before)
    }

    fn drop_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let _care = self.care.lock().unwrap_or_else(PoisonError::into_inner);
        seal::drop_before(&self.layout, || self.segments(), before)
    }
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let io = |source| StoreError::Io { action: "lock", path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: folder.into() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}
