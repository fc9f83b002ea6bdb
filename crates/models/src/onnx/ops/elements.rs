//! Operators that pick or place single elements by index: `GatherElements`, `GatherND`, `ScatterElements`,
//! `OneHot`, `NonZero`, `Trilu`.

use super::shape::{axis_of, whole};
use crate::onnx::node::{Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// The elements at these places of the data, in this order.
fn at(data: &Data, places: &[usize]) -> Data {
    match data {
        Data::F32(v) => Data::F32(places.iter().map(|&p| v[p]).collect()),
        Data::F64(v) => Data::F64(places.iter().map(|&p| v[p]).collect()),
        Data::I64(v) => Data::I64(places.iter().map(|&p| v[p]).collect()),
        Data::Bool(v) => Data::Bool(places.iter().map(|&p| v[p]).collect()),
        Data::Str(v) => Data::Str(places.iter().map(|&p| v[p].clone()).collect()),
    }
}

/// An index from the end where it is negative.
fn index(i: i64, size: usize) -> Result<usize, String> {
    axis_of(i, size).map_err(|_| format!("index {i} of {size} elements"))
}

/// For each element of `indices`, where it lies in `t` once its coordinate along `axis` is replaced.
fn replaced(t: &Tensor, indices: &Tensor, axis: usize) -> Result<Vec<usize>, String> {
    let (shape, wanted) = (t.shape(), indices.shape());
    let fits = shape.len() == wanted.len() && (0..shape.len()).all(|d| d == axis || wanted[d] <= shape[d]);
    if !fits {
        return Err(format!("indices of shape {wanted:?} do not fit {shape:?}"));
    }
    let mut coordinates = vec![0; wanted.len()];
    let mut places = Vec::with_capacity(indices.len());
    for &i in whole(indices)? {
        let i = index(i, shape[axis])?;
        let place = |at: usize, d: usize| at * shape[d] + if d == axis { i } else { coordinates[d] };
        places.push((0..shape.len()).fold(0, place));
        for d in (0..wanted.len()).rev() {
            coordinates[d] += 1;
            if coordinates[d] < wanted[d] {
                break;
            }
            coordinates[d] = 0;
        }
    }
    Ok(places)
}

pub(super) fn gather_elements(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    let axis = node.int("axis")?.unwrap_or(0);
    Kernel::one(node.dtype(0)?, move |inputs| {
        let (t, indices) = (need(inputs, 0)?, need(inputs, 1)?);
        let places = replaced(t, indices, axis_of(axis, t.shape().len())?)?;
        tensor(indices.shape().to_vec(), at(t.data(), &places))
    })
}

pub(super) fn scatter_elements(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(3, 3)?;
    node.one_of(1, &[Dtype::I64])?;
    let dtype = node.dtype(0)?;
    node.one_of(2, &[dtype])?;
    if node.str("reduction")?.is_some_and(|r| r != "none") {
        return Err("reductions are not supported".into());
    }
    let axis = node.int("axis")?.unwrap_or(0);
    Kernel::one(dtype, move |inputs| {
        let (t, indices, updates) = (need(inputs, 0)?, need(inputs, 1)?, need(inputs, 2)?);
        if indices.shape() != updates.shape() {
            return Err(format!(
                "updates of shape {:?} for indices of {:?}",
                updates.shape(),
                indices.shape()
            ));
        }
        let places = replaced(t, indices, axis_of(axis, t.shape().len())?)?;
        macro_rules! put {
            ($v:expr, $u:expr) => {{
                let mut out = $v.clone();
                places.iter().zip($u).for_each(|(&p, u)| out[p] = u.clone());
                out
            }};
        }
        let data = match (t.data(), updates.data()) {
            (Data::F32(v), Data::F32(u)) => Data::F32(put!(v, u)),
            (Data::F64(v), Data::F64(u)) => Data::F64(put!(v, u)),
            (Data::I64(v), Data::I64(u)) => Data::I64(put!(v, u)),
            (Data::Bool(v), Data::Bool(u)) => Data::Bool(put!(v, u)),
            (Data::Str(v), Data::Str(u)) => Data::Str(put!(v, u)),
            _ => return Err("data and updates differ in type".into()),
        };
        tensor(t.shape().to_vec(), data)
    })
}

pub(super) fn gather_nd(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    let batch = node.int("batch_dims")?.unwrap_or(0);
    let batch = usize::try_from(batch).map_err(|_| format!("batch_dims is {batch}"))?;
    Kernel::one(node.dtype(0)?, move |inputs| {
        let (t, indices) = (need(inputs, 0)?, need(inputs, 1)?);
        let (shape, wanted) = (t.shape(), indices.shape());
        let depth = wanted.last().copied().unwrap_or(0);
        let fits = wanted.len() > batch && batch + depth <= shape.len() && shape[..batch] == wanted[..batch];
        if !fits || depth == 0 {
            return Err(format!("indices of shape {wanted:?} do not fit {shape:?}"));
        }
        let rest = &shape[batch + depth..];
        let inner: usize = rest.iter().product();
        let answer = [&wanted[..wanted.len() - 1], rest].concat();
        let count = elements(&answer).ok_or_else(|| format!("the answer's shape {answer:?} is too large"))?;
        let each: usize = wanted[batch..wanted.len() - 1].iter().product();
        let mut places = Vec::with_capacity(count);
        for (i, tuple) in whole(indices)?.chunks(depth).enumerate() {
            let start = tuple.iter().zip(&shape[batch..]).try_fold(i / each.max(1), |at, (&i, &size)| {
                Ok::<usize, String>(at * size + index(i, size)?)
            })?;
            places.extend(start * inner..(start + 1) * inner);
        }
        tensor(answer, at(t.data(), &places))
    })
}

pub(super) fn one_hot(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(3, 3)?;
    node.one_of(0, &[Dtype::I64, Dtype::F32, Dtype::F64])?;
    node.one_of(1, &[Dtype::I64, Dtype::F32, Dtype::F64])?;
    let axis = node.int("axis")?.unwrap_or(-1);
    Kernel::one(node.dtype(2)?, move |inputs| {
        let (indices, values) = (need(inputs, 0)?, need(inputs, 2)?);
        let depth = wholes(need(inputs, 1)?)?;
        let depth = match depth[..] {
            [d] => usize::try_from(d).ok().filter(|&d| d > 0),
            _ => None,
        };
        let depth = depth.ok_or("the depth is not one number above 0")?;
        if values.len() != 2 {
            return Err(format!("{} values, expected off and on", values.len()));
        }
        let rank = indices.shape().len();
        let axis = axis_of(axis, rank + 1)?;
        let mut shape = indices.shape().to_vec();
        shape.insert(axis, depth);
        let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        let inner: usize = shape[axis + 1..].iter().product();
        let mut on = vec![0; count];
        for (i, &x) in wholes(indices)?.iter().enumerate() {
            // an index that is not there is off everywhere
            if let Ok(hot) = axis_of(x, depth) {
                on[(i / inner.max(1) * depth + hot) * inner + i % inner.max(1)] = 1;
            }
        }
        tensor(shape, at(values.data(), &on))
    })
}

/// Whole numbers, also where they stand as floats.
fn wholes(t: &Tensor) -> Result<Vec<i64>, String> {
    Ok(match t.data() {
        Data::I64(v) => v.clone(),
        Data::F32(v) => v.iter().map(|&x| x as i64).collect(),
        Data::F64(v) => v.iter().map(|&x| x as i64).collect(),
        other => return Err(format!("a tensor of {} where numbers are expected", other.dtype())),
    })
}

pub(super) fn non_zero(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64, Dtype::Bool])?;
    Kernel::one(Dtype::I64, |inputs| {
        let t = need(inputs, 0)?;
        let found: Vec<usize> = match t.data() {
            Data::F32(v) => (0..v.len()).filter(|&i| v[i] != 0.0).collect(),
            Data::F64(v) => (0..v.len()).filter(|&i| v[i] != 0.0).collect(),
            Data::I64(v) => (0..v.len()).filter(|&i| v[i] != 0).collect(),
            Data::Bool(v) => (0..v.len()).filter(|&i| v[i]).collect(),
            Data::Str(_) => return Err("texts are neither zero nor not".into()),
        };
        let rank = t.shape().len();
        elements(&[rank, found.len()]).ok_or("there are too many")?;
        let coordinate = |d: usize, i: usize| {
            let inner: usize = t.shape()[d + 1..].iter().product();
            (i / inner % t.shape()[d]) as i64
        };
        let all = (0..rank).flat_map(|d| found.iter().map(move |&i| (d, i)));
        let data = all.map(|(d, i)| coordinate(d, i)).collect();
        tensor(vec![rank, found.len()], Data::I64(data))
    })
}

