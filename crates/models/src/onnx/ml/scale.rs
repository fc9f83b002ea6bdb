//! Operators that change numbers column by column or row by row.

use super::{NUMBERS, matrix};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::singles;
use crate::onnx::tensor::{Data, Dtype};

/// One setting a column, or one for all.
fn per_column<T: Copy>(settings: &[T], columns: usize, what: &str) -> Result<Vec<T>, String> {
    match settings {
        [one] => Ok(vec![*one; columns]),
        many if many.len() == columns => Ok(many.to_vec()),
        many => Err(format!("{} {what} for {columns} columns", many.len())),
    }
}

pub(super) fn scaler(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &NUMBERS)?;
    let offset = node.floats("offset")?.ok_or("attribute `offset` is missing")?.to_vec();
    let scale = node.floats("scale")?.ok_or("attribute `scale` is missing")?.to_vec();
    Kernel::one(Dtype::F32, move |inputs| {
        let t = need(inputs, 0)?;
        let (_, columns) = matrix(t)?;
        let offset = per_column(&offset, columns, "offsets")?;
        let scale = per_column(&scale, columns, "scales")?;
        let scaled = singles(t)?
            .chunks(columns.max(1))
            .flat_map(|row| {
                row.iter().zip(offset.iter().zip(&scale)).map(|(x, (offset, scale))| (x - offset) * scale)
            })
            .collect();
        tensor(t.shape().to_vec(), Data::F32(scaled))
    })
}

pub(super) fn imputer(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let floats = node.floats("imputed_value_floats")?.unwrap_or_default().to_vec();
    let wholes = node.ints("imputed_value_int64s")?.unwrap_or_default().to_vec();
    let float = node.float("replaced_value_float")?.unwrap_or(0.0);
    let whole = node.int("replaced_value_int64")?.unwrap_or(0);
    let dtype = node.one_of(0, &NUMBERS)?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let columns = matrix(t)?.1;
        let data = match t.data() {
            Data::F32(v) => {
                let fill = per_column(&floats, columns, "imputed values")?;
                Data::F32(impute(v, &fill, |x| x == float || (x.is_nan() && float.is_nan())))
            }
            Data::F64(v) => {
                let fill: Vec<f64> = floats.iter().map(|&x| x.into()).collect();
                let fill = per_column(&fill, columns, "imputed values")?;
                Data::F64(impute(v, &fill, |x| x == f64::from(float) || (x.is_nan() && float.is_nan())))
            }
            Data::I64(v) => {
                let fill = per_column(&wholes, columns, "imputed values")?;
                Data::I64(impute(v, &fill, |x| x == whole))
            }
            other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}

fn impute<T: Copy>(v: &[T], fill: &[T], missing: impl Fn(T) -> bool) -> Vec<T> {
    v.iter().zip(fill.iter().cycle()).map(|(&x, &fill)| if missing(x) { fill } else { x }).collect()
}

pub(super) fn binarizer(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32])?;
    let threshold = node.float("threshold")?.unwrap_or(0.0);
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let above = singles(t)?.iter().map(|&x| if x > threshold { 1.0 } else { 0.0 }).collect();
        tensor(t.shape().to_vec(), Data::F32(above))
    })
}

pub(super) fn normalizer(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &NUMBERS)?;
    let size: fn(&[f32]) -> f32 = match node.str("norm")?.unwrap_or("MAX") {
        "MAX" => |row| row.iter().copied().fold(f32::MIN, f32::max),
        "L1" => |row| row.iter().map(|x| f64::from(x.abs())).sum::<f64>() as f32,
        "L2" => |row| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt() as f32,
        other => return Err(format!("there is no norm `{other}`")),
    };
    Kernel::one(Dtype::F32, move |inputs| {
        let t = need(inputs, 0)?;
        let columns = matrix(t)?.1.max(1);
        let mut out = singles(t)?.into_owned();
        for row in out.chunks_mut(columns) {
            let size = size(row);
            // a row of zeros stays one
            if size != 0.0 {
                row.iter_mut().for_each(|x| *x /= size);
            }
        }
        tensor(t.shape().to_vec(), Data::F32(out))
    })
}
