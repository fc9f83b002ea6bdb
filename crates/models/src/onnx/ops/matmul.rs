//! Matrix products.
//!
//! One loop for all: rows of the second matrix are added up, four rows of the first at a time, which the
//! compiler vectorises. Not a BLAS, but within reach of one for the small layers that classic models have.

use super::strided::strided;
use super::zip::{broadcast, broadcast_strides, zip};
use crate::onnx::engine::Engine;
use crate::onnx::node::{Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// The most multiplications that one product may take.
const MAX_WORK: usize = 1 << 36;

const FLOATS: [Dtype; 2] = [Dtype::F32, Dtype::F64];

/// A way to multiply matrices: `out += a * b`, where `out` holds zeros, then the depth and the columns of the
/// answer.
type MultiplyOf<T> = fn(&[T], &[T], &mut [T], usize, usize);
/// As before, in single precision.
pub(in crate::onnx) type Multiply = MultiplyOf<f32>;

/// Who multiplies for this engine.
pub(super) fn multiplier(engine: Engine) -> Multiply {
    match engine {
        Engine::Own => multiply::<f32>,
        Engine::Rten => super::neural::multiply,
    }
}

/// What a product needs of a number type.
pub(in crate::onnx) trait Float:
    Copy + Default + PartialEq + std::ops::AddAssign + std::ops::Mul<Output = Self> + std::ops::Add<Output = Self>
{
}

impl Float for f32 {}
impl Float for f64 {}

/// `out[i, :] += sum over k of a[i, k] * b[k, :]`, where `out` is `[rows, columns]` and `b` is
/// `[depth, columns]`.
pub(in crate::onnx) fn multiply<T: Float>(a: &[T], b: &[T], out: &mut [T], depth: usize, columns: usize) {
    if depth == 0 || columns == 0 {
        return;
    }
    let mut rows = a.chunks_exact(4 * depth);
    let mut outs = out.chunks_exact_mut(4 * columns);
    for (a, out) in rows.by_ref().zip(outs.by_ref()) {
        four(a, b, out, depth, columns);
    }
    let rest = outs.into_remainder();
    for (a, out) in rows.remainder().chunks_exact(depth).zip(rest.chunks_exact_mut(columns)) {
        for (&x, row) in a.iter().zip(b.chunks_exact(columns)) {
            out.iter_mut().zip(row).for_each(|(o, &y)| *o += x * y);
        }
    }
}

/// Four rows at a time, so that each row of `b` is read from memory once for all four.
fn four<T: Float>(a: &[T], b: &[T], out: &mut [T], depth: usize, columns: usize) {
    let (o0, rest) = out.split_at_mut(columns);
    let (o1, rest) = rest.split_at_mut(columns);
    let (o2, o3) = rest.split_at_mut(columns);
    for (k, row) in b.chunks_exact(columns).enumerate() {
        let (x0, x1, x2, x3) = (a[k], a[depth + k], a[2 * depth + k], a[3 * depth + k]);
        let lanes = o0.iter_mut().zip(o1.iter_mut()).zip(o2.iter_mut()).zip(o3.iter_mut());
        for ((((p, q), r), s), &y) in lanes.zip(row) {
            *p += x0 * y;
            *q += x1 * y;
            *r += x2 * y;
            *s += x3 * y;
        }
    }
}

/// Fails when a product of these factors is more work than one node may do.
pub(super) fn check_work(factors: &[usize]) -> Result<(), String> {
    let work = factors.iter().try_fold(1usize, |n, &f| n.checked_mul(f));
    match work {
        Some(work) if work <= MAX_WORK => Ok(()),
        _ => Err(format!("a product of {factors:?} multiplications is too large")),
    }
}

pub(super) fn matmul(node: &Node<'_>) -> Result<Kernel, String> {
    let single = multiplier(node.engine);
    node.arity(2, 2)?;
    let dtype = node.one_of(0, &FLOATS)?;
    node.rest_are(1, dtype)?;
    Kernel::one(dtype, move |inputs| {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        match (a.data(), b.data()) {
            (Data::F32(x), Data::F32(y)) => {
                let (shape, v) = product((x, a.shape()), (y, b.shape()), single)?;
                tensor(shape, Data::F32(v))
            }
            (Data::F64(x), Data::F64(y)) => {
                let (shape, v) = product((x, a.shape()), (y, b.shape()), multiply)?;
                tensor(shape, Data::F64(v))
            }
            (x, y) => Err(format!("{} and {} do not multiply", x.dtype(), y.dtype())),
        }
    })
}

/// numpy's `matmul`: a vector counts as one row or one column, dimensions before the last two broadcast.
fn product<T: Float>(
    (a, a_shape): (&[T], &[usize]),
    (b, b_shape): (&[T], &[usize]),
    multiply: MultiplyOf<T>,
) -> Result<(Vec<usize>, Vec<T>), String> {
    let wrong = || format!("shapes {a_shape:?} and {b_shape:?} do not multiply");
    let (&a_last, &b_last) = (a_shape.last().ok_or_else(wrong)?, b_shape.last().ok_or_else(wrong)?);
    let full_a = if a_shape.len() == 1 { vec![1, a_last] } else { a_shape.to_vec() };
    let full_b = if b_shape.len() == 1 { vec![b_last, 1] } else { b_shape.to_vec() };
    let ([a_batch @ .., rows, depth], [b_batch @ .., b_depth, columns]) = (&full_a[..], &full_b[..]) else {
        return Err(wrong());
    };
    if depth != b_depth {
        return Err(wrong());
    }
    let batch = broadcast(a_batch, b_batch)?;
    let mut shape = [&batch[..], &[*rows, *columns]].concat();
    let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
    check_work(&[count, *depth])?;
    let mut out = vec![T::default(); count];
    if count > 0 && *depth > 0 {
        let whole = [&batch[..], &[*rows, *depth]].concat();
        let spread_a = spread(a, &full_a, &whole)?;
        let whole = [&batch[..], &[*depth, *columns]].concat();
        let spread_b = spread(b, &full_b, &whole)?;
        let matrices = spread_a.chunks(rows * depth).zip(spread_b.chunks(depth * columns));
        for ((a, b), out) in matrices.zip(out.chunks_mut(rows * columns)) {
            multiply(a, b, out, *depth, *columns);
        }
    }
    if b_shape.len() == 1 {
        shape.pop();
    }
    if a_shape.len() == 1 {
        shape.remove(batch.len());
    }
    Ok((shape, out))
}

/// The elements repeated to a larger shape; borrowed when it is the same.
fn spread<'a, T: Clone>(
    v: &'a [T],
    shape: &[usize],
    to: &[usize],
) -> Result<std::borrow::Cow<'a, [T]>, String> {
    if shape == to {
        return Ok(v.into());
    }
    elements(to).ok_or_else(|| format!("the shape {to:?} is too large"))?;
    Ok(strided(v, 0, to, &broadcast_strides(shape, to)).into())
}

