//! Arithmetic on pairs of tensors, broadcast as in numpy.
//!
//! Whole numbers wrap when they overflow, as in onnxruntime; dividing them by zero is an error.

use super::zip::zip;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};

/// What arithmetic needs of a number type.
trait Number: Copy + PartialOrd {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// `None` when whole numbers are divided by zero.
    fn over(self, other: Self) -> Option<Self>;
    /// The remainder with the sign of `self`; `None` as for `over`.
    fn remainder(self, other: Self) -> Option<Self>;
    /// NaN when either is.
    fn smaller(self, other: Self) -> Self;
    fn larger(self, other: Self) -> Self;
}

macro_rules! float {
    ($t:ty) => {
        impl Number for $t {
            fn plus(self, other: $t) -> $t {
                self + other
            }
            fn minus(self, other: $t) -> $t {
                self - other
            }
            fn times(self, other: $t) -> $t {
                self * other
            }
            fn over(self, other: $t) -> Option<$t> {
                Some(self / other)
            }
            fn remainder(self, other: $t) -> Option<$t> {
                Some(self % other)
            }
            fn smaller(self, other: $t) -> $t {
                if self < other || self.is_nan() { self } else { other }
            }
            fn larger(self, other: $t) -> $t {
                if self > other || self.is_nan() { self } else { other }
            }
        }
    };
}

float!(f32);
float!(f64);

impl Number for i64 {
    fn plus(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }
    fn minus(self, other: i64) -> i64 {
        self.wrapping_sub(other)
    }
    fn times(self, other: i64) -> i64 {
        self.wrapping_mul(other)
    }
    fn over(self, other: i64) -> Option<i64> {
        (other != 0).then(|| self.wrapping_div(other))
    }
    fn remainder(self, other: i64) -> Option<i64> {
        (other != 0).then(|| self.wrapping_rem(other))
    }
    fn smaller(self, other: i64) -> i64 {
        self.min(other)
    }
    fn larger(self, other: i64) -> i64 {
        self.max(other)
    }
}

const NUMBERS: [Dtype; 3] = [Dtype::F32, Dtype::F64, Dtype::I64];

fn numbers(node: &Node<'_>, least: usize, most: usize) -> Result<Dtype, String> {
    node.arity(least, most)?;
    let dtype = node.one_of(0, &NUMBERS)?;
    node.rest_are(1, dtype)?;
    Ok(dtype)
}

/// Applies one expression to pairs of whichever number type both tensors hold.
macro_rules! pairs {
    ($a:expr, $b:expr, $f:expr) => {{
        let (a, b): (&Tensor, &Tensor) = ($a, $b);
        let (shape, data) = match (a.data(), b.data()) {
            (Data::F32(x), Data::F32(y)) => {
                let (shape, v) = zip((x, a.shape()), (y, b.shape()), |&x, &y| $f(x, y))?;
                (shape, Data::F32(v))
            }
            (Data::F64(x), Data::F64(y)) => {
                let (shape, v) = zip((x, a.shape()), (y, b.shape()), |&x, &y| $f(x, y))?;
                (shape, Data::F64(v))
            }
            (Data::I64(x), Data::I64(y)) => {
                let (shape, v) = zip((x, a.shape()), (y, b.shape()), |&x, &y| $f(x, y))?;
                (shape, Data::I64(v))
            }
            (x, y) => return Err(format!("{} and {} do not go together", x.dtype(), y.dtype())),
        };
        tensor(shape, data)
    }};
}

pub(super) fn add(node: &Node<'_>) -> Result<Kernel, String> {
    Kernel::one(numbers(node, 2, 2)?, |i| pairs!(need(i, 0)?, need(i, 1)?, Number::plus))
}

pub(super) fn sub(node: &Node<'_>) -> Result<Kernel, String> {
    Kernel::one(numbers(node, 2, 2)?, |i| pairs!(need(i, 0)?, need(i, 1)?, Number::minus))
}

pub(super) fn mul(node: &Node<'_>) -> Result<Kernel, String> {
    Kernel::one(numbers(node, 2, 2)?, |i| pairs!(need(i, 0)?, need(i, 1)?, Number::times))
}

/// Whole numbers by zero are found before any division, so that the division itself can be plain.
fn no_zero(divisor: &Tensor) -> Result<&Tensor, String> {
    match divisor.data() {
        Data::I64(v) if v.contains(&0) => Err("a whole number is divided by zero".into()),
        _ => Ok(divisor),
    }
}

pub(super) fn div(node: &Node<'_>) -> Result<Kernel, String> {
    let over = |i: &[Option<&Tensor>]| pairs!(need(i, 0)?, no_zero(need(i, 1)?)?, divided);
    Kernel::one(numbers(node, 2, 2)?, over)
}