pub(super) fn trilu(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 2)?;
    node.rest_are(1, Dtype::I64)?;
    let upper = node.flag("upper", true)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64, Dtype::Bool])?;
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let k = match optional(inputs, 1).map(whole).transpose()? {
            None => 0,
            Some([k]) => *k,
            Some(other) => return Err(format!("{} diagonals where one is expected", other.len())),
        };
        let [.., rows, columns] = *t.shape() else {
            return Err(format!("shape {:?} is not of matrices", t.shape()));
        };
        let kept = |i: usize| {
            let (row, column) = ((i / columns % rows) as i64, (i % columns) as i64);
            let beyond = column.saturating_sub(row.saturating_add(k));
            if upper { beyond >= 0 } else { beyond <= 0 }
        };
        macro_rules! keep {
            ($v:expr, $zero:expr) => {
                $v.iter().enumerate().map(|(i, &x)| if kept(i) { x } else { $zero }).collect()
            };
        }
        let data = match t.data() {
            Data::F32(v) => Data::F32(keep!(v, 0.0)),
            Data::F64(v) => Data::F64(keep!(v, 0.0)),
            Data::I64(v) => Data::I64(keep!(v, 0)),
            Data::Bool(v) => Data::Bool(keep!(v, false)),
            Data::Str(_) => return Err("texts have no zero".into()),
        };
        tensor(t.shape().to_vec(), data)
    })
}
