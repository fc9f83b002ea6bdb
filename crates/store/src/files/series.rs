//! Series of a forecasting competition: a Parquet table with one row a series, `train` and `test` lists of numbers
//! of any length, their `period` in words and their `freq`, the steps of a season.
//!
//! Not a [`domain::Table`]: its columns cannot hold lists of different lengths.

use super::ReadError;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;

/// One series, cut where the competition cut it.
#[derive(Debug, Clone, PartialEq)]
pub struct CutSeries {
    /// Its kind, such as `Hourly`.
    pub period: String,
    /// Steps of a season.
    pub season: usize,
    /// What methods see.
    pub train: Vec<f64>,
    /// What they are judged on.
    pub test: Vec<f64>,
}

/// Reads every series of a file.
pub fn read_series(path: &Path) -> Result<Vec<CutSeries>, ReadError> {
    let broken = |why: &dyn std::fmt::Display| ReadError::Parquet { path: path.into(), why: why.to_string() };
    let file = std::fs::File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => ReadError::NoFile { path: path.into() },
        _ => ReadError::Io { path: path.into(), source },
    })?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build());
    let mut series = Vec::new();
    for batch in reader.map_err(|e| broken(&e))? {
        add(path, &batch.map_err(|e| broken(&e))?, &mut series)?;
    }
    Ok(series)
}

fn add(path: &Path, batch: &RecordBatch, series: &mut Vec<CutSeries>) -> Result<(), ReadError> {
    let period =
        column(path, batch, "period", "texts", |k| matches!(k, DataType::Utf8 | DataType::LargeUtf8))?;
    let season = column(path, batch, "freq", "64-bit whole numbers", |k| *k == DataType::Int64)?;
    let (train, test) = (lists(path, batch, "train")?, lists(path, batch, "test")?);
    let text = |row: usize| match period.as_string_opt::<i64>() {
        Some(long) => long.value(row).to_string(),
        None => period.as_string::<i32>().value(row).to_string(),
    };
    for row in 0..batch.num_rows() {
        series.push(CutSeries {
            period: text(row),
            season: usize::try_from(season.as_primitive::<Int64Type>().value(row)).unwrap_or(1).max(1),
            train: numbers(&train.as_list::<i32>().value(row)),
            test: numbers(&test.as_list::<i32>().value(row)),
        });
    }
    Ok(())
}

fn lists<'a>(path: &Path, batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ReadError> {
    let double =
        |kind: &DataType| matches!(kind, DataType::List(item) if *item.data_type() == DataType::Float64);
    column(path, batch, name, "lists of 64-bit numbers", double)
}

fn column<'a>(
    path: &Path,
    batch: &'a RecordBatch,
    name: &str,
    expected: &str,
    fits: impl Fn(&DataType) -> bool,
) -> Result<&'a ArrayRef, ReadError> {
    let known = || batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>().join(", ");
    let missing = || ReadError::NoColumn { path: path.into(), column: name.into(), known: known() };
    let found = batch.column_by_name(name).ok_or_else(missing)?;
    if fits(found.data_type()) && found.null_count() == 0 {
        return Ok(found);
    }
    let found = format!("{}, {} of them missing", found.data_type(), found.null_count());
    Err(ReadError::Kind { path: path.into(), column: name.into(), found, expected: expected.into() })
}

fn numbers(list: &ArrayRef) -> Vec<f64> {
    list.as_primitive::<Float64Type>().values().to_vec()
}
