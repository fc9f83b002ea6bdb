//! One column, summed up as it is compared.

use super::encoded::is_document;
use crate::StageError;
use domain::drift::DriftKind;
use domain::{Column, Timestamp, Values};
use stats::drift::Ecdf;
use stats::paired::paired_mean;
use std::collections::BTreeMap;
use store::files::TextCounts;

/// A text column of more distinct values than this, which differ in more than half of its rows, is of names, not
/// categories.
const CATEGORIES: usize = 100;

/// A column's rows, missing cells and values.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// All rows.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// What its distances are.
    pub kind: DriftKind,
    /// The values.
    pub shape: Shape,
    /// The first and last instant, where it holds times.
    pub span: Option<(Timestamp, Timestamp)>,
    /// How many rows one row is worth less than one: 1 where rows are independent, more where those of one entity are
    /// alike.
    pub design: f64,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// There are none.
    Empty,
    /// Numbers.
    Numbers(Ecdf),
    /// Rows of each category.
    Categories(BTreeMap<String, u64>),
}

impl Profile {
    /// Of a column's cells. Instants are compared by their hour of day, since every later row is later; documents by
    /// their words' number; pictures by their mean brightness. `like` is what it is to be compared with.
    pub fn of(column: &Column, like: Option<&Profile>) -> Result<Profile, StageError> {
        let rows = column.values.len() as u64;
        match &column.values {
            Values::Number(cells) => of_cells(&column.name, rows, cells, DriftKind::Number),
            Values::Text(cells) => {
                let sized = like.map_or_else(|| are_names(column), |like| like.kind == DriftKind::Size);
                if sized {
                    return of_cells(&column.name, rows, &sizes(cells), DriftKind::Size);
                }
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                cells.iter().flatten().for_each(|cell| match counts.get_mut(cell) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(cell.clone(), 1)),
                });
                Ok(Profile::categories(rows, counts))
            }
            Values::Time(cells) => {
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                cells.iter().flatten().for_each(|at| *counts.entry(hour(*at)).or_default() += 1);
                let (first, last) = (cells.iter().flatten().min(), cells.iter().flatten().max());
                Ok(Profile { span: first.copied().zip(last.copied()), ..Profile::categories(rows, counts) })
            }
            Values::Tensor { shape, data } => {
                let width = shape.iter().product::<usize>().max(1);
                let mean = |block: &[f32]| block.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
                let means: Vec<f64> = data.chunks(width).map(mean).collect();
                of_cells(&column.name, rows, &means, DriftKind::Size)
            }
        }
    }

    /// Of counts.
    pub fn categories(rows: u64, counts: BTreeMap<String, u64>) -> Profile {
        let missing = rows - counts.values().sum::<u64>().min(rows);
        let shape = if counts.is_empty() { Shape::Empty } else { Shape::Categories(counts) };
        Profile { rows, missing, kind: DriftKind::Category, shape, span: None, design: 1.0 }
    }

    /// Of numbers that are all finite, the rest of the rows having none.
    pub fn numbers(name: &str, rows: u64, finite: Vec<f64>) -> Result<Profile, StageError> {
        let bad =
            |e: stats::BadInput| StageError::Measure { metric: format!("column {name}"), why: e.to_string() };
        let missing = rows - (finite.len() as u64).min(rows);
        let shape = match finite.is_empty() {
            true => Shape::Empty,
            false => Shape::Numbers(Ecdf::of(finite).map_err(bad)?),
        };
        Ok(Profile { rows, missing, kind: DriftKind::Number, shape, span: None, design: 1.0 })
    }

    /// Of a sketch's points.
    pub fn weighted(rows: u64, missing: u64, ecdf: Option<Ecdf>) -> Profile {
        let shape = ecdf.map_or(Shape::Empty, Shape::Numbers);
        Profile { rows, missing, kind: DriftKind::Number, shape, span: None, design: 1.0 }
    }

    /// The same of rows of which several belong to one entity: what they have in common is evidence once.
    ///
    /// *Source.* Kish 1965, the design effect: the clustered variance of a mean over that of independent rows.
    pub fn clustered(mut self, column: &Column, entity: &[u64]) -> Profile {
        self.design = design(&column.values, entity, &self.shape).max(1.0);
        self
    }

    /// The same with no more than so many of its numbers, which is enough to ask whether it is like another.
    pub(super) fn thinned(self, points: usize) -> Profile {
        let shape = match self.shape {
            Shape::Numbers(ecdf) => Shape::Numbers(ecdf.thinned(points).into_owned()),
            other => other,
        };
        Profile { shape, ..self }
    }

    /// Rows with a value.
    pub fn present(&self) -> u64 {
        self.rows - self.missing
    }

    /// The share of rows without a value.
    pub fn missing_share(&self) -> f64 {
        self.missing as f64 / self.rows.max(1) as f64
    }
}

