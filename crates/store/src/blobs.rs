//! Blobs as files, named by their SHA-256: `sha256/ab/cdef…`.
//!
//! A file is written beside its place, synced, and renamed into it, so that what stands under a hash is
//! whole. Reading hashes again: bytes that have changed on the disk are never handed out.

use crate::digest::sha256;
use crate::disk::{self, Disk};
use crate::{Blobs, StoreError};
use std::io;
use std::path::{Path, PathBuf};

/// Blobs in a folder.
pub struct FileBlobs {
    root: PathBuf,
    disk: Box<dyn Disk>,
}

impl FileBlobs {
    /// The blobs below a folder, which is made where there is none.
    pub fn open(folder: &Path) -> Result<FileBlobs, StoreError> {
        disk::make_root(folder)?;
        Ok(FileBlobs { root: folder.into(), disk: Box::new(disk::Os) })
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.root.join("sha256").join(&digest[..2]).join(&digest[2..])
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        match self.disk.read(path, 0, u64::MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { action: "read", path: path.into(), source }),
        }
    }

    /// Makes the folder of a blob and sees to it that it outlives a power cut.
    fn make_folder(&self, path: &Path) -> Result<(), StoreError> {
        let folder = disk::folder_of(path);
        let hashes = disk::folder_of(folder);
        let make = || {
            for folder in [hashes, folder] {
                self.disk.make_dir(folder)?;
                self.disk.sync_dir(disk::folder_of(folder))?;
            }
            Ok(())
        };
        make().map_err(|source| StoreError::Io { action: "make", path: folder.into(), source })
    }
}

impl Blobs for FileBlobs {
    fn put(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let digest = sha256(bytes);
        let path = self.path(&digest);
        self.make_folder(&path)?;
        // who put them before may not have synced the folder yet; damaged bytes are written anew
        if self.read(&path)?.as_deref() == Some(bytes) {
            let folder = disk::folder_of(&path);
            let synced = self.disk.sync_dir(folder);
            synced.map_err(|source| StoreError::Io { action: "sync", path: folder.into(), source })?;
        } else {
            disk::replace(self.disk.as_ref(), &path, bytes)?;
        }
        Ok(digest)
    }

    fn get(&self, digest: &str) -> Result<Vec<u8>, StoreError> {
        if !is_digest(digest) {
            return Err(StoreError::NoBlob(digest.to_string()));
        }
        let path = self.path(digest);
        let bytes = self.read(&path)?.ok_or_else(|| StoreError::NoBlob(digest.to_string()))?;
        let found = sha256(&bytes);
        if found != digest {
            let why = format!("its bytes hash to {found}, expected {digest}");
            return Err(StoreError::Damaged { path, why });
        }
        Ok(bytes)
    }
}

/// Whether this is a hash: anything else could name a file outside of the folder.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[test]
    fn they_keep_the_promises_of_blobs() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut count = 0;
        conformance::check_blobs(|| {
            count += 1;
            Box::new(FileBlobs::open(&folder.path().join(count.to_string())).expect("opened"))
        });
    }

    #[test]
    fn damage_is_told_and_mended_by_putting_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = FileBlobs::open(folder.path()).expect("opened");
        let digest = blobs.put(b"model").expect("kept");
        std::fs::write(blobs.path(&digest), b"m0del").expect("damaged");
        let error = blobs.get(&digest).expect_err("damaged").to_string();
        let expected = format!("its bytes hash to {}, expected {digest}", sha256(b"m0del"));
        assert!(error.ends_with(&expected), "{error}");
        blobs.put(b"model").expect("mended");
        assert_eq!(blobs.get(&digest).expect("there"), b"model");
    }

    #[test]
    fn no_draft_is_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = FileBlobs::open(folder.path()).expect("opened");
        let digest = blobs.put(b"model").expect("kept");
        let names = disk::Os.list(&folder.path().join("sha256").join(&digest[..2])).expect("there");
        assert_eq!(names, [&digest[2..]]);
    }
}
