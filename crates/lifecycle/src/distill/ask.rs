//! Rows put to a model in batches: which it can read, and what it answers. No budget of time binds here.

use crate::StageError;
use domain::{Schema, Table, Values};
use models::Artifact;
use models::onnx::OnnxModel;

/// Rows that are asked at a time: enough for all threads, few enough to be stopped between two batches.
pub(super) const BATCH: usize = 1_024;

/// A model that is asked, under the name that errors give it.
pub(super) struct Asked {
    pub(super) name: String,
    model: OnnxModel,
}

impl Asked {
    pub(super) fn load(name: &str, artifact: &Artifact) -> Result<Asked, StageError> {
        let failed =
            |e: models::onnx::OnnxError| StageError::Load { version: name.into(), why: e.to_string() };
        Ok(Asked { name: name.into(), model: OnnxModel::load(artifact).map_err(failed)? })
    }

    /// What it takes.
    pub(super) fn inputs(&self) -> &Schema {
        &models::Predict::signature(&self.model).inputs
    }

    /// Its answers, on all threads.
    pub(super) fn answers(&self, rows: &Table) -> Result<Vec<f64>, StageError> {
        let failed = |source| StageError::Predict { version: self.name.clone(), source };
        models::distill::answers(&self.model, rows).map_err(failed)
    }
}

/// The places of the rows that a model with these inputs can read: whose cells are there wherever they always were.
pub(super) fn readable(rows: &Table, inputs: &Schema) -> Vec<usize> {
    let needed = inputs.fields.iter().filter(|field| !field.nullable);
    let columns: Vec<Option<&Values>> =
        needed.map(|field| rows.column(&field.name).map(|column| &column.values)).collect();
    let there = |row: &usize| columns.iter().all(|column| column.is_some_and(|cells| is_there(cells, *row)));
    (0..rows.rows()).filter(there).collect()
}

fn is_there(values: &Values, row: usize) -> bool {
    match values {
        Values::Number(cells) => !cells[row].is_nan(),
        Values::Text(cells) => cells[row].is_some(),
        Values::Time(cells) => cells[row].is_some(),
        Values::Tensor { shape, data } => {
            let width: usize = shape.iter().product();
            data[row * width..(row + 1) * width].iter().all(|x| !x.is_nan())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Column;

    #[test]
    fn a_row_is_readable_where_no_cell_is_missing_that_never_was() {
        let column = |name: &str, values| Column { name: name.into(), values };
        let block = |data: &[f32]| Values::Tensor { shape: vec![1, 1, 2], data: data.to_vec() };
        let whole = Table::new(vec![
            column("x", Values::Number(vec![1.0, f64::NAN])),
            column("picture", block(&[0.0, 1.0, 2.0, 3.0])),
        ]);
        let schema = whole.expect("equally long").schema(0);
        let asked = Table::new(vec![
            column("x", Values::Number(vec![f64::NAN, 1.0])),
            column("picture", block(&[0.0, 1.0, 2.0, f32::NAN])),
        ]);
        let asked = asked.expect("equally long");
        assert_eq!(readable(&asked, &schema), [0], "x may be missing, half a picture is none");
        assert!(readable(&asked.select(|name| name == "x"), &schema).is_empty(), "no picture at all");
    }
}
