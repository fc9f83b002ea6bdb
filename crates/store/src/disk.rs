//! The few things that the store asks of a disk, so that tests can cut its power.
//!
//! What was written to a file is safe after [`Output::sync`] of it; that a file stands under its name is
//! safe after [`Disk::sync_dir`] of its folder. Nothing is safe before, and nothing here assumes more.

use crate::StoreError;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A disk.
pub(crate) trait Disk: Send + Sync {
    /// A new, empty file; an error where there is one of this name.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>>;

    /// At most so many bytes of a file from an offset.
    fn read(&self, path: &Path, offset: u64, most: u64) -> io::Result<Vec<u8>>;

    /// The length of a file.
    fn length(&self, path: &Path) -> io::Result<u64>;

    /// The names of what is in a folder, sorted.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Makes a folder in an existing one; nothing where it is there already.
    fn make_dir(&self, folder: &Path) -> io::Result<()>;

    /// Gives a file another name in its folder, in place of whatever had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; nothing where there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, folder: &Path) -> io::Result<()>;

    /// Cuts a file off and makes that durable.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;

    /// Makes durable which names stand in a folder.
    fn sync_dir(&self, folder: &Path) -> io::Result<()>;
}

/// A file that is written.
pub(crate) trait Output: Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes all bytes durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// The disk of the operating system.
pub(crate) struct Os;

impl Disk for Os {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        Ok(Box::new(OpenOptions::new().write(true).create_new(true).open(path)?))
    }

    fn read(&self, path: &Path, offset: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        std::fs::metadata(path).map(|m| m.len())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    fn make_dir(&self, folder: &Path) -> io::Result<()> {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            made => made,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn remove_dir(&self, folder: &Path) -> io::Result<()> {
        std::fs::remove_dir(folder)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        // a folder cannot be opened, and need not be synced, elsewhere
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

impl Output for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes a folder and those above it, durably.
pub(crate) fn make_root(folder: &Path) -> Result<(), StoreError> {
    let make = || {
        std::fs::create_dir_all(folder)?;
        Os.sync_dir(folder_of(folder))
    };
    make().map_err(|source| StoreError::Io { action: "make", path: folder.into(), source })
}

/// Puts a file in place of whatever had its name, whole or not at all, and durably.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let draft = draft_of(path);
    let write = || {
        let mut file = disk.create(&draft)?;
        file.write(bytes)?;
        file.sync()?;
        drop(file);
        disk.rename(&draft, path)?;
        disk.sync_dir(folder)
    };
    write().map_err(|source| {
        // best effort: the draft is in nobody's way, and the first error is the one to tell
        let _ = disk.remove(&draft);
        StoreError::Io { action: "write", path: path.into(), source }
    })
}

/// Whether a name is that of a draft that a crash left behind.
pub(crate) fn is_draft(name: &str) -> bool {
    name.starts_with(".draft-")
}

/// The folder that a file stands in; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name in the same folder that no other writer has.
fn draft_of(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder_of(path).join(format!(".draft-{}-{count}-{name}", std::process::id()))
}
