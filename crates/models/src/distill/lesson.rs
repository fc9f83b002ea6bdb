//! What a student learns from: rows, what is true of them, and what the teacher says.

use crate::contract::FitError;
use crate::supervise;
use domain::{Column, Examples, Table, Target, Values};
use stats::BadInput;
use stats::distill::soften;
use stats::metric::most_probable;

/// Rows with hard and soft labels. Both hold one row of classes a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    rows: Table,
    classes: Vec<String>,
    /// What is true; of bred rows, what the teacher says.
    hard: Vec<f64>,
    /// What the teacher says.
    soft: Vec<f64>,
    weight: Vec<f64>,
    /// Whether a row is of the training rows.
    real: Vec<bool>,
    /// Whether a teacher is heard.
    taught: bool,
}

impl Lesson {
    /// Of training rows, where `teacher` never saw the row that it speaks of.
    pub fn new(data: &Examples, teacher: &[f64]) -> Result<Lesson, FitError> {
        let target = supervise::classes("student", data)?;
        check(teacher, data.len(), target.names.len())?;
        Ok(Lesson {
            rows: data.rows.clone(),
            classes: target.names.to_vec(),
            soft: teacher.to_vec(),
            real: vec![true; data.len()],
            taught: true,
            weight: target.weight,
            hard: target.probability,
        })
    }

    /// With rows that are bred or unlabelled, of the same columns, and a weight for each: 1 or less.
    pub fn with(mut self, rows: &Table, teacher: &[f64], weight: f64) -> Result<Lesson, FitError> {
        check(teacher, rows.rows(), self.classes.len())?;
        self.rows = joined(&self.rows, rows)?;
        self.hard.extend_from_slice(teacher);
        self.soft.extend_from_slice(teacher);
        self.weight.extend(std::iter::repeat_n(weight, rows.rows()));
        self.real.extend(std::iter::repeat_n(false, rows.rows()));
        Ok(self)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.rows()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Class names, sorted.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Whether a teacher is heard. Where none is there is no temperature either: at 2, labels would be learned by answers
    /// that are twice as sure.
    pub(crate) fn is_taught(&self) -> bool {
        self.taught
    }

    /// Whether a row is of the training rows, whose labels are known.
    pub(crate) fn real(&self) -> &[bool] {
        &self.real
    }

    /// The same rows for the twin that no teacher taught: real rows as they are, others with the class that the teacher
    /// finds most probable.
    pub fn hard_twin(&self) -> Lesson {
        let width = self.classes.len();
        let mut hard = self.hard.clone();
        let said = most_probable(&self.soft, width);
        let rows = hard.chunks_exact_mut(width).zip(said).zip(&self.real);
        for ((row, class), _) in rows.filter(|(_, real)| !**real) {
            row.fill(0.0);
            row[class] = 1.0;
        }
        Lesson { soft: hard.clone(), hard, taught: false, ..self.clone() }
    }

    /// Some of the rows, in the order given.
    pub fn take(&self, rows: &[usize]) -> Lesson {
        let width = self.classes.len();
        let of =
            |from: &[f64]| rows.iter().flat_map(|&r| &from[r * width..(r + 1) * width]).copied().collect();
        Lesson {
            rows: self.rows.take(rows),
            classes: self.classes.clone(),
            hard: of(&self.hard),
            soft: of(&self.soft),
            weight: rows.iter().map(|&r| self.weight[r]).collect(),
            real: rows.iter().map(|&r| self.real[r]).collect(),
            taught: self.taught,
        }
    }

    /// Examples with hard labels, for a student that takes the teacher apart; see [`Lesson::softened`].
    pub fn hard(&self) -> Examples {
        self.examples(self.hard.clone())
    }

    /// What the teacher says at a temperature above 0.
    pub fn softened(&self, temperature: f64) -> Result<Vec<f64>, FitError> {
        soften(&self.soft, self.classes.len(), temperature).map_err(refused)
    }

    /// Examples with one label: `hard_share` of the truth and the rest of the teacher, as it is. For students that are
    /// not networks: at another temperature than 1 their answers would not be probabilities of anything.
    pub fn mixed(&self, hard_share: f64) -> Examples {
        let mix = |(h, s): (&f64, &f64)| hard_share * h + (1.0 - hard_share) * s;
        self.examples(self.hard.iter().zip(&self.soft).map(mix).collect())
    }

    fn examples(&self, probability: Vec<f64>) -> Examples {
        let target = Target::Soft { classes: self.classes.clone(), probability };
        Examples {
            rows: self.rows.clone(),
            target,
            weight: Some(self.weight.clone()),
            at: None,
            entity: None,
        }
    }
}

fn check(teacher: &[f64], rows: usize, width: usize) -> Result<(), FitError> {
    if teacher.len() != rows * width {
        let found = teacher.len();
        return Err(supervise::bad(
            "student",
            format!("the teacher says {found} numbers of {rows} rows and {width} classes"),
        ));
    }
    soften(teacher, width, 1.0).map(|_| ()).map_err(refused)
}

fn refused(e: BadInput) -> FitError {
    supervise::bad("student", format!("what the teacher says: {e}"))
}

/// The first table's rows, then the second's, by the first's columns.
fn joined(first: &Table, second: &Table) -> Result<Table, FitError> {
    let mut columns = Vec::new();
    for column in first.columns() {
        let missing = || supervise::bad("student", format!("bred rows have no column `{}`", column.name));
        let more = second.column(&column.name).ok_or_else(missing)?;
        let mut values = column.values.clone();
        match (&mut values, &more.values) {
            (Values::Number(a), Values::Number(b)) => a.extend_from_slice(b),
            (Values::Text(a), Values::Text(b)) => a.extend_from_slice(b),
            (Values::Time(a), Values::Time(b)) => a.extend_from_slice(b),
            (Values::Tensor { shape: s, data: a }, Values::Tensor { shape: t, data: b }) if s == t => {
                a.extend_from_slice(b)
            }
            (own, other) => {
                let (name, own, other) = (&column.name, own.kind(), other.kind());
                return Err(supervise::bad(
                    "student",
                    format!("column `{name}` is {own}, of bred rows {other}"),
                ));
            }
        }
        columns.push(Column { name: column.name.clone(), values });
    }
    Table::new(columns).map_err(|e| supervise::bad("student", e.to_string()))
}
