//! Operators of `com.microsoft` that makers of classic models write.

use super::matmul::check_work;
use super::types::{FLOATS, TEXT};
use super::{Operator, op};
use crate::onnx::ml;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, elements};

/// All of them, with what is claimed.
pub(super) const TABLE: &[Operator] =
    &[op("CDist", cdist, FLOATS, "euclidean and sqeuclidean"), op("Tokenizer", ml::tokenizer, TEXT, "")];

/// The distances between all rows of two matrices, in double precision inside.
fn cdist(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    node.rest_are(1, dtype)?;
    let squared = match node.str("metric")?.unwrap_or("sqeuclidean") {
        "sqeuclidean" => true,
        "euclidean" => false,
        other => return Err(format!("metric `{other}` is not supported")),
    };
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
        macro_rules! distances {
            ($x:expr, $y:expr, $to:expr) => {
                $x.chunks(width)
                    .flat_map(|x| $y.chunks(width).map(move |y| (x, y)))
                    .map(|(x, y)| {
                        let apart = |(a, b)| (f64::from(a) - f64::from(b)).powi(2);
                        let sum: f64 = x.iter().copied().zip(y.iter().copied()).map(apart).sum();
                        $to(if squared { sum } else { sum.sqrt() })
                    })
                    .collect()
            };
        }
        let data = match (a.data(), b.data()) {
            (Data::F32(x), Data::F32(y)) => Data::F32(distances!(x, y, |d| d as f32)),
            (Data::F64(x), Data::F64(y)) => Data::F64(distances!(x, y, |d| d)),
            _ => return Err("the matrices differ in type".into()),
        };
        tensor(shape, data)
    })
}
