//! From Parquet to a table.

use super::column::{Fault, Growing};
use crate::files::{ReadError, ReadOptions, header, unread};
use arrow_schema::{Field, SchemaRef};
use domain::Table;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows that are decoded at a time.
const BATCH: usize = 8192;

/// Reads a Parquet file. Of the options, only the shape of pictures has a meaning here.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
    decode(path, File::open(path).map_err(|e| unread(path, e))?, options)
}

/// Reads Parquet from memory; `path` is for errors.
pub fn read_bytes(path: &Path, bytes: Vec<u8>) -> Result<Table, ReadError> {
    decode(path, bytes::Bytes::from(bytes), &ReadOptions::default())
}

fn decode<R: ChunkReader + 'static>(path: &Path, file: R, options: &ReadOptions) -> Result<Table, ReadError> {
    let undecodable = |why: String| ReadError::Parquet { path: path.into(), why };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| undecodable(e.to_string()))?;
    let schema: SchemaRef = builder.schema().clone();
    let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    header::check(path, 1, &names)?;
    let batches = builder.with_batch_size(BATCH).build().map_err(|e| undecodable(e.to_string()))?;
    let growing = |field: &Arc<Field>| Growing::new(field, options.image_of(field.name()));
    let mut columns: Vec<Growing> = schema.fields().iter().map(growing).collect();
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|e| undecodable(e.to_string()))?;
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.add(array).map_err(|fault| named(path, column.name(), rows, fault))?;
        }
        rows += batch.num_rows() as u64;
    }
    let fields = schema.fields().iter();
    let columns = columns.into_iter().zip(fields).map(|(column, field)| {
        let name = column.name().to_string();
        column.finish(field.data_type()).map_err(|fault| named(path, &name, 0, fault))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(Table::new(columns).expect("names were checked, and batches are as long in every column"))
}

/// A column's fault with its place; `before` are the rows of earlier batches.
pub(super) fn named(path: &Path, column: &str, before: u64, fault: Fault) -> ReadError {
    let row_of = |row: usize| before + row as u64 + 1;
    let place = |row| format!("{}, row {}, column {column}", path.display(), row_of(row));
    let (file, name) = (path.into(), column.to_string());
    match fault {
        Fault::Picture { row, misfit } => ReadError::of_picture(place(row), misfit),
        Fault::Type(found) => ReadError::Unsupported { path: file, column: name, found, expected: SUPPORTED },
        Fault::Cell { row, found, expected } => {
            ReadError::Cell { path: file, row: row_of(row), column: name, found, expected }
        }
        Fault::Infinite { row, found } => {
            ReadError::Infinite { path: file, row: row_of(row), column: name, found }
        }
    }
}

const SUPPORTED: &str =
    "numbers, booleans, text, dates, timestamps, decimals, pictures, or lists of equally many numbers";
