//! One column of a file at a time, for those who compare columns and need no rows.
//!
//! Of Parquet only the parts of the file are read that hold the column, so that memory holds one column for each
//! thread that reads; other files are read once, whole. Invariant: [`ColumnReader::column`] gives the cells that
//! [`read_table`] gives, with the same errors.

use super::parquet::ParquetColumns;
use super::tally::{KEPT_TEXTS, TextCounts};
use super::{Format, ReadError, ReadOptions, conform_column, known_names, read_table, sniff};
use domain::time::SECOND;
use domain::{Column, Kind, Table, Timestamp, Values};
use std::path::{Path, PathBuf};

/// A file whose columns are read one at a time, from any number of threads.
pub struct ColumnReader {
    path: PathBuf,
    rows: u64,
    kinds: Vec<(String, Kind)>,
    source: Source,
}

enum Source {
    Parquet(ParquetColumns),
    Table(Table),
}

/// The numbers of a column, in the order of its rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// The finite ones. Instants are seconds since 1970.
    pub present: Vec<f64>,
    /// Rows without a number.
    pub missing: u64,
    /// Rows with a number that is infinite.
    pub infinite: u64,
}

impl ColumnReader {
    /// Opens a file of any kind that [`read_table`] reads.
    ///
    /// The kinds of a Parquet file rest on its types, and on its statistics where a whole number may be too large
    /// for a 64-bit float; where it has none, the column is read. A schema among the options is checked as
    /// [`read_table`] checks it.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<ColumnReader, ReadError> {
        let source = match sniff(path)? {
            Format::Parquet => Source::Parquet(ParquetColumns::open(path, options)?),
            _ => Source::Table(read_table(path, options)?),
        };
        let (rows, found) = match &source {
            Source::Parquet(file) => (file.rows(), file.kinds().to_vec()),
            Source::Table(table) => (table.rows() as u64, kinds_of(table)),
        };
        if rows == 0 {
            return Err(ReadError::NoRows { path: path.into(), columns: found.len() });
        }
        let mut reader = ColumnReader { path: path.into(), rows, kinds: found, source };
        reader.conform(options)?;
        Ok(reader)
    }

    /// How many rows every column has, at least one.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns, in the order of the file.
    pub fn names_and_kinds(&self) -> &[(String, Kind)] {
        &self.kinds
    }

    /// The cells of a column; see [`read_table`].
    ///
    /// # Panics
    /// Where there is no column of this index.
    pub fn column(&self, index: usize) -> Result<Values, ReadError> {
        let (name, kind) = &self.kinds[index];
        let values = match &self.source {
            Source::Parquet(file) => file.column(index)?,
            Source::Table(table) => table.columns()[index].values.clone(),
        };
        if values.kind() == *kind {
            return Ok(values);
        }
        conform_column(&self.path, Column { name: name.clone(), values }, kind).map(|c| c.values)
    }

    /// The numbers of a column of numbers or times. An infinite one is counted here, and is no error.
    ///
    /// # Panics
    /// Where there is no column of this index.
    pub fn numbers(&self, index: usize) -> Result<Numbers, ReadError> {
        Ok(self.numbers_at(index, &[])?.0)
    }

    /// The same, with the cells of some rows, which ascend: NaN where there is no number.
    ///
    /// # Panics
    /// Where there is no column of this index, or no such row.
    pub fn numbers_at(&self, index: usize, rows: &[usize]) -> Result<(Numbers, Vec<f64>), ReadError> {
        self.check(rows);
        match (&self.source, &self.kinds[index].1) {
            (Source::Parquet(file), Kind::Number) if file.kinds()[index].1 == Kind::Number => {
                file.numbers(index, rows)
            }
            (_, Kind::Number | Kind::Time) => {
                let values = self.column(index)?;
                let numbers = Numbers::of(&values).expect("numbers and times are numbers");
                Ok((numbers, floats(&values.take(rows))))
            }
            _ => Err(self.unlike(index, "number or time")),
        }
    }

    /// How often each text of a column of text stands in it.
    ///
    /// # Panics
    /// Where there is no column of this index.
    pub fn text_counts(&self, index: usize) -> Result<TextCounts, ReadError> {
        Ok(self.text_counts_at(index, &[])?.0)
    }

    /// The same, with the cells of some rows, which ascend.
    ///
    /// # Panics
    /// Where there is no column of this index, or no such row.
    pub fn text_counts_at(
        &self,
        index: usize,
        rows: &[usize],
    ) -> Result<(TextCounts, Vec<Option<String>>), ReadError> {
        self.check(rows);
        match (&self.source, &self.kinds[index].1) {
            (Source::Parquet(file), Kind::Text) if file.kinds()[index].1 == Kind::Text => {
                let (tally, cells) = file.tally(index, rows)?;
                Ok((tally.finish(KEPT_TEXTS), cells))
            }
            (_, Kind::Text) => {
                let values = self.column(index)?;
                let counts = TextCounts::of(&values).expect("text is counted");
                Ok((counts, texts(values.take(rows))))
            }
            _ => Err(self.unlike(index, "text")),
        }
    }

    fn check(&self, rows: &[usize]) {
        let last = rows.last().map_or(0, |&last| last as u64);
        assert!(rows.is_sorted() && last < self.rows, "rows ascend and are below {}", self.rows);
    }

    fn unlike(&self, index: usize, expected: &str) -> ReadError {
        let (name, kind) = &self.kinds[index];
        let (path, column) = (self.path.clone(), name.clone());
        ReadError::Kind { path, column, found: kind.to_string(), expected: expected.into() }
    }

    /// Takes over the kinds that are asked for where nothing in a column speaks against them.
    fn conform(&mut self, options: &ReadOptions) -> Result<(), ReadError> {
        let names: Vec<&str> = self.kinds.iter().map(|(name, _)| name.as_str()).collect();
        known_names(&self.path, &names, options)?;
        for index in 0..self.kinds.len() {
            let (name, found) = &self.kinds[index];
            if let Some(asked) = options.kind_of(name).filter(|kind| *kind != found) {
                let column = Column { name: name.clone(), values: self.column(index)? };
                conform_column(&self.path, column, asked)?;
                self.kinds[index].1 = asked.clone();
            }
        }
        Ok(())
    }
}

