//! Sketches as files: `VERSION/HOUR.sketch`, each written whole or not at all.
//!
//! Invariant: a file is the last set that was put for its version and hour. The disk is asked what is there, so
//! that nothing has to be rebuilt after a crash.

use super::{SketchSet, Sketches};
use crate::StoreError;
use crate::disk::{self, Disk};
use domain::VersionId;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Sketches in a folder.
pub struct FileSketches {
    root: PathBuf,
    disk: Box<dyn Disk>,
}

impl FileSketches {
    /// The sketches below a folder, which is made where there is none.
    pub fn open(folder: &Path) -> Result<FileSketches, StoreError> {
        disk::make_root(folder)?;
        Ok(FileSketches { root: folder.into(), disk: Box::new(disk::Os) })
    }

    /// Where a set stands; nothing for a version that is no hash and could name another folder.
    fn path(&self, version: &VersionId, hour: u32) -> Option<PathBuf> {
        let VersionId(name) = version;
        let is_hash = !name.is_empty() && name.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| self.root.join(name).join(format!("{hour:010}.sketch")))
    }

    fn read(&self, path: &Path) -> Result<Option<SketchSet>, StoreError> {
        match self.disk.read(path, 0, u64::MAX) {
            Ok(bytes) => SketchSet::from_bytes(&bytes).map(Some).map_err(|e| e.within(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { action: "read", path: path.into(), source }),
        }
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        self.disk.list(folder).map_err(|source| StoreError::Io {
            action: "list",
            path: folder.into(),
            source,
        })
    }

    /// Every set that is kept: version, hour and place.
    fn kept(&self) -> Result<Vec<(VersionId, u32, PathBuf)>, StoreError> {
        let mut kept = Vec::new();
        for version in self.list(&self.root)? {
            let folder = self.root.join(&version);
            for name in self.list(&folder)? {
                // drafts that a crash left behind have other names
                if let Some(hour) = name.strip_suffix(".sketch").and_then(|hour| hour.parse().ok()) {
                    kept.push((VersionId(version.clone()), hour, folder.join(&name)));
                }
            }
        }
        Ok(kept)
    }
}

impl Sketches for FileSketches {
    fn put(&self, version: &VersionId, hour: u32, sketches: &SketchSet) -> Result<(), StoreError> {
        let path = self.path(version, hour).ok_or_else(|| {
            let why = format!("version `{}` is no hash in hex", version.0);
            StoreError::Lossy { what: "sketches", why }
        })?;
        let folder = disk::folder_of(&path);
        let make = || {
            self.disk.make_dir(folder)?;
            self.disk.sync_dir(&self.root)
        };
        make().map_err(|source| StoreError::Io { action: "make", path: folder.into(), source })?;
        disk::replace(self.disk.as_ref(), &path, &sketches.to_bytes())
    }

    fn get(&self, version: &VersionId, hour: u32) -> Result<Option<SketchSet>, StoreError> {
        match self.path(version, hour) {
            Some(path) => self.read(&path),
            None => Ok(None),
        }
    }

    fn range(&self, from: u32, to: u32) -> Result<BTreeMap<VersionId, SketchSet>, StoreError> {
        let mut merged: BTreeMap<VersionId, SketchSet> = BTreeMap::new();
        for (version, hour, path) in self.kept()? {
            // one that was dropped in between is no error
            if let Some(sketches) =
                (from..to).contains(&hour).then(|| self.read(&path)).transpose()?.flatten()
            {
                merged.entry(version).or_default().merge(&sketches).map_err(|e| e.within(&path))?;
            }
        }
        Ok(merged)
    }

    fn drop_before(&self, hour: u32) -> Result<u64, StoreError> {
        let old: Vec<PathBuf> =
            self.kept()?.into_iter().filter(|(_, of, _)| *of < hour).map(|(_, _, path)| path).collect();
        for path in &old {
            let removed = self.disk.remove(path);
            removed.map_err(|source| StoreError::Io { action: "remove", path: path.clone(), source })?;
        }
        Ok(old.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[test]
    fn they_keep_the_promises_of_sketches() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut count = 0;
        conformance::check_sketches(|| {
            count += 1;
            Box::new(FileSketches::open(&folder.path().join(count.to_string())).expect("opened"))
        });
    }

    #[test]
    fn they_are_there_when_opened_again_and_damage_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let version = VersionId("ab12".into());
        let open = || FileSketches::open(folder.path()).expect("opened");
        open().put(&version, 7, &SketchSet::default()).expect("kept");
        assert_eq!(open().get(&version, 7).expect("readable"), Some(SketchSet::default()));
        let path = folder.path().join("ab12/0000000007.sketch");
        std::fs::write(&path, b"something else").expect("written");
        let error = open().range(0, 9).expect_err("damaged").to_string();
        assert!(
            error.ends_with("0000000007.sketch is damaged: its bytes do not have their checksum"),
            "{error}"
        );
    }

    #[test]
    fn a_version_cannot_name_another_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let sketches = FileSketches::open(&folder.path().join("in")).expect("opened");
        for name in ["", "../ab", "/tmp/ab", "xy"] {
            let version = VersionId(name.into());
            assert!(sketches.put(&version, 1, &SketchSet::default()).is_err(), "{name} is refused");
            assert_eq!(sketches.get(&version, 1).expect("nothing there"), None);
        }
    }

    fn with_power_for(changes: Option<usize>) -> (crate::frail::Frail, FileSketches) {
        let root = Path::new("/sketches");
        let disk = crate::frail::Frail::new(root, changes);
        (disk.clone(), FileSketches { root: root.into(), disk: Box::new(disk) })
    }

    #[test]
    fn a_power_cut_leaves_the_old_set_or_the_new_one() {
        let (version, mut old, new) = (VersionId("ab".into()), SketchSet::default(), SketchSet::default());
        let table = domain::Table::new(vec![domain::Column {
            name: "x".into(),
            values: domain::Values::Number(vec![1.0]),
        }]);
        old.observe(&table.expect("one column")).expect("the first");
        for changes in 0..12 {
            for seed in 0..8 {
                let (disk, sketches) = with_power_for(None);
                sketches.put(&version, 1, &old).expect("powered");
                disk.revived(Some(changes));
                let put = sketches.put(&version, 1, &new).is_ok();
                let disk = disk.after_power_cut(seed, None);
                let after = FileSketches { root: "/sketches".into(), disk: Box::new(disk) };
                let found = after.get(&version, 1).expect("readable").expect("there");
                assert!(found == new || (found == old && !put), "cut after {changes} changes, seed {seed}");
            }
        }
    }
}
