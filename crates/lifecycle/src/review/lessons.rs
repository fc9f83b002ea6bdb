//! Which of the predictions that people were shown taught which version: a list beside each version, kept with it.
//!
//! Lineage both ways: from a version to its lessons, and from a prediction to the versions that learned from it.
//! Invariant: the list holds what was trained on, as it was then; nothing is worked out afterwards.

use crate::{Project, StageError};
use domain::history::Standing;
use domain::review::{Taught, Why};
use domain::{History, PredictionId};
use serde::{Deserialize, Serialize};

/// One row that was drawn for people and then trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// Which prediction, in hex digits.
    pub prediction: String,
    /// Why it was drawn.
    pub why: Why,
    /// The chance with which it was drawn, above 0.
    pub chance: f64,
    /// In which round, from 0.
    pub round: usize,
    /// Its weight in training, above 0.
    pub weight: f64,
}

/// Keeps a version's lessons; `None` where there are none.
pub(crate) fn keep(project: &Project, lessons: &[Lesson]) -> Result<Option<Taught>, StageError> {
    if lessons.is_empty() {
        return Ok(None);
    }
    let mut taught = Taught { labels: Default::default(), list: String::new() };
    for lesson in lessons {
        *taught.labels.entry(lesson.why).or_insert(0) += 1;
    }
    let bytes = serde_json::to_vec(lessons).expect("lessons are plain data");
    taught.list = project.blobs.put(&bytes)?;
    Ok(Some(taught))
}

/// A version's lessons, in the order of their rows; none where people taught it nothing.
pub fn lessons(project: &Project, version: &Standing) -> Result<Vec<Lesson>, StageError> {
    let Some(taught) = &version.trained_on.reviewed else { return Ok(Vec::new()) };
    let bytes = project.blobs.get(&taught.list)?;
    serde_json::from_slice(&bytes).map_err(|why| {
        let hint = "restore it from a copy of the project; the version itself is whole";
        StageError::data(&format!("the lessons {}", taught.list), why.to_string(), hint)
    })
}

/// The versions that learned from a prediction, oldest first, each with what it was to them.
pub fn learners<'a>(
    project: &Project,
    history: &'a History,
    prediction: PredictionId,
) -> Result<Vec<(&'a Standing, Lesson)>, StageError> {
    let name = prediction.to_string();
    let mut found = Vec::new();
    for version in &history.versions {
        let own = lessons(project, version)?.into_iter().find(|lesson| lesson.prediction == name);
        found.extend(own.map(|lesson| (version, lesson)));
    }
    Ok(found)
}