impl Numbers {
    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.present.len() as u64 + self.missing + self.infinite
    }

    /// The numbers of cells in memory; nothing for text and tensors.
    pub fn of(values: &Values) -> Option<Numbers> {
        let mut numbers = Numbers::default();
        match values {
            Values::Number(cells) => numbers.extend(cells),
            Values::Time(cells) => {
                numbers.missing = values.missing() as u64;
                numbers.present = cells.iter().flatten().map(|&at| seconds(at)).collect();
            }
            Values::Text(_) | Values::Tensor { .. } => return None,
        }
        Some(numbers)
    }

    /// Adds cells; NaN is a missing one.
    pub(super) fn extend(&mut self, cells: &[f64]) {
        if cells.iter().all(|cell| cell.is_finite()) {
            return self.present.extend_from_slice(cells);
        }
        for &cell in cells {
            if cell.is_finite() {
                self.present.push(cell);
            } else if cell.is_nan() {
                self.missing += 1;
            } else {
                self.infinite += 1;
            }
        }
    }
}

/// The numbers of cells, NaN where there is none.
fn floats(values: &Values) -> Vec<f64> {
    match values {
        Values::Number(cells) => cells.clone(),
        Values::Time(cells) => cells.iter().map(|at| at.map_or(f64::NAN, seconds)).collect(),
        Values::Text(_) | Values::Tensor { .. } => Vec::new(),
    }
}

/// The texts of cells.
pub(super) fn texts(values: Values) -> Vec<Option<String>> {
    if let Values::Text(cells) = values { cells } else { Vec::new() }
}

/// Seconds since 1970, with their fraction.
pub(crate) fn seconds(Timestamp(micros): Timestamp) -> f64 {
    micros as f64 / SECOND as f64
}

fn kinds_of(table: &Table) -> Vec<(String, Kind)> {
    table.columns().iter().map(|c| (c.name.clone(), c.values.kind())).collect()
}

#[cfg(test)]
mod tests;
