//! The reading end of sealed hours, of every format so far.

use super::{FORMAT, KEY};
use crate::{Entry, StoreError};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, Float64Array, ListArray, PrimitiveArray, RecordBatch, StringArray, UInt64Array};
use arrow_schema::DataType;
use domain::{
    Arm, Assignment, ExperimentId, Outcome, Prediction, PredictionId, ServedBy, ShadowAnswer, Source,
    Timestamp, VersionId,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;

/// The entries of Parquet bytes; `path` is for errors.
pub(in crate::journal) fn unpack(path: &Path, bytes: Vec<u8>) -> Result<Vec<Entry>, StoreError> {
    let damaged = |why: String| StoreError::Damaged { path: path.into(), why };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes));
    let builder = builder.map_err(|e| damaged(e.to_string()))?;
    let format = builder.schema().metadata().get(KEY).and_then(|v| v.parse::<u32>().ok());
    match format {
        Some(1..=FORMAT) => {}
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

/// The columns of a batch, found by name. A column of text or of chances that a file does not have is empty in
/// every row; a row that needs it is then no entry.
struct Rows<'a> {
    batch: &'a RecordBatch,
    at: &'a PrimitiveArray<TimestampMicrosecondType>,
    output: &'a ListArray,
    latency: &'a UInt64Array,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Rows<'a>> {
        let at = batch.column_by_name("at")?.as_primitive_opt()?;
        let output = batch.column_by_name("output")?.as_list_opt::<i32>()?;
        let latency = batch.column_by_name("latency_us")?.as_primitive_opt()?;
        (output.value_type() == DataType::Float64).then_some(Rows { batch, at, output, latency })
    }

    fn entry(&self, row: usize) -> Option<Entry> {
        let id = PredictionId::parse(&self.text("id", row)?)?;
        let at = Timestamp(self.at.value(row));
        match self.text("kind", row)?.as_str() {
            "prediction" => self.prediction(row, id, at).map(Entry::Prediction),
            "outcome" => self.outcome(row, id, at).map(Entry::Outcome),
            "shadow" => self.shadow(row, id, at).map(Entry::Shadow),
            _ => None,
        }
    }

    fn prediction(&self, row: usize, id: PredictionId, at: Timestamp) -> Option<Prediction> {
        let assignment = match self.text("experiment", row) {
            Some(experiment) => Some(self.assignment(row, ExperimentId(experiment))?),
            None => None,
        };
        Some(Prediction {
            id,
            at,
            version: self.version("version", row)?,
            served_by: self.served_by(row)?,
            unit: self.text("unit", row),
            assignment,
            input: self.text("input", row)?,
            output: self.numbers(row)?,
            latency_us: self.latency.value(row),
        })
    }

    fn served_by(&self, row: usize) -> Option<ServedBy> {
        let why = || self.text("served_why", row);
        match self.text("served_by", row)?.as_str() {
            "intended" => Some(ServedBy::Intended),
            "fallback" => {
                Some(ServedBy::Fallback { version: self.version("served_version", row)?, why: why()? })
            }
            "floor" => Some(ServedBy::Floor { why: why()? }),
            _ => None,
        }
    }

    fn assignment(&self, row: usize, experiment: ExperimentId) -> Option<Assignment> {
        let arm = match self.text("arm", row)?.as_str() {
            "control" => Arm::Control,
            "treatment" => Arm::Treatment,
            _ => return None,
        };
        let (propensity, exposure) = (self.chance("propensity", row)?, self.chance("exposure", row)?);
        Some(Assignment { experiment, arm, propensity, exposure })
    }

    fn outcome(&self, row: usize, prediction: PredictionId, at: Timestamp) -> Option<Outcome> {
        let source = match self.text("source", row)?.as_str() {
            "observed" => Source::Observed,
            "reviewer" => Source::Reviewer,
            _ => return None,
        };
        Some(Outcome { prediction, at, value: self.text("value", row)?, source })
    }

    fn shadow(&self, row: usize, prediction: PredictionId, at: Timestamp) -> Option<ShadowAnswer> {
        let version = self.version("version", row)?;
        let answer = match self.text("failure", row) {
            Some(why) => Err(why),
            None => Ok(self.numbers(row)?),
        };
        Some(ShadowAnswer { prediction, at, version, answer, latency_us: self.latency.value(row) })
    }

    fn version(&self, name: &str, row: usize) -> Option<VersionId> {
        self.text(name, row).map(VersionId)
    }

    fn text(&self, name: &str, row: usize) -> Option<String> {
        let column: &StringArray = self.batch.column_by_name(name)?.as_string_opt::<i32>()?;
        (!column.is_null(row)).then(|| column.value(row).to_string())
    }

    fn chance(&self, name: &str, row: usize) -> Option<f64> {
        let column: &Float64Array = self.batch.column_by_name(name)?.as_primitive_opt()?;
        (!column.is_null(row)).then(|| column.value(row))
    }

    fn numbers(&self, row: usize) -> Option<Vec<f64>> {
        let numbers = |row| self.output.value(row).as_primitive::<Float64Type>().values().to_vec();
        (!self.output.is_null(row)).then(|| numbers(row))
    }
}
