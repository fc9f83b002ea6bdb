//! Pooling: the largest or the mean of what a window covers. One to three spatial dimensions.

use super::window::{Axis, Window};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::matmul::check_work;
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// What a window covers along one dimension: the first element, how many, and how many with the padding.
struct Cover {
    first: usize,
    count: usize,
    padded: usize,
}

fn covers(axis: &Axis) -> Vec<Cover> {
    let cover = |i: usize| {
        let start = i * axis.stride;
        // elements of the kernel before the input, and those before its end
        let before = axis.begin.saturating_sub(start).div_ceil(axis.dilation).min(axis.kernel);
        let up_to = |end: usize| end.saturating_sub(start).div_ceil(axis.dilation).min(axis.kernel);
        let inside = up_to(axis.begin + axis.input).max(before);
        Cover {
            first: (start + before * axis.dilation).saturating_sub(axis.begin),
            count: inside - before,
            padded: up_to(axis.begin + axis.input + axis.end),
        }
    };
    (0..axis.output).map(cover).collect()
}

/// A dimension that is not there.
const NONE: Axis = Axis { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0 };

/// How elements under a window become one.
trait Pool<T> {
    fn start(&self) -> T;
    fn put(&self, sum: T, x: T) -> T;
    /// `inside` elements were put, the window covers `padded`.
    fn end(&self, sum: T, inside: usize, padded: usize) -> T;
}

struct Largest;

macro_rules! largest {
    ($t:ty, $least:expr) => {
        impl Pool<$t> for Largest {
            fn start(&self) -> $t {
                $least
            }
            fn put(&self, sum: $t, x: $t) -> $t {
                if x > sum { x } else { sum }
            }
            fn end(&self, sum: $t, _: usize, _: usize) -> $t {
                sum
            }
        }
    };
}

largest!(f32, f32::NEG_INFINITY);
largest!(f64, f64::NEG_INFINITY);
largest!(i64, i64::MIN);

struct Mean {
    with_padding: bool,
}

macro_rules! mean {
    ($t:ty) => {
        impl Pool<$t> for Mean {
            fn start(&self) -> $t {
                0.0
            }
            fn put(&self, sum: $t, x: $t) -> $t {
                sum + x
            }
            fn end(&self, sum: $t, inside: usize, padded: usize) -> $t {
                sum / if self.with_padding { padded } else { inside }.max(1) as $t
            }
        }
    };
}

mean!(f32);
mean!(f64);

/// For the kernel's element `k`, which answers it counts for, and the input that it reads for the first of them.
fn span(axis: &Axis, k: usize) -> (std::ops::Range<usize>, usize) {
    let at = k * axis.dilation;
    let first = axis.begin.saturating_sub(at).div_ceil(axis.stride).min(axis.output);
    let last = (axis.begin + axis.input).saturating_sub(at).div_ceil(axis.stride).clamp(first, axis.output);
    (first..last, (first * axis.stride + at).saturating_sub(axis.begin))
}

/// Slides over every plane of `[N * C, spatial...]`: one line of answers at a time, so that the innermost loop is
/// without conditions.
fn slide<T: Copy>(v: &[T], axes: [Axis; 3], pool: &impl Pool<T>) -> Vec<T> {
    let plane: usize = axes.iter().map(|a| a.input).product();
    let [depths, rows, columns] = axes.map(|a| covers(&a));
    let [by_depth, by_row, _] = axes.map(|a| a.dilation);
    let spans: Vec<_> = (0..axes[2].kernel).map(|k| span(&axes[2], k)).collect();
    let (stride, width) = (axes[2].stride, axes[2].input);
    let mut out = vec![pool.start(); v.len() / plane * depths.len() * rows.len() * columns.len()];
    let mut lines = out.chunks_exact_mut(columns.len());
    for v in v.chunks_exact(plane) {
        for (depth, row) in depths.iter().flat_map(|d| rows.iter().map(move |r| (d, r))) {
            let line = lines.next().expect("as many lines as were counted");
            for (d, r) in (0..depth.count).flat_map(|d| (0..row.count).map(move |r| (d, r))) {
                let at = (depth.first + d * by_depth) * axes[1].input + row.first + r * by_row;
                let from = &v[at * width..(at + 1) * width];
                for (to, start) in spans.iter().filter(|(to, _)| !to.is_empty()) {
                    let read = from[*start..].iter().step_by(stride);
                    line[to.clone()].iter_mut().zip(read).for_each(|(sum, &x)| *sum = pool.put(*sum, x));
                }
            }
            let (inside, padded) = (depth.count * row.count, depth.padded * row.padded);
            for (sum, column) in line.iter_mut().zip(&columns) {
                *sum = pool.end(*sum, inside * column.count, padded * column.padded);
            }
        }
    }
    out
}

