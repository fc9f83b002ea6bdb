//! Entries as Parquet, sorted by time: what a sealed hour looks like to DuckDB, pandas and Spark.
//!
//! One row an entry. `kind` tells which columns are filled: `id`, `at` always; a prediction has `version`,
//! `served_by`, `served_version`, `served_why`, `unit`, `input`, `output`, `latency_us`; an outcome has `value`
//! and `source`.

use crate::files::parquet::encode;
use crate::{Entry, StoreError};
use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema};
use domain::{Outcome, Prediction, PredictionId, ServedBy, Source, Timestamp, VersionId};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;
use std::sync::Arc;

/// The format that is written, and the key of the file's metadata under which it stands.
const FORMAT: u32 = 1;
const KEY: &str = "incumbent.journal";

/// The columns of text, in order; `id` stands first in every file.
const TEXTS: [&str; 10] = [
    "id",
    "kind",
    "version",
    "served_by",
    "served_version",
    "served_why",
    "unit",
    "input",
    "value",
    "source",
];

/// The Parquet bytes of entries.
pub(super) fn pack(entries: &[Entry]) -> Vec<u8> {
    let mut texts: [StringBuilder; 10] = Default::default();
    let mut output = ListBuilder::new(Float64Builder::new());
    let mut latency = UInt64Builder::new();
    for entry in entries {
        let id = entry.id().to_string();
        for (column, text) in texts.iter_mut().zip(texts_of(entry, &id)) {
            column.append_option(text);
        }
        match entry {
            Entry::Prediction(prediction) => {
                output.append_value(prediction.output.iter().map(|&x| Some(x)));
                latency.append_value(prediction.latency_us);
            }
            Entry::Outcome(_) => {
                output.append_null();
                latency.append_null();
            }
        }
    }
    let at = TimestampMicrosecondArray::from_iter_values(entries.iter().map(|e| e.at().0));
    let mut columns: Vec<(&str, ArrayRef)> = vec![("at", Arc::new(at.with_timezone("UTC")))];
    columns.extend(TEXTS.iter().zip(&mut texts).map(|(name, b)| (*name, Arc::new(b.finish()) as ArrayRef)));
    columns.push(("output", Arc::new(output.finish())));
    columns.push(("latency_us", Arc::new(latency.finish())));
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let metadata = [(KEY.to_string(), FORMAT.to_string())].into();
    let schema = Schema::new_with_metadata(fields, metadata);
    encode(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
}

/// The entries of Parquet bytes; `path` is for errors.
pub(super) fn unpack(path: &Path, bytes: Vec<u8>) -> Result<Vec<Entry>, StoreError> {
    let damaged = |why: String| StoreError::Damaged { path: path.into(), why };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes));
    let builder = builder.map_err(|e| damaged(e.to_string()))?;
    let format = builder.schema().metadata().get(KEY).and_then(|v| v.parse::<u32>().ok());
    match format {
        Some(FORMAT) => {}
        Some(found) => return Err(StoreError::Newer { path: path.into(), found, known: FORMAT }),
        None => return Err(damaged(format!("it has no {KEY} in its metadata"))),
    }
    let mut entries = Vec::new();
    for batch in builder.build().map_err(|e| damaged(e.to_string()))? {
        let batch = batch.map_err(|e| damaged(e.to_string()))?;
        let rows =
            Rows::of(&batch).ok_or_else(|| damaged("its columns are not those of a journal".into()))?;
        for row in 0..batch.num_rows() {
            let number = entries.len() + 1;
            entries.push(rows.entry(row).ok_or_else(|| damaged(format!("row {number} is no entry")))?);
        }
    }
    Ok(entries)
}

