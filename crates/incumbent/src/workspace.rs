//! Opening a project: its plan, and the stores in its `.incumbent` folder.

use crate::plan_file;
use anyhow::Context;
use domain::Timestamp;
use lifecycle::Project;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::sketch::{FileSketches, Sketches};
use store::{FileJournal, StoreError};

/// The folder, beside the plan, with everything that incumbent keeps.
pub const STATE: &str = ".incumbent";

/// Opens the project of a folder, making its stores where they are not there yet.
pub fn open(dir: &Path) -> anyhow::Result<Project> {
    open_with(dir, journal)
}

/// The same for a command that only looks on, and may do so for days: a server can be started meanwhile.
pub fn open_to_watch(dir: &Path) -> anyhow::Result<Project> {
    open_with(dir, |folder| Ok(FileJournal::open_for_reading(folder)))
}

fn open_with(
    dir: &Path,
    journal: impl Fn(&Path) -> Result<FileJournal, StoreError>,
) -> anyhow::Result<Project> {
    let plan = plan_file::read(dir)?;
    let dir = folder(dir);
    let state = dir.join(STATE);
    std::fs::create_dir_all(&state).with_context(|| format!("could not make {}", state.display()))?;
    Ok(Project {
        plan: Arc::new(plan),
        registry: Arc::new(store::SqliteRegistry::open(&state.join("registry.sqlite"))?),
        blobs: Arc::new(store::FileBlobs::open(&state.join("blobs"))?),
        journal: Arc::new(journal(&state.join("journal"))?),
        now: Arc::new(now),
        door: Some(Arc::new(crate::door::OwnServer)),
        dir,
    })
}

/// Where a project's live rows are kept by the hour.
pub fn sketches(project: &Project) -> anyhow::Result<Arc<dyn Sketches>> {
    Ok(Arc::new(FileSketches::open(&project.dir.join(STATE).join("sketches"))?))
}

/// The journal, for reading only where another incumbent writes to it: what it served can be looked at
/// while it serves.
fn journal(folder: &Path) -> Result<FileJournal, StoreError> {
    match FileJournal::open(folder) {
        Err(StoreError::InUse { .. }) => Ok(FileJournal::open_for_reading(folder)),
        opened => opened,
    }
}

/// The wall clock.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_micros() as i64)
}

fn folder(dir: &Path) -> PathBuf {
    match dir.extension() {
        Some(e) if e == "toml" => dir.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf),
        _ => dir.to_path_buf(),
    }
}
