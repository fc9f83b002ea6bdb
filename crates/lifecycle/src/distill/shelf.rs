//! The parts of a teacher on the disk, so that an interrupted fit goes on where it was.

use crate::{Project, StageError};
use models::ensemble::Shelf;
use std::path::PathBuf;
use store::StoreError;

/// A folder of parts, one file each. A part is written beside and renamed, so that none is half there.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(project: &Project) -> Result<Folder, StageError> {
        let path = project.dir.join(".incumbent").join("distill");
        let failed =
            |source| StageError::Store(StoreError::Io { action: "make", path: path.clone(), source });
        std::fs::create_dir_all(&path).map_err(failed)?;
        Ok(Folder(path))
    }

    fn file(&self, key: &str) -> PathBuf {
        self.0.join(store::digest::sha256(key.as_bytes()))
    }
}

impl Shelf for Folder {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        std::fs::read(self.file(key)).ok()
    }

    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        let file = self.file(key);
        let beside = file.with_extension("part");
        let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, &file));
        written.map_err(|why| format!("could not keep {}: {why}", file.display()))
    }
}

/// What is kept and nothing else: a fit that would have to make a part of it stops with an error instead.
pub(super) struct OnlyKept(pub(super) Folder);

impl Shelf for OnlyKept {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn put(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Err("nothing new is kept".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_back_and_another_key_is_another_part() {
        let dir = tempfile::tempdir().expect("a folder");
        let shelf = Folder(dir.path().to_path_buf());
        shelf.put("a/b of 3", b"bytes").expect("kept");
        assert_eq!((shelf.get("a/b of 3"), shelf.get("a")), (Some(b"bytes".to_vec()), None));
        let only = OnlyKept(shelf);
        assert!(only.put("a", b"more").is_err(), "nothing new");
        assert_eq!((only.get("a/b of 3"), only.get("a")), (Some(b"bytes".to_vec()), None));
    }
}
