//! Why production disappoints: runs every check, in the order from exact to statistical, and asks the rule.
//!
//! Each check is a file of its own and knows nothing of the others. Not here: which cause follows from what was found
//! ([`domain::diagnosis`]).

mod answers;
mod behaviour;
mod evidence;
mod fingerprint;
mod labels;
mod looked;
mod loss;
pub mod reference;
pub mod simulate;
pub mod traffic;
mod transform;
mod without_labels;

pub use reference::Reference;
pub use traffic::{Asked, Traffic};
pub use transform::{Program, Transform};
pub use without_labels::WithoutLabels;

use crate::drift::Comparison;
use crate::version::Version;
use crate::{Project, StageError};
use domain::diagnosis::{Change, Diagnosis, Facts, diagnose};
use domain::{Event, Timestamp};
use looked::Looked;
pub(crate) use traffic::places;

/// The newest rows of the window that are looked at, in a row.
const NEWEST: usize = 20_000;
/// Rows of either side that a classifier is trained on, and rows whose loss is taken apart.
const SAMPLE: usize = 2000;

/// What is diagnosed.
pub struct Case<'a> {
    /// The project.
    pub project: &'a Project,
    /// The version that serves.
    pub version: &'a Version,
    /// What it is measured by.
    pub reference: &'a Reference,
    /// What it answered.
    pub traffic: &'a Traffic,
    /// What recomputes its inputs.
    pub transform: Option<&'a dyn Transform>,
    /// What the business counts, before and now.
    pub kpi: Option<Change>,
}

/// What was found.
pub struct Found {
    /// What the rule was given.
    pub facts: Facts,
    /// What it said.
    pub diagnosis: Diagnosis,
    /// Every column, with pictures.
    pub comparison: Comparison,
    /// What the quality would be by what is known without labels; nothing rests on it.
    pub without_labels: Vec<WithoutLabels>,
}

impl Found {
    /// The event that records it.
    pub fn event(&self, project: &Project) -> Event {
        let rules = serde_json::to_value(&project.plan.watch).expect("a plan section is plain data");
        Event::Diagnosed { facts: Box::new(self.facts.clone()), rules, diagnosis: self.diagnosis.clone() }
    }
}

/// Runs every check; `None` where the version has not answered yet.
pub fn run(case: &Case<'_>) -> Result<Option<Found>, StageError> {
    let Some(now) = case.traffic.now.or_else(|| case.traffic.rows.last().map(|row| row.at)) else {
        return Ok(None);
    };
    let window = case.traffic.since(Timestamp(now.0.saturating_sub(case.project.plan.watch.window.0)));
    let newest = &window[window.len().saturating_sub(NEWEST)..];
    if newest.is_empty() {
        return Ok(None);
    }
    let looked = Looked::at(case, newest, now)?;
    let columns = looked.columns()?;
    // what came before a column moved is not what is now
    let (looked, columns) = match looked.since(&columns)? {
        Some(later) => {
            let columns = later.columns()?;
            (later, columns)
        }
        None => (looked, columns),
    };
    let together = looked.together()?;
    let comparison = looked.comparison(columns, together.as_ref())?;
    let facts = looked.facts(&comparison, together.as_ref())?;
    let diagnosis = diagnose(&case.project.plan.watch, &facts);
    let without_labels = looked.without_labels(together.as_ref())?;
    Ok(Some(Found { facts, diagnosis, comparison, without_labels }))
}
