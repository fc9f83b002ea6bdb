//! The features of rows, computed in Rust.

use super::{Encoder, Style, TensorColumn, TextColumn};
use crate::contract::PredictError;
use domain::{Column, Kind, Table, Timestamp, Values};
use std::collections::BTreeMap;

/// Features by column. Every column has as many entries as there are rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The number of rows.
    pub rows: usize,
    /// One an [`Encoder::feature_names`].
    pub columns: Vec<Vec<f32>>,
}

impl Features {
    /// The features of these rows, in the order given.
    pub fn take(&self, rows: &[usize]) -> Features {
        let columns = self.columns.iter().map(|c| rows.iter().map(|&r| c[r]).collect()).collect();
        Features { rows: rows.len(), columns }
    }
}

impl Encoder {
    /// The features of rows. Columns that it does not take are ignored.
    pub fn encode(&self, rows: &Table) -> Result<Features, PredictError> {
        let mut columns = Vec::with_capacity(self.width());
        columns.extend(self.number_features(rows)?);
        for column in &self.one_hot {
            columns.extend(one_hot(column, texts(rows, &column.name)?));
        }
        for column in &self.ranked {
            columns.push(ranked(column, texts(rows, &column.name)?));
        }
        for column in &self.times {
            let cells = times(rows, &column.name)?;
            for part in &column.parts {
                let table = part.features(self.style);
                let row = |at: &Option<Timestamp>| part.row(*at);
                let feature = |f: usize| cells.iter().map(|at| table[row(at)][f]).collect();
                columns.extend((0..table[0].len()).map(feature));
            }
        }
        for column in &self.tensors {
            columns.extend(self.tensor_features(column, tensor(rows, column)?));
        }
        Ok(Features { rows: rows.rows(), columns })
    }

    fn number_features(&self, rows: &Table) -> Result<Vec<Vec<f32>>, PredictError> {
        let mut columns = Vec::new();
        let mut flags = Vec::new();
        for column in &self.numbers {
            let cells = numbers(rows, &column.name)?.iter().map(|&x| x as f32);
            columns.push(match self.style {
                Style::Linear => cells.clone().map(|x| column.scaling.apply(x)).collect(),
                Style::Trees => cells.clone().collect(),
            });
            if column.flag {
                flags.push(cells.map(|x| if x.is_finite() { 0.0 } else { 1.0 }).collect());
            }
        }
        columns.append(&mut flags);
        Ok(columns)
    }

    fn tensor_features(&self, column: &TensorColumn, data: &[f32]) -> Vec<Vec<f32>> {
        let width = column.scaling.len();
        let element = |i: usize| data.iter().copied().skip(i).step_by(width);
        let feature = |i: usize| match self.style {
            Style::Linear => element(i).map(|x| column.scaling[i].apply(x)).collect(),
            Style::Trees => element(i).collect(),
        };
        (0..width).map(feature).collect()
    }
}

fn one_hot(column: &TextColumn, cells: &[Option<String>]) -> Vec<Vec<f32>> {
    let mut features = vec![vec![0.0; cells.len()]; column.levels.len()];
    let places: BTreeMap<&str, usize> = column.levels.iter().map(String::as_str).zip(0..).collect();
    for (row, cell) in cells.iter().enumerate() {
        if let Some(&place) = places.get(cell.as_deref().unwrap_or("")) {
            features[place][row] = 1.0;
        }
    }
    features
}

fn ranked(column: &TextColumn, cells: &[Option<String>]) -> Vec<f32> {
    let ranks: BTreeMap<&str, usize> = column.levels.iter().map(String::as_str).zip(1..).collect();
    let rank = |cell: &Option<String>| ranks.get(cell.as_deref().unwrap_or("")).map_or(0.0, |&r| r as f32);
    cells.iter().map(rank).collect()
}

fn numbers<'a>(rows: &'a Table, name: &str) -> Result<&'a [f64], PredictError> {
    match find(rows, name)? {
        Column { values: Values::Number(cells), .. } => Ok(cells),
        other => Err(kind(other, &Kind::Number)),
    }
}

fn texts<'a>(rows: &'a Table, name: &str) -> Result<&'a [Option<String>], PredictError> {
    match find(rows, name)? {
        Column { values: Values::Text(cells), .. } => Ok(cells),
        other => Err(kind(other, &Kind::Text)),
    }
}

fn times<'a>(rows: &'a Table, name: &str) -> Result<&'a [Option<Timestamp>], PredictError> {
    match find(rows, name)? {
        Column { values: Values::Time(cells), .. } => Ok(cells),
        other => Err(kind(other, &Kind::Time)),
    }
}

fn tensor<'a>(rows: &'a Table, column: &TensorColumn) -> Result<&'a [f32], PredictError> {
    match find(rows, &column.name)? {
        Column { values: Values::Tensor { shape, data }, .. }
            if shape.iter().product::<usize>() == column.scaling.len() =>
        {
            Ok(data)
        }
        other => Err(kind(other, &Kind::Tensor(vec![column.scaling.len()]))),
    }
}

fn find<'a>(rows: &'a Table, name: &str) -> Result<&'a Column, PredictError> {
    rows.column(name).ok_or_else(|| PredictError::MissingColumn(name.to_string()))
}

fn kind(column: &Column, expected: &Kind) -> PredictError {
    let (found, expected) = (column.values.kind().to_string(), expected.to_string());
    PredictError::Kind { name: column.name.clone(), found, expected }
}