pub(super) fn gemm(node: &Node<'_>) -> Result<Kernel, String> {
    let single = multiplier(node.engine);
    node.arity(2, 3)?;
    let dtype = node.one_of(0, &FLOATS)?;
    node.rest_are(1, dtype)?;
    let settings = Gemm {
        alpha: node.float("alpha")?.unwrap_or(1.0),
        beta: node.float("beta")?.unwrap_or(1.0),
        turn_a: node.flag("transA", false)?,
        turn_b: node.flag("transB", false)?,
    };
    // a constant second matrix is turned once and for all
    let turned = match (node.inputs[1].and_then(|b| b.constant), settings.turn_b) {
        (Some(b), true) => Some(turn_tensor(b)?),
        _ => None,
    };
    Kernel::one(dtype, move |inputs| {
        let (a, b, c) = (need(inputs, 0)?, need(inputs, 1)?, optional(inputs, 2));
        let (b, turn_b) = match &turned {
            Some(turned) => (turned, false),
            None => (b, settings.turn_b),
        };
        let settings = Gemm { turn_b, ..settings };
        let shapes = (a.shape(), b.shape());
        match (a.data(), b.data(), c.map(Tensor::data)) {
            (Data::F32(x), Data::F32(y), None) => {
                let (shape, v) = settings.run(shapes, x, y, None, (|x| x, single))?;
                tensor(shape, Data::F32(v))
            }
            (Data::F32(x), Data::F32(y), Some(Data::F32(z))) => {
                let addend = c.map(|c| (z.as_slice(), c.shape()));
                let (shape, v) = settings.run(shapes, x, y, addend, (|x| x, single))?;
                tensor(shape, Data::F32(v))
            }
            (Data::F64(x), Data::F64(y), None) => {
                let (shape, v) = settings.run(shapes, x, y, None, (f64::from, multiply))?;
                tensor(shape, Data::F64(v))
            }
            (Data::F64(x), Data::F64(y), Some(Data::F64(z))) => {
                let addend = c.map(|c| (z.as_slice(), c.shape()));
                let (shape, v) = settings.run(shapes, x, y, addend, (f64::from, multiply))?;
                tensor(shape, Data::F64(v))
            }
            _ => Err("the matrices differ in type".into()),
        }
    })
}

