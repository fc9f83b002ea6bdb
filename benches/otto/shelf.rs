//! A folder as a shelf: one file a part, written beside and then renamed, so that none is half there.

use models::ensemble::Shelf;
use std::path::{Path, PathBuf};

/// A folder of parts.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder, made if it is not there.
    pub fn open(path: &Path) -> std::io::Result<Folder> {
        std::fs::create_dir_all(path)?;
        Ok(Folder(path.to_path_buf()))
    }
}

impl Shelf for Folder {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        std::fs::read(self.0.join(key)).ok()
    }

    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        let half = self.0.join(format!("{key}.half"));
        let whole = std::fs::write(&half, bytes).and_then(|()| std::fs::rename(&half, self.0.join(key)));
        whole.map_err(|e| format!("{}: {e}", half.display()))
    }
}
