//! A project: its plan, and the houses where its facts live.

use crate::StageError;
use crate::cost::Door;
use domain::{Event, History, Plan, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;
use store::{Blobs, Journal, Registry};

/// A plan and the stores of its folder. Cheap to clone.
#[derive(Clone)]
pub struct Project {
    /// The plan's folder.
    pub dir: PathBuf,
    /// The plan.
    pub plan: Arc<Plan>,
    /// Events.
    pub registry: Arc<dyn Registry>,
    /// Bytes of versions.
    pub blobs: Arc<dyn Blobs>,
    /// Predictions and outcomes.
    pub journal: Arc<dyn Journal>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Who serves a version to see what that costs; without one, a bounded cost stays unknown.
    pub door: Option<Arc<dyn Door>>,
}

/// Who is told how far a stage has come, and may stop it.
pub trait Progress: Send {
    /// A stage begins.
    fn begin(&mut self, stage: &str, what: &str);
    /// The share done, 0 to 1. `false` asks the stage to stop.
    fn share(&mut self, share: f64) -> bool;
    /// A line that is worth reading.
    fn say(&mut self, line: &str);
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &str, _: &str) {}
    fn share(&mut self, _: f64) -> bool {
        true
    }
    fn say(&mut self, _: &str) {}
}

impl Project {
    /// Where everything stands.
    pub fn history(&self) -> Result<History, StageError> {
        Ok(History::fold(&self.registry.events(0)?))
    }

    /// Writes these events, all or none.
    pub fn record(&self, events: &[Event]) -> Result<u64, StageError> {
        Ok(self.registry.record_all((self.now)(), events)?)
    }

    /// The folder of what is kept of it.
    pub fn state(&self) -> PathBuf {
        self.dir.join(".incumbent")
    }

    /// The table's path.
    pub fn source(&self) -> PathBuf {
        self.dir.join(&self.plan.data.source)
    }

    /// The path of the rows that judge, where they have a file of their own.
    pub fn test_source(&self) -> Option<PathBuf> {
        self.plan.data.test.as_ref().map(|file| self.dir.join(file))
    }
}