/// `alpha * a * b + beta * c`.
#[derive(Clone, Copy)]
struct Gemm {
    alpha: f32,
    beta: f32,
    turn_a: bool,
    turn_b: bool,
}

impl Gemm {
    fn run<T: Float>(
        self,
        (a_shape, b_shape): (&[usize], &[usize]),
        a: &[T],
        b: &[T],
        c: Option<(&[T], &[usize])>,
        (to, multiply): (fn(f32) -> T, MultiplyOf<T>),
    ) -> Result<(Vec<usize>, Vec<T>), String> {
        let (a, [rows, depth]) = turned(a, a_shape, self.turn_a)?;
        let (b, [b_depth, columns]) = turned(b, b_shape, self.turn_b)?;
        if depth != b_depth {
            return Err(format!("shapes {a_shape:?} and {b_shape:?} do not multiply"));
        }
        let shape = vec![rows, columns];
        let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        check_work(&[count, depth])?;
        let mut out = vec![T::default(); count];
        multiply(&a, &b, &mut out, depth, columns);
        if self.alpha != 1.0 {
            out.iter_mut().for_each(|x| *x = to(self.alpha) * *x);
        }
        let Some((c, c_shape)) = c else { return Ok((shape, out)) };
        let beta = to(self.beta);
        let (sum_shape, out) = zip((&out, &shape), (c, c_shape), |&x, &y| x + beta * y)?;
        match sum_shape == shape {
            true => Ok((shape, out)),
            false => Err(format!("an addend of shape {c_shape:?} does not fit {shape:?}")),
        }
    }
}

fn matrix(shape: &[usize]) -> Result<[usize; 2], String> {
    <[usize; 2]>::try_from(shape).map_err(|_| format!("shape {shape:?} is not a matrix"))
}

type Turned<'a, T> = (std::borrow::Cow<'a, [T]>, [usize; 2]);

fn turned<'a, T: Clone>(v: &'a [T], shape: &[usize], turn: bool) -> Result<Turned<'a, T>, String> {
    let [rows, columns] = matrix(shape)?;
    match turn {
        false => Ok((v.into(), [rows, columns])),
        true => Ok((strided(v, 0, &[columns, rows], &[1, columns as isize]).into(), [columns, rows])),
    }
}

fn turn_tensor(t: &Tensor) -> Result<Tensor, String> {
    match t.data() {
        Data::F32(v) => {
            let (v, shape) = turned(v, t.shape(), true)?;
            tensor(shape.to_vec(), Data::F32(v.into_owned()))
        }
        Data::F64(v) => {
            let (v, shape) = turned(v, t.shape(), true)?;
            tensor(shape.to_vec(), Data::F64(v.into_owned()))
        }
        other => Err(format!("a tensor of {} where floats are expected", other.dtype())),
    }
}
