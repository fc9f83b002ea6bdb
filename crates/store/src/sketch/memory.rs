//! The memory twin of the files of sketches, for tests and trials.

use super::{SketchSet, Sketches};
use crate::StoreError;
use domain::VersionId;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Sketches in a map.
#[derive(Debug, Default)]
pub struct MemorySketches {
    kept: Mutex<BTreeMap<(VersionId, u32), SketchSet>>,
}

impl MemorySketches {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<(VersionId, u32), SketchSet>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sketches for MemorySketches {
    fn put(&self, version: &VersionId, hour: u32, sketches: &SketchSet) -> Result<(), StoreError> {
        self.kept().insert((version.clone(), hour), sketches.clone());
        Ok(())
    }

    fn get(&self, version: &VersionId, hour: u32) -> Result<Option<SketchSet>, StoreError> {
        Ok(self.kept().get(&(version.clone(), hour)).cloned())
    }

    fn range(&self, from: u32, to: u32) -> Result<BTreeMap<VersionId, SketchSet>, StoreError> {
        let mut merged: BTreeMap<VersionId, SketchSet> = BTreeMap::new();
        for ((version, hour), sketches) in self.kept().iter() {
            if (from..to).contains(hour) {
                let sum = merged.entry(version.clone()).or_default();
                sum.merge(sketches).map_err(|e| e.within(Path::new("memory")))?;
            }
        }
        Ok(merged)
    }

    fn drop_before(&self, hour: u32) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let before = kept.len();
        kept.retain(|(_, of), _| *of >= hour);
        Ok((before - kept.len()) as u64)
    }
}
