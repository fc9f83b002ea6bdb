//! Operators about positions: picking elements by index, and finding where the largest are.

use super::reduce::lines;
use super::shape::{axis_of, blocks, whole};
use crate::onnx::distance::smallest;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};
use std::cmp::Ordering;

const NUMBERS: [Dtype; 3] = [Dtype::F32, Dtype::F64, Dtype::I64];

pub(super) fn gather(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    let axis = node.int("axis")?.unwrap_or(0);
    Kernel::one(node.dtype(0)?, move |inputs| {
        let (t, indices) = (need(inputs, 0)?, need(inputs, 1)?);
        let axis = axis_of(axis, t.shape().len())?;
        let size = t.shape()[axis];
        let index = |&i: &i64| axis_of(i, size).map_err(|_| format!("index {i} of {size} elements"));
        let picked = whole(indices)?.iter().map(index).collect::<Result<Vec<_>, _>>()?;
        let shape = [&t.shape()[..axis], indices.shape(), &t.shape()[axis + 1..]].concat();
        elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        tensor(shape, pick(t, axis, &picked))
    })
}

/// The elements at these indices of a dimension.
pub(in crate::onnx) fn pick(t: &Tensor, axis: usize, indices: &[usize]) -> Data {
    let (outer, inner) = blocks(t.shape(), axis);
    let stride = t.shape()[axis] * inner;
    macro_rules! pick {
        ($v:expr) => {
            (0..outer)
                .flat_map(|o| indices.iter().map(move |i| o * stride + i * inner))
                .flat_map(|start| &$v[start..start + inner])
                .cloned()
                .collect()
        };
    }
    match t.data() {
        Data::F32(v) => Data::F32(pick!(v)),
        Data::F64(v) => Data::F64(pick!(v)),
        Data::I64(v) => Data::I64(pick!(v)),
        Data::Bool(v) => Data::Bool(pick!(v)),
        Data::Str(v) => Data::Str(pick!(v)),
    }
}

/// Compares the elements at two places; NaN is smaller than all numbers.
fn compare(data: &Data, a: usize, b: usize) -> Ordering {
    fn floats(x: f64, y: f64) -> Ordering {
        x.partial_cmp(&y).unwrap_or_else(|| y.is_nan().cmp(&x.is_nan()))
    }
    match data {
        Data::F32(v) => floats(v[a].into(), v[b].into()),
        Data::F64(v) => floats(v[a], v[b]),
        Data::I64(v) => v[a].cmp(&v[b]),
        Data::Bool(_) | Data::Str(_) => Ordering::Equal,
    }
}

pub(super) fn arg_max(node: &Node<'_>) -> Result<Kernel, String> {
    arg(node, Ordering::Greater)
}

pub(super) fn arg_min(node: &Node<'_>) -> Result<Kernel, String> {
    arg(node, Ordering::Less)
}

fn arg(node: &Node<'_>, better: Ordering) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &NUMBERS)?;
    let axis = node.int("axis")?.unwrap_or(0);
    let keep = node.flag("keepdims", true)?;
    let last = node.flag("select_last_index", false)?;
    Kernel::one(Dtype::I64, move |inputs| {
        let t = need(inputs, 0)?;
        let axis = axis_of(axis, t.shape().len())?;
        if t.shape()[axis] == 0 {
            return Err("there is nothing to choose from".into());
        }
        let best = lines(t, axis).map(|(start, width, step)| {
            let takes = |i: usize, best: usize| {
                let order = compare(t.data(), start + i * step, start + best * step);
                order == better || (last && order == Ordering::Equal)
            };
            (1..width).fold(0, |best, i| if takes(i, best) { i } else { best }) as i64
        });
        let mut shape = t.shape().to_vec();
        if keep {
            shape[axis] = 1;
        } else {
            shape.remove(axis);
        }
        tensor(shape, Data::I64(best.collect()))
    })
}

