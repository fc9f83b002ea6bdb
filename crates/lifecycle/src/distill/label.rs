//! The teacher behind its student, as an offline labeller: it answers rows in batches, without a budget of time, and what
//! it says is compared with what its student says of the same rows.
//!
//! Not outcomes: nothing of this reaches the journal, and nobody learns from it by itself. Invariant: the work ends in a
//! whole table or in none.

use super::ask::{Asked, BATCH, readable};
use super::fidelity::{About, Student};
use super::sheet::Sheet;
use crate::live::{self, LiveRow, Unlabelled};
use crate::version::artifact;
use crate::{Progress, Project, StageError, data};
use domain::{Field, Schema, Table, VersionId};
use std::path::Path;

pub use super::fidelity::{Fidelity, teacher};

/// What came of it.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The answers, a row a row that was answered: `prediction_id`, or `row` of a file (the first is 1); `label`, the most
    /// probable class; and `probabilities:CLASS` each. A number is `value`, a path `value:1` and on.
    pub answers: Table,
    /// Rows that the labeller could not read.
    pub aside: u64,
    /// How like the labeller what serves is, or why that is not known.
    pub fidelity: Result<Fidelity, String>,
}

/// Has a version answer the rows of a file, or the journal's rows without an outcome.
pub fn run(
    project: &Project,
    by: &VersionId,
    file: Option<&Path>,
    progress: &mut dyn Progress,
) -> Result<Labelled, StageError> {
    let artifact = artifact(project, by)?;
    let labeller = Asked::load(by.short(), &artifact)?;
    let output = artifact.signature.output;
    let student = Student::of(project, by, labeller.inputs(), &output)?;
    let sheet = Sheet::new(output, file.is_some());
    let mut desk = Desk { project, by, labeller: &labeller, student, sheet, asked: 0, all: 0 };
    match file {
        Some(path) => desk.file(path, progress)?,
        None => desk.journal(progress)?,
    }
    desk.finish(file)
}

/// A labelling under way.
struct Desk<'a> {
    project: &'a Project,
    by: &'a VersionId,
    labeller: &'a Asked,
    student: Result<Student<'a>, String>,
    sheet: Sheet,
    asked: u64,
    all: u64,
}

/// Some rows to be answered.
struct Batch {
    /// What the sheet calls each.
    names: Vec<String>,
    rows: Table,
    about: Vec<About>,
}

impl Desk<'_> {
    fn file(&mut self, path: &Path, progress: &mut dyn Progress) -> Result<(), StageError> {
        let table = data::read_for(&self.project.plan, path, self.labeller.inputs())?;
        let lacking = self.student.as_ref().ok().and_then(|student| {
            let field = student.inputs().fields.iter().find(|field| !holds(&table, field))?;
            Some(format!(
                "the rows have no {} `{}`, which version {} takes",
                field.kind, field.name, student.id
            ))
        });
        if let Some(why) = lacking {
            self.student = Err(why);
        }
        let whom = self.whom(&table, path)?;
        self.begin(table.rows() as u64, progress);
        for first in (0..table.rows()).step_by(BATCH) {
            let places: Vec<usize> = (first..table.rows().min(first + BATCH)).collect();
            let about = places.iter().map(|&row| About { at: None, whom: whom[row] }).collect();
            let names = places.iter().map(|row| (row + 1).to_string()).collect();
            self.answer(&Batch { names, rows: table.take(&places), about }, progress)?;
        }
        Ok(())
    }

    /// Whom each row of a file is about; where no column says so, rows are about somebody each.
    fn whom(&self, table: &Table, path: &Path) -> Result<Vec<u64>, StageError> {
        let named = self.project.plan.data.entity.as_deref().filter(|name| table.column(name).is_some());
        let Some(name) = named else { return Ok((0..table.rows() as u64).collect()) };
        let names = data::names(table, name, &path.display().to_string())?;
        Ok(names.iter().map(|name| store::digest::hash64(name)).collect())
    }

    fn journal(&mut self, progress: &mut dyn Progress) -> Result<(), StageError> {
        let Some(found) = Unlabelled::latest(self.project, usize::MAX)? else {
            let none = "no live row is without an outcome";
            return Err(StageError::data("journal", none, "name a table of rows: --data FILE"));
        };
        let columns = self.columns();
        let entity = self.project.plan.data.entity.clone();
        self.begin(found.rows(), progress);
        found.batches(self.project, BATCH, &mut |rows| {
            let about = |(place, row): (usize, &LiveRow)| {
                let alone = self.asked + place as u64;
                let whom = entity.as_deref().map_or(alone, |name| live::entity(row, name));
                About { at: Some(row.at), whom }
            };
            let about = rows.iter().enumerate().map(about).collect();
            let names = rows.iter().map(|row| row.prediction.to_string()).collect();
            let rows = live::inputs(&rows.iter().collect::<Vec<_>>(), &columns);
            self.answer(&Batch { names, rows, about }, progress)
        })
    }

    /// The columns that the labeller takes, and those that only its student does.
    fn columns(&self) -> Schema {
        let mut columns = self.labeller.inputs().clone();
        let more = self.student.iter().flat_map(|student| &student.inputs().fields);
        let more: Vec<Field> = more.filter(|field| columns.field(&field.name).is_none()).cloned().collect();
        columns.fields.extend(more);
        columns
    }

    fn begin(&mut self, rows: u64, progress: &mut dyn Progress) {
        self.all = rows;
        progress.begin("label", &format!("{rows} rows by version {}", self.by));
    }

    fn answer(&mut self, batch: &Batch, progress: &mut dyn Progress) -> Result<(), StageError> {
        if !progress.share(self.asked as f64 / self.all as f64) {
            return Err(StageError::Interrupted);
        }
        self.asked += batch.rows.rows() as u64;
        let places = readable(&batch.rows, self.labeller.inputs());
        if places.is_empty() {
            return Ok(());
        }
        let rows = batch.rows.take(&places);
        let said = self.labeller.answers(&rows)?;
        if let Ok(student) = &mut self.student {
            student.compare(&rows, &said, &places.iter().map(|&row| batch.about[row]).collect::<Vec<_>>())?;
        }
        self.sheet.add(places.iter().map(|&row| batch.names[row].clone()), &said);
        Ok(())
    }

    fn finish(self, file: Option<&Path>) -> Result<Labelled, StageError> {
        let answered = self.sheet.rows();
        if answered == 0 {
            let whose = file.map_or("journal".into(), |path| path.display().to_string());
            let found = format!("version {} can read none of {} rows", self.by, self.asked);
            let hint = "each lacks a cell of a column that no training row lacked one of";
            return Err(StageError::data(&whose, found, hint));
        }
        let fidelity = self.student.and_then(Student::fidelity);
        Ok(Labelled { answers: self.sheet.table(), aside: self.asked - answered, fidelity })
    }
}

fn holds(table: &Table, field: &Field) -> bool {
    table.column(&field.name).is_some_and(|column| column.values.kind() == field.kind)
}
