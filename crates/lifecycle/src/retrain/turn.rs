//! Whose turn it is to retrain: a lock on a file, which the system gives back whatever becomes of its owner.

use crate::{Project, StageError};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use store::StoreError;

/// While it lives, nobody else retrains this project.
pub(super) struct Turn {
    _file: File,
}

impl Turn {
    /// The turn, or `None` where somebody else has it.
    pub(super) fn take(project: &Project) -> Result<Option<Turn>, StageError> {
        let path = project.state().join("retrain.lock");
        let failed =
            |source| StageError::Store(StoreError::Io { action: "lock", path: path.clone(), source });
        let file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Turn { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}
