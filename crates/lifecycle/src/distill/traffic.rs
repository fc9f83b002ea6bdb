//! What was really asked, as a part of a student's lesson: live rows without an outcome, labelled by the whole teacher.
//!
//! Not here: live rows with an outcome. They may be tomorrow's training rows or judges, so they teach nobody today.
//! One without may get one and judge later; its label was the teacher's, who did not know it either. Invariant: the teacher
//! saw none of these rows, nor do they stand among those that are held back (`known`).

use super::Class;
use super::ask::{Asked, BATCH, readable};
use super::known::Known;
use crate::live::{self, LiveRow, Unlabelled};
use crate::{Project, StageError};
use domain::{Table, Timestamp};
use models::Artifact;
use models::ensemble::Telling;

/// Live rows, in the columns of the training rows.
pub(super) struct Traffic {
    pub(super) rows: Table,
    /// What the teacher says, one row of classes a row.
    pub(super) said: Vec<f64>,
    /// Rows that were left out.
    pub(super) aside: u64,
    /// The time of the latest row.
    pub(super) until: Option<Timestamp>,
}

/// Labels the latest ones, as many as the plan takes.
pub(super) fn label(class: &Class<'_>, teacher: &Artifact, tell: Telling<'_>) -> Result<Traffic, StageError> {
    let columns = class.rows.rows.schema(0);
    let mut traffic = Traffic { rows: class.rows.rows.take(&[]), said: Vec::new(), aside: 0, until: None };
    let most = class.project.plan.distill.live_rows;
    let Some(found) = Unlabelled::latest(class.project, most)? else { return Ok(traffic) };
    let teacher = Asked::load("teacher", teacher)?;
    let known = Known::of(teacher.inputs(), class.rows, &[class.guard.examples(), class.test]);
    let mut visited = 0;
    found.batches(class.project, BATCH, &mut |batch| {
        if !tell(visited as f64 / found.rows() as f64, "live rows") {
            return Err(StageError::Interrupted);
        }
        visited += batch.len();
        let news: Vec<&LiveRow> = batch.iter().filter(|row| !held_back(class.project, &known, row)).collect();
        let table = live::inputs(&news, &columns);
        let seen = known.has(&table);
        let mut places = readable(&table, teacher.inputs());
        places.retain(|&row| !seen[row]);
        traffic.aside += (batch.len() - places.len()) as u64;
        if places.is_empty() {
            return Ok(());
        }
        let rows = table.take(&places);
        traffic.said.extend(teacher.answers(&rows)?);
        traffic.rows = traffic.rows.append(&rows).expect("they have the columns of the training rows");
        traffic.until = traffic.until.max(places.iter().map(|&row| news[row].at).max());
        Ok(())
    })?;
    Ok(traffic)
}

/// Whether a row is about an entity that was held back whole. One that does not say whom it is about is nobody's: no
/// outcome comes with it, and a row that is held back itself is known by its cells.
fn held_back(project: &Project, known: &Known<'_>, row: &LiveRow) -> bool {
    project.plan.data.entity.as_deref().is_some_and(|name| known.holds_back(live::entity(row, name)))
}