fn of_cells(name: &str, rows: u64, cells: &[f64], kind: DriftKind) -> Result<Profile, StageError> {
    let finite = cells.iter().copied().filter(|x| x.is_finite()).collect();
    Ok(Profile { kind, ..Profile::numbers(name, rows, finite)? })
}

fn design(values: &Values, entity: &[u64], shape: &Shape) -> f64 {
    match (values, shape) {
        (Values::Number(cells), _) => {
            let known: Vec<usize> = (0..cells.len()).filter(|&row| cells[row].is_finite()).collect();
            let numbers: Vec<f64> = known.iter().map(|&row| cells[row]).collect();
            effect(&numbers, &known.iter().map(|&row| entity[row]).collect::<Vec<_>>())
        }
        (Values::Text(cells), Shape::Categories(counts)) => {
            let mut names: Vec<(&String, &u64)> = counts.iter().collect();
            names.sort_by_key(|(_, rows)| std::cmp::Reverse(**rows));
            let of = |name: &String| {
                let is: Vec<f64> = cells.iter().map(|c| f64::from(c.as_ref() == Some(name))).collect();
                effect(&is, entity)
            };
            names.iter().take(3).map(|(name, _)| of(name)).fold(1.0, f64::max)
        }
        _ => 1.0,
    }
}

/// The clustered variance of a mean over that of independent rows; 1 where there is nothing to compare.
fn effect(values: &[f64], entity: &[u64]) -> f64 {
    let of = |clusters: &[u64]| paired_mean(values, clusters).map_or(0.0, |mean| mean.se);
    let alone: Vec<u64> = (0..values.len() as u64).collect();
    let (clustered, independent) = (of(entity), of(&alone));
    if independent > 0.0 && clustered > 0.0 { (clustered / independent).powi(2) } else { 1.0 }
}

/// Documents, and names or ids that hardly repeat.
fn are_names(column: &Column) -> bool {
    let Values::Text(cells) = &column.values else { return false };
    let distinct: std::collections::HashSet<&String> = cells.iter().flatten().collect();
    is_document(column) || distinct.len() > CATEGORIES && 2 * distinct.len() > cells.len()
}

/// Whether texts that were counted are known to be categories: all were kept, and they repeat too often for names
/// and documents, of which every fourth is one of its own. Where it is not known, a look at the cells will tell.
pub(super) fn are_categories(counts: &TextCounts) -> bool {
    let filled = counts.counts.iter().filter(|(text, _)| !text.trim().is_empty());
    let rows: u64 = filled.map(|(_, rows)| rows).sum();
    counts.others == 0 && 4 * counts.distinct < rows
}

fn sizes(cells: &[Option<String>]) -> Vec<f64> {
    let size =
        |text: &Option<String>| text.as_ref().map_or(f64::NAN, |t| t.split_whitespace().count() as f64);
    cells.iter().map(size).collect()
}

fn hour(at: Timestamp) -> String {
    format!("{:02} h", at.hour().rem_euclid(24))
}
