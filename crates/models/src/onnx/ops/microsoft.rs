//! Operators of `com.microsoft` that makers of classic models write.

use super::matmul::check_work;
use super::types::{FLOATS, TEXT};
use super::{Operator, op};
use crate::onnx::distance::Others;
use crate::onnx::ml;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// All of them, with what is claimed.
pub(super) const TABLE: &[Operator] =
    &[op("CDist", cdist, FLOATS, "euclidean and sqeuclidean"), op("Tokenizer", ml::tokenizer, TEXT, "")];

/// The distances between all rows of two matrices, in their own precision.
fn cdist(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    node.rest_are(1, dtype)?;
    let squared = match node.str("metric")?.unwrap_or("sqeuclidean") {
        "sqeuclidean" => true,
        "euclidean" => false,
        other => return Err(format!("metric `{other}` is not supported")),
    };
    // A constant matrix is turned once, not at every run.
    let constant = node.inputs[1].and_then(|b| b.constant).and_then(turned);
    Kernel::one(dtype, move |inputs| {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let (&[rows, width], &[others, b_width]) = (a.shape(), b.shape()) else {
            return Err(format!("shapes {:?} and {:?} are not of two matrices", a.shape(), b.shape()));
        };
        if width != b_width || width == 0 {
            return Err(format!("rows of {width} and of {b_width} numbers have no distance"));
        }
        let shape = vec![rows, others];
        elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        check_work(&[rows, others, width])?;
        let data = match (a.data(), b.data()) {
            (Data::F32(x), Data::F32(_)) => {
                let made = if constant.is_none() { turned(b) } else { None };
                let others = constant.as_ref().or(made.as_ref()).ok_or("the second matrix has no columns")?;
                Data::F32(singles(x, others, squared))
            }
            (Data::F64(x), Data::F64(y)) => Data::F64(doubles(x, y, width, squared)),
            _ => return Err("the matrices differ in type".into()),
        };
        tensor(shape, data)
    })
}

/// A matrix of singles to measure to.
fn turned(matrix: &Tensor) -> Option<Others> {
    match (matrix.data(), matrix.shape()) {
        (Data::F32(rows), &[_, width]) if width > 0 => Some(Others::new(rows, width)),
        _ => None,
    }
}

fn singles(rows: &[f32], others: &Others, squared: bool) -> Vec<f32> {
    let mut out = others.all(rows);
    if !squared {
        out.iter_mut().for_each(|d| *d = d.sqrt());
    }
    out
}

fn doubles(rows: &[f64], others: &[f64], width: usize, squared: bool) -> Vec<f64> {
    let pairs = rows.chunks_exact(width).flat_map(|x| others.chunks_exact(width).map(move |y| (x, y)));
    let distance = |(x, y): (&[f64], &[f64])| {
        let sum: f64 = x.iter().zip(y).map(|(a, b)| (a - b).powi(2)).sum();
        if squared { sum } else { sum.sqrt() }
    };
    pairs.map(distance).collect()
}
