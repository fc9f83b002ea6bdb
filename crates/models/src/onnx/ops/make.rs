//! Operators that make tensors out of nothing.

use super::strided::sizes;
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, MAX_ELEMENTS, Tensor, elements};

pub(super) fn constant(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(0, 0)?;
    let made = match node.tensor("value")? {
        Some(t) => t,
        None => scalar_or_list(node)?.ok_or("it has no value, or one of an unsupported kind")?,
    };
    Kernel::one(made.dtype(), move |_| Ok(made.clone()))
}

fn scalar_or_list(node: &Node<'_>) -> Result<Option<Tensor>, String> {
    let (shape, data) = if let Some(x) = node.float("value_float")? {
        (vec![], Data::F32(vec![x]))
    } else if let Some(x) = node.int("value_int")? {
        (vec![], Data::I64(vec![x]))
    } else if let Some(x) = node.str("value_string")? {
        (vec![], Data::Str(vec![x.into()]))
    } else if let Some(v) = node.floats("value_floats")? {
        (vec![v.len()], Data::F32(v.to_vec()))
    } else if let Some(v) = node.ints("value_ints")? {
        (vec![v.len()], Data::I64(v.to_vec()))
    } else if let Some(v) = node.strs("value_strings")? {
        (vec![v.len()], Data::Str(v.into_iter().map(Into::into).collect()))
    } else {
        return Ok(None);
    };
    tensor(shape, data).map(Some)
}

pub(super) fn constant_of_shape(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::I64])?;
    let value = node.tensor("value")?.map_or(Data::F32(vec![0.0]), |t| t.into_parts().1);
    if value.len() != 1 {
        return Err(format!("attribute `value` has {} elements, expected 1", value.len()));
    }
    Kernel::one(value.dtype(), move |inputs| {
        let shape = sizes(need(inputs, 0)?)?;
        let count = elements(&shape).ok_or_else(|| format!("the shape {shape:?} is too large"))?;
        let data = match &value {
            Data::F32(v) => Data::F32(vec![v[0]; count]),
            Data::F64(v) => Data::F64(vec![v[0]; count]),
            Data::I64(v) => Data::I64(vec![v[0]; count]),
            Data::Bool(v) => Data::Bool(vec![v[0]; count]),
            Data::Str(v) => Data::Str(vec![v[0].clone(); count]),
        };
        tensor(shape, data)
    })
}

pub(super) fn range(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(3, 3)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64])?;
    node.rest_are(1, dtype)?;
    Kernel::one(dtype, |inputs| {
        let (start, limit, delta) = (need(inputs, 0)?, need(inputs, 1)?, need(inputs, 2)?);
        let data = match (start.data(), limit.data(), delta.data()) {
            (Data::F32(s), Data::F32(l), Data::F32(d)) => {
                let count = steps(one(s)?.into(), one(l)?.into(), one(d)?.into())?;
                Data::F32((0..count).map(|i| s[0] + i as f32 * d[0]).collect())
            }
            (Data::F64(s), Data::F64(l), Data::F64(d)) => {
                let count = steps(one(s)?, one(l)?, one(d)?)?;
                Data::F64((0..count).map(|i| s[0] + i as f64 * d[0]).collect())
            }
            (Data::I64(s), Data::I64(l), Data::I64(d)) => {
                let count = steps(one(s)? as f64, one(l)? as f64, one(d)? as f64)?;
                Data::I64((0..count).map(|i| s[0].wrapping_add((i as i64).wrapping_mul(d[0]))).collect())
            }
            _ => return Err("start, limit and delta differ in type".into()),
        };
        tensor(vec![data.len()], data)
    })
}

fn one<T: Copy>(v: &[T]) -> Result<T, String> {
    match v {
        [x] => Ok(*x),
        _ => Err(format!("{} numbers where one is expected", v.len())),
    }
}

fn steps(start: f64, limit: f64, delta: f64) -> Result<usize, String> {
    let count = ((limit - start) / delta).ceil().max(0.0);
    match delta != 0.0 && count <= MAX_ELEMENTS as f64 {
        true => Ok(count as usize),
        false => Err(format!("from {start} to {limit} by {delta} are too many numbers")),
    }
}
