//! Operators that only read elements in another order: transposing, slicing, repeating.
//!
//! All are one loop over strides: how far the next element along a dimension lies, backwards when negative,
//! 0 where elements repeat.

use super::shape::{axis_of, whole};
use super::zip::{broadcast, broadcast_strides};
use crate::onnx::node::{Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// The elements at `offset + sum(index[d] * strides[d])`, for all indices of `shape` in order.
pub(super) fn strided<T: Clone>(data: &[T], offset: usize, shape: &[usize], strides: &[isize]) -> Vec<T> {
    let Some((&width, outer)) = shape.split_last() else { return vec![data[offset].clone()] };
    let mut out = Vec::with_capacity(shape.iter().product());
    let step = strides[outer.len()];
    let mut index = vec![0; outer.len()];
    let mut start = offset as isize;
    if shape.contains(&0) {
        return out;
    }
    loop {
        if step == 1 {
            out.extend_from_slice(&data[start as usize..start as usize + width]);
        } else {
            out.extend((0..width as isize).map(|i| data[(start + i * step) as usize].clone()));
        }
        let mut d = outer.len();
        loop {
            if d == 0 {
                return out;
            }
            d -= 1;
            index[d] += 1;
            start += strides[d];
            if index[d] < outer[d] {
                break;
            }
            start -= strides[d] * outer[d] as isize;
            index[d] = 0;
        }
    }
}

/// The strides of a tensor read in its own order.
fn own_strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i] as isize;
    }
    strides
}

fn view(t: &Tensor, offset: usize, shape: &[usize], strides: &[isize]) -> Data {
    match t.data() {
        Data::F32(v) => Data::F32(strided(v, offset, shape, strides)),
        Data::F64(v) => Data::F64(strided(v, offset, shape, strides)),
        Data::I64(v) => Data::I64(strided(v, offset, shape, strides)),
        Data::Bool(v) => Data::Bool(strided(v, offset, shape, strides)),
        Data::Str(v) => Data::Str(strided(v, offset, shape, strides)),
    }
}

pub(super) fn transpose(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let perm = node.ints("perm")?.map(<[i64]>::to_vec);
    Kernel::one(node.dtype(0)?, move |inputs| {
        let t = need(inputs, 0)?;
        let rank = t.shape().len();
        let perm = match &perm {
            Some(perm) => perm.iter().map(|&p| axis_of(p, rank)).collect::<Result<Vec<_>, _>>()?,
            None => (0..rank).rev().collect(),
        };
        let mut sorted = perm.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..rank) {
            return Err(format!("perm {perm:?} does not order the {rank} dimensions"));
        }
        let strides = own_strides(t.shape());
        let shape: Vec<usize> = perm.iter().map(|&p| t.shape()[p]).collect();
        let data = view(t, 0, &shape, &perm.iter().map(|&p| strides[p]).collect::<Vec<_>>());
        tensor(shape, data)
    })
}

pub(super) fn expand(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    Kernel::one(node.dtype(0)?, |inputs| {
        let t = need(inputs, 0)?;
        let shape = broadcast(t.shape(), &sizes(need(inputs, 1)?)?)?;
        let data = view(t, 0, &shape, &broadcast_strides(t.shape(), &shape));
        tensor(shape, data)
    })
}

pub(super) fn tile(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    Kernel::one(node.dtype(0)?, |inputs| {
        let t = need(inputs, 0)?;
        let repeats = sizes(need(inputs, 1)?)?;
        if repeats.len() != t.shape().len() {
            return Err(format!("{} repeats for {} dimensions", repeats.len(), t.shape().len()));
        }
        let own = own_strides(t.shape());
        let pairs = || repeats.iter().zip(t.shape());
        // read as [repeat, dimension] for every dimension, repeats having stride 0
        let shape: Vec<usize> = pairs().flat_map(|(&r, &d)| [r, d]).collect();
        let strides: Vec<isize> = own.iter().flat_map(|&s| [0, s]).collect();
        let out = pairs().map(|(&r, &d)| r.checked_mul(d).ok_or("the repeats overflow"));
        let out = out.collect::<Result<Vec<_>, _>>()?;
        elements(&out).ok_or_else(|| format!("the answer's shape {out:?} is too large"))?;
        let data = view(t, 0, &shape, &strides);
        tensor(out, data)
    })
}

