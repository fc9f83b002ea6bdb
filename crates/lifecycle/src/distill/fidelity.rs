//! How like its teacher what serves answers: what can be watched long before outcomes come.
//!
//! Not how good it is: a student can copy mistakes. Invariant: only rows count that neither of the two learned from.

use super::ask::{Asked, readable};
use super::known::Known;
use crate::version::artifact;
use crate::{Project, StageError, data};
use domain::gate::Estimate;
use domain::{History, Origin, OutputKind, Schema, Table, Timestamp, VersionId};

const LEVEL: f64 = 0.95;

/// How like the labeller another version is, on rows that neither learned from, each number with its interval at 95%.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Fidelity {
    /// Which version.
    pub student: VersionId,
    /// The share of rows on which both find the same class most probable.
    pub agreement: Estimate,
    /// KL(labeller ‖ student), in nats.
    pub divergence: Estimate,
    /// Total variation, 0 to 1.
    pub variation: Estimate,
}

/// The version that taught what serves; `None` where no student serves.
pub fn teacher(history: &History) -> Option<&VersionId> {
    match &history.incumbent()?.origin {
        Origin::Student { teacher } => Some(teacher),
        _ => None,
    }
}

/// What is known of a row beside its cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// When it happened, where it is a live row.
    pub(super) at: Option<Timestamp>,
    /// Whom it is about: rows of one count together.
    pub(super) whom: u64,
}

/// What serves, with its own answers and the labeller's.
pub(super) struct Student<'a> {
    pub(super) id: VersionId,
    asked: Asked,
    known: Known<'a>,
    /// The latest live row that it was taught.
    until: Option<Timestamp>,
    own: Vec<f64>,
    labeller: Vec<f64>,
    whom: Vec<u64>,
    width: usize,
}

impl<'a> Student<'a> {
    /// What serves, or why it is not compared with a labeller of these inputs.
    pub(super) fn of(
        project: &Project,
        by: &VersionId,
        inputs: &'a Schema,
        output: &OutputKind,
    ) -> Result<Result<Student<'a>, String>, StageError> {
        let history = project.history()?;
        let Some(serving) = history.incumbent() else { return Ok(Err("nothing serves".into())) };
        let id = serving.version.clone();
        if id == *by {
            return Ok(Err("what serves is what labelled".into()));
        }
        let kept = artifact(project, &id)?;
        if kept.signature.output != *output || !matches!(output, OutputKind::Probabilities { .. }) {
            return Ok(Err(format!("version {id}, which serves, does not answer the same classes")));
        }
        let train = data::load(project)?.split(&project.plan)?.train;
        Ok(Ok(Student {
            asked: Asked::load(id.short(), &kept)?,
            id,
            known: Known::of(inputs, &train, &[]),
            until: taught_until(&history),
            own: Vec::new(),
            labeller: Vec::new(),
            whom: Vec::new(),
            width: output.width(),
        }))
    }

    /// What it takes.
    pub(super) fn inputs(&self) -> &Schema {
        self.asked.inputs()
    }

    /// Answers those of the rows that are new to both; `said` is what the labeller says of all.
    pub(super) fn compare(&mut self, rows: &Table, said: &[f64], about: &[About]) -> Result<(), StageError> {
        let seen = self.known.has(rows);
        let late = |at: Option<Timestamp>| at.is_none() || at > self.until;
        let mut places = readable(rows, self.asked.inputs());
        places.retain(|&row| !seen[row] && late(about[row].at));
        if places.is_empty() {
            return Ok(());
        }
        self.own.extend(self.asked.answers(&rows.take(&places))?);
        let width = self.width;
        self.labeller.extend(places.iter().flat_map(|&row| &said[row * width..(row + 1) * width]));
        self.whom.extend(places.iter().map(|&row| about[row].whom));
        Ok(())
    }

    /// What all of it comes to.
    pub(super) fn fidelity(self) -> Result<Fidelity, String> {
        let (labeller, own) = (&self.labeller, &self.own);
        let few = |why| format!("of {} rows that neither learned from: {why}", self.whom.len());
        let found =
            stats::distill::fidelity_estimate(labeller, own, self.width, &self.whom, LEVEL).map_err(few)?;
        Ok(Fidelity {
            student: self.id,
            agreement: found.agreement.into(),
            divergence: found.divergence.into(),
            variation: found.variation.into(),
        })
    }
}

/// The latest live row that any student of this teacher was taught.
fn taught_until(history: &History) -> Option<Timestamp> {
    let teacher = teacher(history);
    let lessons = history.distilled.iter().filter(|lesson| Some(&lesson.facts.teacher) == teacher);
    lessons.filter_map(|lesson| lesson.facts.lesson.until).max()
}
