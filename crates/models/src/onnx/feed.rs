//! Columns of a table as the tensors that a graph takes.
//!
//! Invariant: what an input cannot hold, a missing cell or a fraction where whole numbers are wanted, is an error that
//! names the column.

use super::read::ValueType;
use super::tensor::{Data, Dtype, Tensor};
use crate::contract::PredictError;
use domain::time::SECOND;
use domain::{Table, Values};

/// A column as the graph takes it.
pub(crate) fn feed(input: &ValueType, rows: &Table) -> Result<Tensor, PredictError> {
    let column = rows.column(&input.name);
    let column = column.ok_or_else(|| PredictError::MissingColumn(input.name.clone()))?;
    let wrong = || PredictError::Kind {
        name: input.name.clone(),
        found: column.values.kind().to_string(),
        expected: input.to_string(),
    };
    let data = match (&column.values, input.dtype) {
        (Values::Number(v), Dtype::F32) => Data::F32(v.iter().map(|&x| x as f32).collect()),
        (Values::Number(v), Dtype::F64) => Data::F64(v.clone()),
        (Values::Number(v), Dtype::I64) => {
            Data::I64(v.iter().map(|&x| whole(x, input)).collect::<Result<_, _>>()?)
        }
        (Values::Text(v), Dtype::Str) => {
            Data::Str(v.iter().map(|s| s.as_deref().unwrap_or("").into()).collect())
        }
        (Values::Time(v), Dtype::I64) => {
            let seconds = v.iter().map(|t| t.map(|t| t.0.div_euclid(SECOND)));
            Data::I64(seconds.map(|t| t.ok_or_else(|| missing(input))).collect::<Result<_, _>>()?)
        }
        (Values::Time(v), Dtype::F64) => {
            let seconds = v.iter().map(|t| t.map_or(f64::NAN, |t| t.0 as f64 / SECOND as f64));
            Data::F64(seconds.collect())
        }
        (Values::Tensor { data, .. }, Dtype::F32) => Data::F32(data.clone()),
        _ => return Err(wrong()),
    };
    let shape = match &column.values {
        Values::Tensor { shape, .. } => [&[rows.rows()], shape.as_slice()].concat(),
        _ if input.shape.as_ref().is_some_and(|s| s.len() == 1) => vec![rows.rows()],
        _ => vec![rows.rows(), 1],
    };
    Tensor::new(shape, data).ok_or_else(wrong)
}

/// A whole number; a cell that is missing or has a fraction cannot be fed as one.
fn whole(x: f64, input: &ValueType) -> Result<i64, PredictError> {
    match x.fract() == 0.0 && x.abs() < 9.0e15 {
        true => Ok(x as i64),
        false if x.is_nan() => Err(missing(input)),
        false => Err(PredictError::Kind {
            name: input.name.clone(),
            found: format!("{x}"),
            expected: "whole numbers".into(),
        }),
    }
}

fn missing(input: &ValueType) -> PredictError {
    PredictError::Kind {
        name: input.name.clone(),
        found: "a missing cell".into(),
        expected: format!("{input}, which cannot say that a cell is missing"),
    }
}