/// The sizes that a tensor of whole numbers lists.
pub(super) fn sizes(t: &Tensor) -> Result<Vec<usize>, String> {
    let size = |&n: &i64| usize::try_from(n).map_err(|_| format!("{n} is not a size"));
    whole(t)?.iter().map(size).collect()
}

/// Along one dimension: from where, how many, and in which steps.
struct Cut {
    axis: usize,
    start: usize,
    count: usize,
    step: isize,
}

pub(super) fn slice(node: &Node<'_>) -> Result<Kernel, String> {
    let settings = match node.ints("starts")? {
        Some(starts) => {
            node.arity(1, 1)?;
            let ends = node.ints("ends")?.ok_or("attribute `ends` is missing")?;
            Some((starts.to_vec(), ends.to_vec(), node.ints("axes")?.map(<[i64]>::to_vec)))
        }
        None => {
            node.arity(3, 5)?;
            node.rest_are(1, Dtype::I64)?;
            None
        }
    };
    Kernel::one(node.dtype(0)?, move |inputs| {
        let t = need(inputs, 0)?;
        let listed = |i| optional(inputs, i).map(|t| whole(t).map(<[i64]>::to_vec)).transpose();
        let (starts, ends, axes) = match &settings {
            Some(settings) => settings.clone(),
            None => (whole(need(inputs, 1)?)?.to_vec(), whole(need(inputs, 2)?)?.to_vec(), listed(3)?),
        };
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = listed(4)?.unwrap_or_else(|| vec![1; starts.len()]);
        if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
            return Err("starts, ends, axes and steps have different lengths".into());
        }
        let cuts = (0..starts.len()).map(|i| cut(t.shape(), axes[i], starts[i], ends[i], steps[i]));
        cuts_of(t, &cuts.collect::<Result<Vec<_>, _>>()?)
    })
}

fn cut(shape: &[usize], axis: i64, start: i64, end: i64, step: i64) -> Result<Cut, String> {
    let axis = axis_of(axis, shape.len())?;
    let size = i64::try_from(shape[axis]).map_err(|_| "a dimension is too large")?;
    let from_end = |i: i64| if i < 0 { i.saturating_add(size) } else { i };
    let (low, high) = match step {
        0 => return Err("a step is 0".into()),
        1.. => (from_end(start).clamp(0, size), from_end(end).clamp(0, size)),
        _ => (from_end(end).clamp(-1, size - 1), from_end(start).clamp(-1, size - 1)),
    };
    let count = (high - low).max(0).unsigned_abs().div_ceil(step.unsigned_abs()) as usize;
    let start = if step > 0 { low } else { high };
    let start = if count == 0 { 0 } else { start as usize };
    // a longer step than the dimension is never taken twice
    let step = step.clamp(-size.max(1), size.max(1)) as isize;
    Ok(Cut { axis, start, count, step })
}

fn cuts_of(t: &Tensor, cuts: &[Cut]) -> Result<Tensor, String> {
    let mut shape = t.shape().to_vec();
    let own = own_strides(t.shape());
    let mut strides = own.clone();
    let mut offset = 0;
    let mut seen = vec![false; shape.len()];
    for cut in cuts {
        if std::mem::replace(&mut seen[cut.axis], true) {
            return Err(format!("axis {} stands twice", cut.axis));
        }
        shape[cut.axis] = cut.count;
        strides[cut.axis] = own[cut.axis] * cut.step;
        offset += cut.start * own[cut.axis] as usize;
    }
    let data = if shape.contains(&0) { view(t, 0, &[0], &[1]) } else { view(t, offset, &shape, &strides) };
    tensor(shape, data)
}