fn divided<T: Number>(x: T, y: T) -> T {
    x.over(y).unwrap_or(y)
}

fn rest<T: Number>(x: T, y: T) -> T {
    x.remainder(y).unwrap_or(y)
}

/// The remainder with the sign of the divisor, for whole numbers.
fn floored(x: i64, y: i64) -> i64 {
    let rest = rest(x, y);
    if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }
}

pub(super) fn modulo(node: &Node<'_>) -> Result<Kernel, String> {
    let dtype = numbers(node, 2, 2)?;
    match (node.flag("fmod", false)?, dtype) {
        (true, _) => Kernel::one(dtype, |i| pairs!(need(i, 0)?, no_zero(need(i, 1)?)?, rest)),
        (false, Dtype::I64) => Kernel::one(dtype, |i| {
            let (a, b) = (need(i, 0)?, no_zero(need(i, 1)?)?);
            let (Data::I64(x), Data::I64(y)) = (a.data(), b.data()) else {
                return Err("int64 is expected".into());
            };
            let (shape, v) = zip((x, a.shape()), (y, b.shape()), |&x, &y| floored(x, y))?;
            tensor(shape, Data::I64(v))
        }),
        (false, _) => Err("floats need fmod = 1".into()),
    }
}

/// Elements as double precision; texts have none.
fn doubles(t: &Tensor) -> Result<Vec<f64>, String> {
    match t.data() {
        Data::F32(v) => Ok(v.iter().map(|&x| f64::from(x)).collect()),
        Data::F64(v) => Ok(v.clone()),
        Data::I64(v) => Ok(v.iter().map(|&x| x as f64).collect()),
        other => Err(format!("a tensor of {} where numbers are expected", other.dtype())),
    }
}

pub(super) fn pow(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    let dtype = node.one_of(0, &NUMBERS)?;
    node.one_of(1, &NUMBERS)?;
    Kernel::one(dtype, |inputs| {
        let (base, exponent) = (need(inputs, 0)?, need(inputs, 1)?);
        let (x, y) = (doubles(base)?, doubles(exponent)?);
        let (shape, v) = zip((&x, base.shape()), (&y, exponent.shape()), |x, y| x.powf(*y))?;
        let data = match base.dtype() {
            Dtype::F32 => Data::F32(v.into_iter().map(|x| x as f32).collect()),
            Dtype::F64 => Data::F64(v),
            _ => Data::I64(v.into_iter().map(|x| x as i64).collect()),
        };
        tensor(shape, data)
    })
}

/// Folds all inputs, from left to right.
macro_rules! fold {
    ($node:expr, $f:expr) => {
        Kernel::one(numbers($node, 1, usize::MAX)?, |inputs| {
            let mut total = need(inputs, 0)?.clone();
            for i in 1..inputs.len() {
                total = pairs!(&total, need(inputs, i)?, $f)?;
            }
            Ok(total)
        })
    };
}

pub(super) fn min(node: &Node<'_>) -> Result<Kernel, String> {
    fold!(node, Number::smaller)
}

pub(super) fn max(node: &Node<'_>) -> Result<Kernel, String> {
    fold!(node, Number::larger)
}

pub(super) fn sum(node: &Node<'_>) -> Result<Kernel, String> {
    fold!(node, Number::plus)
}

pub(super) fn mean(node: &Node<'_>) -> Result<Kernel, String> {
    node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    let dtype = numbers(node, 1, usize::MAX)?;
    Kernel::one(dtype, |inputs| {
        let mut total = need(inputs, 0)?.clone();
        for i in 1..inputs.len() {
            total = pairs!(&total, need(inputs, i)?, Number::plus)?;
        }
        let count = match total.dtype() {
            Dtype::F64 => Data::F64(vec![inputs.len() as f64]),
            _ => Data::F32(vec![inputs.len() as f32]),
        };
        pairs!(&total, &tensor(vec![], count)?, divided)
    })
}

/// What is below zero is multiplied by a slope of its own.
pub(super) fn prelu(node: &Node<'_>) -> Result<Kernel, String> {
    fn leak<T: Number + Default>(x: T, slope: T) -> T {
        if x < T::default() { x.times(slope) } else { x }
    }
    Kernel::one(numbers(node, 2, 2)?, |inputs| {
        let (x, slope) = (need(inputs, 0)?, need(inputs, 1)?);
        let made = pairs!(x, slope, leak)?;
        match made.shape() == x.shape() {
            true => Ok(made),
            false => Err(format!("slopes of shape {:?} do not fit {:?}", slope.shape(), x.shape())),
        }
    })
}