/// The answer's shape and the three dimensions, of which the first may not be there.
fn plan(t: &Tensor, window: &Window) -> Result<(Vec<usize>, [Axis; 3]), String> {
    let kernel = window.kernel.as_ref().ok_or("attribute `kernel_shape` is missing")?;
    let [batch, channels, spatial @ ..] = t.shape() else {
        return Err(format!("shape {:?} has no spatial dimensions", t.shape()));
    };
    let axes = window.axes(spatial, kernel)?;
    let mut padded = [NONE; 3];
    match axes.len() {
        rank @ 1..=3 => padded[3 - rank..].copy_from_slice(&axes),
        rank => return Err(format!("{rank} spatial dimensions, 1 to 3 are supported")),
    }
    let sizes: Vec<usize> = axes.iter().map(|a| a.output).collect();
    let shape = [&[*batch, *channels], &sizes[..]].concat();
    let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
    check_work(&[&[count], &kernel[..]].concat())?;
    Ok((shape, padded))
}

pub(in crate::onnx::ops) fn max(node: &Node<'_>) -> Result<Kernel, String> {
    // it orders the indices, which are not answered
    node.ignore(&["storage_order"]);
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64])?;
    let window = Window::of(node)?.rounded(node.flag("ceil_mode", false)?);
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let (shape, axes) = plan(t, &window)?;
        let data = match t.data() {
            Data::F32(v) => Data::F32(slide(v, axes, &Largest)),
            Data::F64(v) => Data::F64(slide(v, axes, &Largest)),
            Data::I64(v) => Data::I64(slide(v, axes, &Largest)),
            other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
        };
        tensor(shape, data)
    })
}

pub(in crate::onnx::ops) fn average(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    let window = Window::of(node)?.rounded(node.flag("ceil_mode", false)?);
    let with_padding = node.flag("count_include_pad", false)?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let (shape, axes) = plan(t, &window)?;
        let mean = Mean { with_padding };
        let data = match t.data() {
            Data::F32(v) => Data::F32(slide(v, axes, &mean)),
            Data::F64(v) => Data::F64(slide(v, axes, &mean)),
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        tensor(shape, data)
    })
}

/// Each channel becomes one number, put together in double precision.
fn global(
    node: &Node<'_>,
    of: fn(&mut dyn Iterator<Item = f64>) -> f64,
    mean: bool,
) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let [batch, channels, spatial @ ..] = t.shape() else {
            return Err(format!("shape {:?} has no spatial dimensions", t.shape()));
        };
        let plane: usize = spatial.iter().product();
        if plane == 0 {
            return Err(format!("there is nothing to pool in shape {:?}", t.shape()));
        }
        let share = if mean { plane as f64 } else { 1.0 };
        let data = match t.data() {
            Data::F32(v) => {
                let each = v.chunks_exact(plane).map(|v| of(&mut v.iter().map(|&x| f64::from(x))) / share);
                Data::F32(each.map(|x| x as f32).collect())
            }
            Data::F64(v) => {
                Data::F64(v.chunks_exact(plane).map(|v| of(&mut v.iter().copied()) / share).collect())
            }
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        let ones = std::iter::repeat_n(1, spatial.len());
        tensor([*batch, *channels].into_iter().chain(ones).collect(), data)
    })
}

pub(in crate::onnx::ops) fn global_average(node: &Node<'_>) -> Result<Kernel, String> {
    global(node, |v| v.sum(), true)
}

pub(in crate::onnx::ops) fn global_max(node: &Node<'_>) -> Result<Kernel, String> {
    global(node, |v| v.fold(f64::NEG_INFINITY, f64::max), false)
}
