//! Numbers that are stored as 8-bit integers, made floats again.

use super::shape::axis_of;
use crate::onnx::node::{Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};

/// `(x - zero point) * scale`, both one for all or one an index of the axis.
pub(super) fn dequantize(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 3)?;
    node.one_of(0, &[Dtype::I64])?;
    node.one_of(1, &[Dtype::F32])?;
    node.rest_are(2, Dtype::I64)?;
    let axis = node.int("axis")?.unwrap_or(1);
    if let Some(size) = node.int("block_size")?.filter(|&size| size != 0) {
        return Err(format!("attribute `block_size` is {size}: scales of blocks are not supported"));
    }
    if let Some(code) = node.int("output_dtype")?.filter(|&code| code != 0 && code != 1) {
        return Err(format!("attribute `output_dtype` is {code}, expected 1, float"));
    }
    Kernel::one(Dtype::F32, move |inputs| {
        let (x, scale, zero) = (need(inputs, 0)?, need(inputs, 1)?, optional(inputs, 2));
        let (Data::I64(numbers), Data::F32(scales)) = (x.data(), scale.data()) else {
            return Err("integers and a float scale are expected".into());
        };
        let zeros = match zero.map(Tensor::data) {
            Some(Data::I64(zeros)) => zeros.as_slice(),
            _ => &[],
        };
        let place = places(x.shape(), scale.shape(), axis)?;
        if !zeros.is_empty() && zeros.len() != scales.len() {
            return Err(format!("{} zero points where there are {} scales", zeros.len(), scales.len()));
        }
        let number = |(i, &q): (usize, &i64)| {
            let at = place(i);
            let zero = zeros.get(at).copied().unwrap_or(0);
            (q.saturating_sub(zero)) as f32 * scales[at]
        };
        tensor(x.shape().to_vec(), Data::F32(numbers.iter().enumerate().map(number).collect()))
    })
}

/// Which scale a number has.
fn places(shape: &[usize], scales: &[usize], axis: i64) -> Result<impl Fn(usize) -> usize, String> {
    let (inner, count) = match *scales {
        [] => (1, 1),
        // one scale in a list is for all, whatever the axis
        [1] => (1, 1),
        [count] => {
            let axis = axis_of(axis, shape.len())?;
            if shape[axis] != count {
                return Err(format!("{count} scales where the axis has {}", shape[axis]));
            }
            (shape[axis + 1..].iter().product::<usize>().max(1), count)
        }
        _ => return Err(format!("a scale of shape {scales:?}, expected one number or one list")),
    };
    Ok(move |i: usize| i / inner % count)
}
