//! Softmax and its logarithm, along one dimension.
//!
//! Before version 13 all dimensions from the axis on are taken together.

use super::shape::axis_of;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype};

/// What both do to one line, in place.
trait Line {
    fn softmax(&mut self);
    fn log_softmax(&mut self);
}

macro_rules! line {
    ($t:ty) => {
        impl Line for [$t] {
            fn softmax(&mut self) {
                let max = self.iter().copied().fold(<$t>::NEG_INFINITY, <$t>::max);
                self.iter_mut().for_each(|x| *x = (*x - max).exp());
                let sum: $t = self.iter().sum();
                self.iter_mut().for_each(|x| *x /= sum);
            }
            fn log_softmax(&mut self) {
                let max = self.iter().copied().fold(<$t>::NEG_INFINITY, <$t>::max);
                let sum: $t = self.iter().map(|x| (*x - max).exp()).sum();
                self.iter_mut().for_each(|x| *x = *x - max - sum.ln());
            }
        }
    };
}

line!(f32);
line!(f64);

pub(super) fn softmax(node: &Node<'_>) -> Result<Kernel, String> {
    along(node, |line| line.softmax(), |line| line.softmax())
}

pub(super) fn log_softmax(node: &Node<'_>) -> Result<Kernel, String> {
    along(node, |line| line.log_softmax(), |line| line.log_softmax())
}

/// One line of single floats, in place.
pub(in crate::onnx) fn softmax_line(line: &mut [f32]) {
    line.softmax();
}

fn along(node: &Node<'_>, single: fn(&mut [f32]), double: fn(&mut [f64])) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let flat = node.opset < 13;
    let axis = node.int("axis")?.unwrap_or(if flat { 1 } else { -1 });
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let axis = axis_of(axis, t.shape().len())?;
        let rest: usize = t.shape()[axis + 1..].iter().product();
        let (width, inner) = if flat { (t.shape()[axis] * rest, 1) } else { (t.shape()[axis], rest) };
        let data = match t.data() {
            Data::F32(v) => Data::F32(lines(v, width, inner, single)),
            Data::F64(v) => Data::F64(lines(v, width, inner, double)),
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}

/// Every line of `width` elements that lie `inner` apart.
fn lines<T: Copy>(v: &[T], width: usize, inner: usize, f: fn(&mut [T])) -> Vec<T> {
    let mut out = v.to_vec();
    if width == 0 || inner == 0 {
        return out;
    }
    if inner == 1 {
        out.chunks_mut(width).for_each(f);
        return out;
    }
    for block in out.chunks_mut(width * inner) {
        for column in 0..inner {
            let mut line: Vec<T> = block.iter().skip(column).step_by(inner).copied().collect();
            f(&mut line);
            block.iter_mut().skip(column).step_by(inner).zip(line).for_each(|(to, from)| *to = from);
        }
    }
    out
}