/// The cells of the columns of text.
fn texts_of<'a>(entry: &'a Entry, id: &'a str) -> [Option<&'a str>; 10] {
    match entry {
        Entry::Prediction(p) => {
            let (served_by, version, why) = match &p.served_by {
                ServedBy::Intended => ("intended", None, None),
                ServedBy::Fallback { version, why } => {
                    ("fallback", Some(version.0.as_str()), Some(why.as_str()))
                }
                ServedBy::Floor { why } => ("floor", None, Some(why.as_str())),
            };
            let served = [Some(served_by), version, why];
            let [by, version, why] = served;
            let (intended, unit, input) =
                (Some(p.version.0.as_str()), p.unit.as_deref(), Some(p.input.as_str()));
            [Some(id), Some("prediction"), intended, by, version, why, unit, input, None, None]
        }
        Entry::Outcome(o) => {
            let source = match o.source {
                Source::Observed => "observed",
                Source::Reviewer => "reviewer",
            };
            let value = Some(o.value.as_str());
            [Some(id), Some("outcome"), None, None, None, None, None, None, value, Some(source)]
        }
    }
}

/// The columns of a batch, found by name.
struct Rows<'a> {
    batch: &'a RecordBatch,
    texts: Vec<&'a arrow_array::StringArray>,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Rows<'a>> {
        let texts: Option<Vec<_>> =
            TEXTS.iter().map(|name| batch.column_by_name(name)?.as_string_opt::<i32>()).collect();
        let typed = |name: &str, kind: fn(&DataType) -> bool| {
            batch.column_by_name(name).is_some_and(|c| kind(c.data_type()))
        };
        let numbers =
            |kind: &DataType| matches!(kind, DataType::List(f) if *f.data_type() == DataType::Float64);
        let whole = typed("at", |k| matches!(k, DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, _)))
            && typed("output", numbers)
            && typed("latency_us", |k| *k == DataType::UInt64);
        whole.then_some(Rows { batch, texts: texts? })
    }

    fn entry(&self, row: usize) -> Option<Entry> {
        let text = |name: &str| {
            let column = self.texts[TEXTS.iter().position(|t| *t == name)?];
            (!column.is_null(row)).then(|| column.value(row).to_string())
        };
        let id = PredictionId::parse(&text("id")?)?;
        let at =
            Timestamp(self.batch.column_by_name("at")?.as_primitive::<TimestampMicrosecondType>().value(row));
        match text("kind")?.as_str() {
            "prediction" => {
                let served_by = match text("served_by")?.as_str() {
                    "intended" => ServedBy::Intended,
                    "fallback" => ServedBy::Fallback {
                        version: VersionId(text("served_version")?),
                        why: text("served_why")?,
                    },
                    "floor" => ServedBy::Floor { why: text("served_why")? },
                    _ => return None,
                };
                Some(Entry::Prediction(Prediction {
                    id,
                    at,
                    version: VersionId(text("version")?),
                    served_by,
                    unit: text("unit"),
                    input: text("input")?,
                    output: self.output(row)?,
                    latency_us: self
                        .batch
                        .column_by_name("latency_us")?
                        .as_primitive::<UInt64Type>()
                        .value(row),
                }))
            }
            "outcome" => {
                let source = match text("source")?.as_str() {
                    "observed" => Source::Observed,
                    "reviewer" => Source::Reviewer,
                    _ => return None,
                };
                Some(Entry::Outcome(Outcome { prediction: id, at, value: text("value")?, source }))
            }
            _ => None,
        }
    }

    fn output(&self, row: usize) -> Option<Vec<f64>> {
        let lists = self.batch.column_by_name("output")?.as_list::<i32>();
        (!lists.is_null(row)).then(|| lists.value(row).as_primitive::<Float64Type>().values().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::codec;
    use crate::journal::codec::tests::any_entry;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn entries_come_back_as_they_were(entries in prop::collection::vec(any_entry(), 0..20)) {
            let back = unpack(Path::new("p"), pack(&entries)).expect("just packed");
            prop_assert_eq!(codec::encode(&back), codec::encode(&entries));
        }
    }

    #[test]
    fn other_parquet_is_refused() {
        let table = domain::Table::new(vec![]).expect("no columns");
        let error = unpack(Path::new("p"), crate::files::parquet_bytes(&table)).expect_err("no journal");
        assert_eq!(error.to_string(), "p is damaged: it has no incumbent.journal in its metadata");
    }
}
