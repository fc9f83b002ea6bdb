//! Reading what a command wrote, and trusting none of it.

use super::{Command, task};
use crate::contract::{Artifact, FitError, Predict};
use crate::onnx::{MAX_BYTES, OnnxModel, signature_of};
use crate::supervise::{self, MAX_CATEGORIES};
use domain::{Examples, Field, OutputKind, Schema, Signature, Table};
use std::path::Path;

/// How many training rows the model must answer before it is taken.
const ROWS: usize = 64;
/// How far answers to a row may differ between batches, relative to their size.
const SAME: f64 = 1e-5;
/// The model at this path, checked on training rows.
pub(super) fn read(command: &Command, path: &Path, data: &Examples) -> Result<Artifact, FitError> {
    let size = std::fs::metadata(path)
        .map_err(|e| command.failed(format!("wrote no model to {}: {e}", path.display())))?;
    if size.len() > MAX_BYTES as u64 {
        let found = size.len();
        return Err(command.failed(format!("wrote a model of {found} bytes; the most is {MAX_BYTES}")));
    }
    let onnx =
        std::fs::read(path).map_err(|e| command.failed(format!("wrote a model that cannot be read: {e}")))?;
    let inputs =
        inputs(&onnx, &data.rows).map_err(|why| command.failed(format!("wrote a model that {why}")))?;
    let signature = Signature { task: task(&data.target), inputs, output: supervise::output(&data.target) };
    let artifact = Artifact { onnx, signature };
    try_out(&artifact, data).map_err(|why| command.failed(format!("wrote a model that {why}")))?;
    Ok(artifact)
}

/// The raw columns that the graph takes, as the training rows hold them.
fn inputs(onnx: &[u8], rows: &Table) -> Result<Schema, String> {
    let taken = signature_of(onnx).map_err(|e| format!("cannot be used: {e}"))?;
    if let Some(unknown) = taken.fields.iter().find(|f| rows.column(&f.name).is_none()) {
        return Err(format!("takes `{}`, which is not a column of the table", unknown.name));
    }
    let columns = rows.columns().iter().filter(|c| taken.field(&c.name).is_some());
    Ok(Schema { fields: columns.map(|c| Field::observed(c, MAX_CATEGORIES)).collect() })
}

/// The model answers training rows, with probabilities where it should, and alike one by one and together.
fn try_out(artifact: &Artifact, data: &Examples) -> Result<(), String> {
    let model = OnnxModel::load(artifact).map_err(|e| format!("cannot be used: {e}"))?;
    let rows = data.rows.take(&(0..data.len().min(ROWS)).collect::<Vec<_>>());
    let together = model.predict(&rows).map_err(|e| format!("does not answer the training rows: {e}"))?;
    for row in 0..rows.rows() {
        let answer = together.row(row);
        let alone =
            model.predict(&rows.take(&[row])).map_err(|e| format!("does not answer row {row} alone: {e}"))?;
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= SAME * b.abs().max(1.0);
        if !alone.row(0).iter().zip(answer).all(near) {
            return Err(format!(
                "answers row {row} with {:?} alone and {answer:?} among others",
                alone.row(0)
            ));
        }
        if let OutputKind::Probabilities { .. } = together.kind {
            let sum: f64 = answer.iter().sum();
            if (sum - 1.0).abs() > SAME || answer.iter().any(|p| *p < -SAME) {
                return Err(format!("answers row {row} with {answer:?}, which are no probabilities"));
            }
        }
    }
    Ok(())
}
