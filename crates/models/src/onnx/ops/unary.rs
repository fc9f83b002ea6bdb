//! Operators that look at one element at a time.

use crate::onnx::node::{Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};

/// Applies one function to either float type, in double precision; whole numbers are refused at load.
pub(super) fn parametric(
    node: &Node<'_>,
    of: impl Fn(f64) -> f64 + Send + Sync + 'static,
) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let data = match t.data() {
            Data::F32(v) => Data::F32(v.iter().map(|&x| of(f64::from(x)) as f32).collect()),
            Data::F64(v) => Data::F64(v.iter().map(|&x| of(x)).collect()),
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}

/// Applies one function per float type; whole numbers are refused at load. The functions are known at compile time,
/// so that the loop over a network's activations is inlined.
pub(super) fn floats(
    node: &Node<'_>,
    single: impl Fn(f32) -> f32 + Send + Sync + 'static,
    double: impl Fn(f64) -> f64 + Send + Sync + 'static,
) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let data = match t.data() {
            Data::F32(v) => Data::F32(v.iter().map(|&x| single(x)).collect()),
            Data::F64(v) => Data::F64(v.iter().map(|&x| double(x)).collect()),
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}

/// As [`floats`], and for whole numbers too.
fn numbers(
    node: &Node<'_>,
    single: impl Fn(f32) -> f32 + Send + Sync + 'static,
    double: impl Fn(f64) -> f64 + Send + Sync + 'static,
    whole: impl Fn(i64) -> i64 + Send + Sync + 'static,
) -> Result<Kernel, String> {
    if node.dtype(0)? != Dtype::I64 {
        return floats(node, single, double);
    }
    node.arity(1, 1)?;
    Kernel::one(Dtype::I64, move |inputs| {
        let t = need(inputs, 0)?;
        let Data::I64(v) = t.data() else { return Err("int64 is expected".into()) };
        tensor(t.shape().to_vec(), Data::I64(v.iter().map(|&x| whole(x)).collect()))
    })
}

pub(super) fn abs(node: &Node<'_>) -> Result<Kernel, String> {
    numbers(node, f32::abs, f64::abs, i64::wrapping_abs)
}

pub(super) fn neg(node: &Node<'_>) -> Result<Kernel, String> {
    numbers(node, |x| -x, |x| -x, i64::wrapping_neg)
}

pub(super) fn sign(node: &Node<'_>) -> Result<Kernel, String> {
    let single = |x: f32| if x == 0.0 { 0.0 } else { x.signum() };
    let double = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
    numbers(node, single, double, i64::signum)
}

pub(super) fn relu(node: &Node<'_>) -> Result<Kernel, String> {
    // NaN stays NaN
    numbers(node, |x| if x < 0.0 { 0.0 } else { x }, |x| if x < 0.0 { 0.0 } else { x }, |x| x.max(0))
}

pub(super) fn sqrt(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::sqrt, f64::sqrt)
}

pub(super) fn exp(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::exp, f64::exp)
}

pub(super) fn log(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::ln, f64::ln)
}

pub(super) fn sigmoid(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, |x| 1.0 / (1.0 + (-x).exp()), |x| 1.0 / (1.0 + (-x).exp()))
}

pub(super) fn tanh(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::tanh, f64::tanh)
}

pub(super) fn floor(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::floor, f64::floor)
}

pub(super) fn ceil(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::ceil, f64::ceil)
}

pub(super) fn round(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::round_ties_even, f64::round_ties_even)
}

pub(super) fn reciprocal(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::recip, f64::recip)
}

/// A limit of `Clip`: an attribute before version 11, an input since.
fn limit<T>(
    t: Option<&Tensor>,
    attribute: Option<f32>,
    from_float: fn(f32) -> T,
    of: fn(&Data) -> Option<&[T]>,
) -> Result<Option<T>, String>
where
    T: Copy,
{
    match t {
        None => Ok(attribute.map(from_float)),
        Some(t) => match of(t.data()) {
            Some(&[limit]) => Ok(Some(limit)),
            _ => Err("a limit of Clip is not one number of the input's type".into()),
        },
    }
}

pub(super) fn clip(node: &Node<'_>) -> Result<Kernel, String> {
    let (low, high) = (node.float("min")?, node.float("max")?);
    node.arity(1, if node.opset < 11 { 1 } else { 3 })?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64])?;
    node.rest_are(1, dtype)?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        macro_rules! clipped {
            ($variant:ident, $v:expr, $t:ty) => {{
                fn of(data: &Data) -> Option<&[$t]> {
                    match data {
                        Data::$variant(v) => Some(v),
                        _ => None,
                    }
                }
                // the order of onnxruntime: where the limits cross, the upper one wins
                let low = limit::<$t>(optional(inputs, 1), low, |x| x as $t, of)?;
                let high = limit::<$t>(optional(inputs, 2), high, |x| x as $t, of)?;
                let raise = |x: $t| low.map_or(x, |low| if x < low { low } else { x });
                let lower = |x: $t| high.map_or(x, |high| if x > high { high } else { x });
                Data::$variant($v.iter().map(|&x| lower(raise(x))).collect())
            }};
        }
        let data = match t.data() {
            Data::F32(v) => clipped!(F32, v, f32),
            Data::F64(v) => clipped!(F64, v, f64),
            Data::I64(v) => clipped!(I64, v, i64),
            other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}

fn asked(node: &Node<'_>, single: fn(f32) -> bool, double: fn(f64) -> bool) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    Kernel::one(Dtype::Bool, move |inputs| {
        let t = need(inputs, 0)?;
        let answers = match t.data() {
            Data::F32(v) => v.iter().map(|&x| single(x)).collect(),
            Data::F64(v) => v.iter().map(|&x| double(x)).collect(),
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), Data::Bool(answers))
    })
}

pub(super) fn is_nan(node: &Node<'_>) -> Result<Kernel, String> {
    asked(node, f32::is_nan, f64::is_nan)
}

pub(super) fn is_inf(node: &Node<'_>) -> Result<Kernel, String> {
    match (node.flag("detect_negative", true)?, node.flag("detect_positive", true)?) {
        (true, true) => asked(node, f32::is_infinite, f64::is_infinite),
        (true, false) => asked(node, |x| x == f32::NEG_INFINITY, |x| x == f64::NEG_INFINITY),
        (false, true) => asked(node, |x| x == f32::INFINITY, |x| x == f64::INFINITY),
        (false, false) => asked(node, |_| false, |_| false),
    }
}

pub(super) fn identity(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    Kernel::one(node.dtype(0)?, |inputs| Ok(need(inputs, 0)?.clone()))
}

/// Outside training, `Dropout` passes its input on, and its mask keeps everything.
pub(super) fn dropout(node: &Node<'_>) -> Result<Kernel, String> {
    node.ignore(&["ratio", "seed"]);
    node.arity(1, 3)?;
    let training = node.inputs.get(2).copied().flatten();
    if training.is_some_and(|t| t.constant.is_none_or(|c| c.data() != &Data::Bool(vec![false]))) {
        return Err("training mode is not supported".into());
    }
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    Kernel::many(vec![dtype, Dtype::Bool], |inputs| {
        let t = need(inputs, 0)?;
        Ok(vec![t.clone(), tensor(t.shape().to_vec(), Data::Bool(vec![true; t.len()]))?])
    })
}
