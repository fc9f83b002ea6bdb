//! Comparisons, logic, and choosing by a condition.

use super::zip::zip;
use crate::onnx::node::{Inputs, Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};

fn pair(node: &Node<'_>, allowed: &[Dtype]) -> Result<(), String> {
    node.arity(2, 2)?;
    let dtype = node.one_of(0, allowed)?;
    node.rest_are(1, dtype)
}

/// Compares pairs of numbers.
macro_rules! comparison {
    ($name:ident, $op:tt) => {
        pub(super) fn $name(node: &Node<'_>) -> Result<Kernel, String> {
            pair(node, &[Dtype::F32, Dtype::F64, Dtype::I64])?;
            Kernel::one(Dtype::Bool, |inputs| {
                let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
                let (shape, v) = match (a.data(), b.data()) {
                    (Data::F32(x), Data::F32(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x $op y)?,
                    (Data::F64(x), Data::F64(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x $op y)?,
                    (Data::I64(x), Data::I64(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x $op y)?,
                    (x, y) => return Err(format!("{} and {} do not compare", x.dtype(), y.dtype())),
                };
                tensor(shape, Data::Bool(v))
            })
        }
    };
}

comparison!(less, <);
comparison!(less_or_equal, <=);
comparison!(greater, >);
comparison!(greater_or_equal, >=);

pub(super) fn equal(node: &Node<'_>) -> Result<Kernel, String> {
    pair(node, &[Dtype::F32, Dtype::F64, Dtype::I64, Dtype::Bool, Dtype::Str])?;
    Kernel::one(Dtype::Bool, |inputs| {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let (shape, v) = match (a.data(), b.data()) {
            (Data::F32(x), Data::F32(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x == y)?,
            (Data::F64(x), Data::F64(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x == y)?,
            (Data::I64(x), Data::I64(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x == y)?,
            (Data::Bool(x), Data::Bool(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x == y)?,
            (Data::Str(x), Data::Str(y)) => zip((x, a.shape()), (y, b.shape()), |x, y| x == y)?,
            (x, y) => return Err(format!("{} and {} do not compare", x.dtype(), y.dtype())),
        };
        tensor(shape, Data::Bool(v))
    })
}

fn truths(t: &Tensor) -> Result<&[bool], String> {
    match t.data() {
        Data::Bool(v) => Ok(v),
        other => Err(format!("a tensor of {} where bool is expected", other.dtype())),
    }
}

fn logic(inputs: &Inputs<'_>, f: fn(bool, bool) -> bool) -> Result<Tensor, String> {
    let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
    let (shape, v) = zip((truths(a)?, a.shape()), (truths(b)?, b.shape()), |&x, &y| f(x, y))?;
    tensor(shape, Data::Bool(v))
}

pub(super) fn and(node: &Node<'_>) -> Result<Kernel, String> {
    pair(node, &[Dtype::Bool])?;
    Kernel::one(Dtype::Bool, |inputs| logic(inputs, |x, y| x && y))
}

pub(super) fn or(node: &Node<'_>) -> Result<Kernel, String> {
    pair(node, &[Dtype::Bool])?;
    Kernel::one(Dtype::Bool, |inputs| logic(inputs, |x, y| x || y))
}

pub(super) fn xor(node: &Node<'_>) -> Result<Kernel, String> {
    pair(node, &[Dtype::Bool])?;
    Kernel::one(Dtype::Bool, |inputs| logic(inputs, |x, y| x != y))
}

pub(super) fn not(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::Bool])?;
    Kernel::one(Dtype::Bool, |inputs| {
        let t = need(inputs, 0)?;
        tensor(t.shape().to_vec(), Data::Bool(truths(t)?.iter().map(|x| !x).collect()))
    })
}

/// `Where`: the second input where the first is true, the third elsewhere.
pub(super) fn choose(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(3, 3)?;
    node.one_of(0, &[Dtype::Bool])?;
    let dtype = node.dtype(1)?;
    node.rest_are(2, dtype)?;
    Kernel::one(dtype, |inputs| {
        let (condition, a, b) = (need(inputs, 0)?, need(inputs, 1)?, need(inputs, 2)?);
        let yes = (truths(condition)?, condition.shape());
        macro_rules! pick {
            ($variant:ident, $x:expr, $y:expr) => {{
                let (shape, half) = zip(yes, ($x, a.shape()), |&c, x| c.then(|| x.clone()))?;
                let (shape, v) =
                    zip((&half, &shape), ($y, b.shape()), |x, y| x.clone().unwrap_or_else(|| y.clone()))?;
                tensor(shape, Data::$variant(v))
            }};
        }
        match (a.data(), b.data()) {
            (Data::F32(x), Data::F32(y)) => pick!(F32, x, y),
            (Data::F64(x), Data::F64(y)) => pick!(F64, x, y),
            (Data::I64(x), Data::I64(y)) => pick!(I64, x, y),
            (Data::Bool(x), Data::Bool(y)) => pick!(Bool, x, y),
            (Data::Str(x), Data::Str(y)) => pick!(Str, x, y),
            (x, y) => Err(format!("{} and {} do not go together", x.dtype(), y.dtype())),
        }
    })
}