pub(super) fn top_k(node: &Node<'_>) -> Result<Kernel, String> {
    let fixed = node.int("k")?;
    node.arity(if fixed.is_some() { 1 } else { 2 }, if fixed.is_some() { 1 } else { 2 })?;
    node.rest_are(1, Dtype::I64)?;
    // equal elements stand in order of their index, sorted or not
    node.ignore(&["sorted"]);
    let axis = node.int("axis")?.unwrap_or(-1);
    let largest = node.flag("largest", true)?;
    let dtype = node.one_of(0, &NUMBERS)?;
    Kernel::many(vec![dtype, Dtype::I64], move |inputs| {
        let t = need(inputs, 0)?;
        let axis = axis_of(axis, t.shape().len())?;
        let k = match fixed {
            Some(k) => k,
            None => *whole(need(inputs, 1)?)?.first().ok_or("k is missing")?,
        };
        let size = t.shape()[axis];
        let k = usize::try_from(k).ok().filter(|&k| k <= size);
        let k = k.ok_or_else(|| format!("k is not between 0 and {size}"))?;
        top(t, axis, k, largest)
    })
}

/// A line of distances: floats side by side of which none is missing or below 0.
fn nearest(data: &Data, start: usize, width: usize, step: usize) -> Option<&[f32]> {
    let Data::F32(v) = data else { return None };
    let line = (step == 1).then(|| &v[start..start + width])?;
    line.iter().all(|x| x.to_bits() <= f32::INFINITY.to_bits()).then_some(line)
}

fn top(t: &Tensor, axis: usize, k: usize, largest: bool) -> Result<Vec<Tensor>, String> {
    let mut shape = t.shape().to_vec();
    shape[axis] = k;
    let count = shape.iter().product();
    let (mut places, mut ranks) = (vec![0; count], vec![0i64; count]);
    let inner = blocks(t.shape(), axis).1;
    for (line, (start, width, step)) in lines(t, axis).enumerate() {
        let few = nearest(t.data(), start, width, step).filter(|_| !largest && k > 0);
        let mut order: Vec<usize> = few.map_or_else(|| (0..width).collect(), |line| smallest(line, k));
        // Equal elements stand in order of their index.
        let by = |&a: &usize, &b: &usize| {
            let order = compare(t.data(), start + a * step, start + b * step);
            (if largest { order.reverse() } else { order }).then(a.cmp(&b))
        };
        // A few of many are put in front before they are sorted.
        if k < order.len() {
            order.select_nth_unstable_by(k, by);
            order.truncate(k);
        }
        order.sort_unstable_by(by);
        let to = (line / inner) * k * inner + line % inner;
        for (rank, &i) in order.iter().enumerate() {
            places[to + rank * inner] = start + i * step;
            ranks[to + rank * inner] = i as i64;
        }
    }
    let values = match t.data() {
        Data::F32(v) => Data::F32(places.iter().map(|&p| v[p]).collect()),
        Data::F64(v) => Data::F64(places.iter().map(|&p| v[p]).collect()),
        Data::I64(v) => Data::I64(places.iter().map(|&p| v[p]).collect()),
        other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
    };
    Ok(vec![tensor(shape.clone(), values)?, tensor(shape, Data::I64(ranks))?])
}

pub(super) fn cum_sum(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    let exclusive = node.flag("exclusive", false)?;
    let reverse = node.flag("reverse", false)?;
    let dtype = node.one_of(0, &NUMBERS)?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let axis = *whole(need(inputs, 1)?)?.first().ok_or("the axis is missing")?;
        let axis = axis_of(axis, t.shape().len())?;
        macro_rules! sums {
            ($v:expr, $zero:expr, $add:expr) => {{
                let mut out = $v.clone();
                for (start, width, step) in lines(t, axis) {
                    let mut sum = $zero;
                    for i in 0..width {
                        let at = start + if reverse { width - 1 - i } else { i } * step;
                        let next = $add(sum, $v[at]);
                        out[at] = if exclusive { sum } else { next };
                        sum = next;
                    }
                }
                out
            }};
        }
        let data = match t.data() {
            Data::F32(v) => Data::F32(sums!(v, 0.0f32, |a, b| a + b)),
            Data::F64(v) => Data::F64(sums!(v, 0.0f64, |a, b| a + b)),
            Data::I64(v) => Data::I64(sums!(v, 0i64, i64::wrapping_add)),
            other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}
