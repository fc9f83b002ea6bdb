//! Reductions along some dimensions. Floats are summed in double precision.

use super::shape::{Axes, axis_of};
use crate::onnx::node::{Inputs, Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};

/// How whole numbers are put together.
type Whole = fn(i64, i64) -> i64;

/// How elements are put together.
#[derive(Clone, Copy)]
struct Rule {
    start: f64,
    put: fn(f64, f64) -> f64,
    end: fn(f64, f64) -> f64,
    /// For whole numbers, where it differs from doing it in double precision.
    whole: Option<(i64, Whole)>,
    /// Whether nothing at all can be reduced.
    empty: bool,
}

const SUM: Rule =
    Rule { start: 0.0, put: |a, x| a + x, end: |a, _| a, whole: Some((0, i64::wrapping_add)), empty: true };

pub(super) fn sum(node: &Node<'_>) -> Result<Kernel, String> {
    reduction(node, SUM)
}

pub(super) fn mean(node: &Node<'_>) -> Result<Kernel, String> {
    reduction(node, Rule { end: |a, n| a / n, whole: None, empty: false, ..SUM })
}

pub(super) fn sum_square(node: &Node<'_>) -> Result<Kernel, String> {
    let whole: Whole = |a, x| a.wrapping_add(x.wrapping_mul(x));
    reduction(node, Rule { put: |a, x| a + x * x, whole: Some((0, whole)), ..SUM })
}

pub(super) fn l1(node: &Node<'_>) -> Result<Kernel, String> {
    let whole: Whole = |a, x| a.wrapping_add(x.wrapping_abs());
    reduction(node, Rule { put: |a, x| a + x.abs(), whole: Some((0, whole)), ..SUM })
}

pub(super) fn l2(node: &Node<'_>) -> Result<Kernel, String> {
    reduction(node, Rule { put: |a, x| a + x * x, end: |a, _| a.sqrt(), whole: None, ..SUM })
}

pub(super) fn log_sum(node: &Node<'_>) -> Result<Kernel, String> {
    node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    reduction(node, Rule { end: |a, _| a.ln(), whole: None, ..SUM })
}

pub(super) fn log_sum_exp(node: &Node<'_>) -> Result<Kernel, String> {
    node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    // one number at a time, from the larger of both, so that nothing overflows
    let put = |a: f64, x: f64| {
        let (low, high) = if x > a { (a, x) } else { (x, a) };
        if low == f64::NEG_INFINITY || high == f64::INFINITY {
            high
        } else {
            high + (low - high).exp().ln_1p()
        }
    };
    reduction(node, Rule { start: f64::NEG_INFINITY, put, whole: None, ..SUM })
}

pub(super) fn prod(node: &Node<'_>) -> Result<Kernel, String> {
    reduction(node, Rule { start: 1.0, put: |a, x| a * x, whole: Some((1, i64::wrapping_mul)), ..SUM })
}

pub(super) fn max(node: &Node<'_>) -> Result<Kernel, String> {
    let put = |a: f64, x: f64| if x > a || x.is_nan() { x } else { a };
    let whole = Some((i64::MIN, i64::max as Whole));
    reduction(node, Rule { start: f64::NEG_INFINITY, put, whole, empty: false, ..SUM })
}

pub(super) fn min(node: &Node<'_>) -> Result<Kernel, String> {
    let put = |a: f64, x: f64| if x < a || x.is_nan() { x } else { a };
    let whole = Some((i64::MAX, i64::min as Whole));
    reduction(node, Rule { start: f64::INFINITY, put, whole, empty: false, ..SUM })
}

fn reduction(node: &Node<'_>, rule: Rule) -> Result<Kernel, String> {
    let axes = Axes::of(node)?;
    let keep = node.flag("keepdims", true)?;
    let none_is_none = node.flag("noop_with_empty_axes", false)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64])?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let Some(gone) = gone(&axes, inputs, t.shape().len(), none_is_none)? else { return Ok(t.clone()) };
        let plan = Plan::new(t.shape(), &gone);
        if plan.each == 0 && !rule.empty {
            return Err(format!("there is nothing to reduce in shape {:?}", t.shape()));
        }
        let data = match t.data() {
            Data::F32(v) => Data::F32(plan.floats(v.iter().map(|&x| f64::from(x)), rule, |x| x as f32)),
            Data::F64(v) => Data::F64(plan.floats(v.iter().copied(), rule, |x| x)),
            Data::I64(v) => Data::I64(plan.whole(v, rule)),
            other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
        };
        let kept = |i: &usize| keep || !gone[*i];
        let shape = (0..gone.len()).filter(kept).map(|i| if gone[i] { 1 } else { t.shape()[i] });
        tensor(shape.collect(), data)
    })
}

/// Which dimensions are reduced; `None` when none are.
fn gone(axes: &Axes, inputs: &Inputs<'_>, rank: usize, none: bool) -> Result<Option<Vec<bool>>, String> {
    let listed = axes.listed(inputs)?.unwrap_or_default();
    if listed.is_empty() {
        return Ok((!none).then(|| vec![true; rank]));
    }
    let mut gone = vec![false; rank];
    for axis in listed {
        gone[axis_of(axis, rank)?] = true;
    }
    Ok(Some(gone))
}

/// Where each element goes.
struct Plan {
    shape: Vec<usize>,
    /// How far apart the answers of neighbours lie; 0 along reduced dimensions.
    strides: Vec<usize>,
    /// How many answers there are.
    count: usize,
    /// How many elements go into one.
    each: usize,
}

impl Plan {
    fn new(shape: &[usize], gone: &[bool]) -> Plan {
        let mut strides = vec![0; shape.len()];
        let mut count = 1;
        for i in (0..shape.len()).rev().filter(|&i| !gone[i]) {
            strides[i] = count;
            count *= shape[i];
        }
        let each = (0..shape.len()).filter(|&i| gone[i]).map(|i| shape[i]).product();
        Plan { shape: shape.to_vec(), strides, count, each }
    }

    /// Calls `put` with every element and the index of its answer.
    fn walk<T>(&self, elements: impl Iterator<Item = T>, mut put: impl FnMut(usize, T)) {
        let mut index = vec![0; self.shape.len()];
        let mut at = 0;
        for x in elements {
            put(at, x);
            for d in (0..index.len()).rev() {
                index[d] += 1;
                at += self.strides[d];
                if index[d] < self.shape[d] {
                    break;
                }
                at -= self.strides[d] * self.shape[d];
                index[d] = 0;
            }
        }
    }

    fn floats<T: Clone>(&self, v: impl Iterator<Item = f64>, rule: Rule, to: fn(f64) -> T) -> Vec<T> {
        let mut out = vec![rule.start; self.count];
        self.walk(v, |at, x| out[at] = (rule.put)(out[at], x));
        out.into_iter().map(|a| to((rule.end)(a, self.each as f64))).collect()
    }

    fn whole(&self, v: &[i64], rule: Rule) -> Vec<i64> {
        let Some((start, put)) = rule.whole else {
            return self.floats(v.iter().map(|&x| x as f64), rule, |x| x as i64);
        };
        let mut out = vec![start; self.count];
        self.walk(v.iter(), |at, &x| out[at] = put(out[at], x));
        out
    }
}

/// Every line along a dimension: where it starts, how long it is, and how far its elements lie apart.
pub(super) fn lines(t: &Tensor, axis: usize) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (outer, inner) = super::shape::blocks(t.shape(), axis);
    let width = t.shape()[axis];
    (0..outer * inner).map(move |i| ((i / inner) * width * inner + i % inner, width, inner))
}
