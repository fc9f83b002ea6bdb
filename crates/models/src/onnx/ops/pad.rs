//! `Pad`: more elements around a tensor, constant, repeated from the edge, or mirrored at it.

use super::shape::{axis_of, whole};
use crate::onnx::node::{Inputs, Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, MAX_ELEMENTS, Tensor, elements};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Constant,
    Edge,
    Reflect,
    Wrap,
}

pub(super) fn pad(node: &Node<'_>) -> Result<Kernel, String> {
    let mode = match node.str("mode")?.unwrap_or("constant") {
        "constant" => Mode::Constant,
        "edge" => Mode::Edge,
        "reflect" => Mode::Reflect,
        "wrap" => Mode::Wrap,
        other => return Err(format!("there is no mode `{other}`")),
    };
    let fixed = node.ints("pads")?.map(<[i64]>::to_vec);
    let value = node.float("value")?.unwrap_or(0.0);
    node.arity(if fixed.is_some() { 1 } else { 2 }, if fixed.is_some() { 1 } else { 4 })?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64, Dtype::I64, Dtype::Bool])?;
    if node.has(1) {
        node.one_of(1, &[Dtype::I64])?;
    }
    if node.has(2) {
        node.one_of(2, &[dtype])?;
    }
    if node.has(3) {
        node.one_of(3, &[Dtype::I64])?;
    }
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let pads = pads(t, fixed.as_deref(), inputs)?;
        let size = |(&d, &(before, after)): (&usize, &(i64, i64))| {
            usize::try_from((d as i64).checked_add(before)?.checked_add(after)?).ok()
        };
        let shape: Option<Vec<usize>> = t.shape().iter().zip(&pads).map(size).collect();
        let shape = shape.ok_or_else(|| format!("pads {pads:?} leave nothing of {:?}", t.shape()))?;
        elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        let places = places(t.shape(), &shape, &pads, mode)?;
        let fill = optional(inputs, 2).map(Tensor::data);
        let data = match (t.data(), fill) {
            (Data::F32(v), None) => Data::F32(filled(v, &places, value)),
            (Data::F32(v), Some(Data::F32(x))) => Data::F32(filled(v, &places, single(x)?)),
            (Data::F64(v), None) => Data::F64(filled(v, &places, value.into())),
            (Data::F64(v), Some(Data::F64(x))) => Data::F64(filled(v, &places, single(x)?)),
            (Data::I64(v), None) => Data::I64(filled(v, &places, value as i64)),
            (Data::I64(v), Some(Data::I64(x))) => Data::I64(filled(v, &places, single(x)?)),
            (Data::Bool(v), None) => Data::Bool(filled(v, &places, value != 0.0)),
            (Data::Bool(v), Some(Data::Bool(x))) => Data::Bool(filled(v, &places, single(x)?)),
            (other, _) => return Err(format!("a tensor of {} cannot be padded so", other.dtype())),
        };
        tensor(shape, data)
    })
}

fn single<T: Copy>(v: &[T]) -> Result<T, String> {
    v.first().copied().ok_or_else(|| "the constant value is missing".into())
}

fn filled<T: Copy>(v: &[T], places: &[Option<usize>], fill: T) -> Vec<T> {
    places.iter().map(|p| p.map_or(fill, |p| v[p])).collect()
}

/// How many elements come before and after each dimension.
fn pads(t: &Tensor, fixed: Option<&[i64]>, inputs: &Inputs<'_>) -> Result<Vec<(i64, i64)>, String> {
    let rank = t.shape().len();
    let listed = match fixed {
        Some(fixed) => fixed,
        None => whole(need(inputs, 1)?)?,
    };
    let axes: Vec<usize> = match optional(inputs, 3) {
        Some(axes) => whole(axes)?.iter().map(|&a| axis_of(a, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).collect(),
    };
    let most = MAX_ELEMENTS as i64;
    if let Some(pad) = listed.iter().find(|p| !(-most..=most).contains(p)) {
        return Err(format!("{pad} pads are too many"));
    }
    if listed.len() != 2 * axes.len() {
        return Err(format!("{} pads for {} dimensions", listed.len(), axes.len()));
    }
    let mut pads = vec![(0, 0); rank];
    for (i, axis) in axes.iter().enumerate() {
        pads[*axis] = (listed[i], listed[axes.len() + i]);
    }
    Ok(pads)
}

/// For each element of the answer, where it comes from; `None` for the constant.
fn places(
    from: &[usize],
    to: &[usize],
    pads: &[(i64, i64)],
    mode: Mode,
) -> Result<Vec<Option<usize>>, String> {
    let mut places = vec![Some(0)];
    for d in 0..from.len() {
        let size = from[d] as i64;
        let lines = (0..to[d] as i64).map(|i| source(i - pads[d].0, size, mode));
        let line = lines.collect::<Result<Vec<Option<usize>>, _>>()?;
        let next = places.iter().flat_map(|at| line.iter().map(move |i| Some((*at)? * from[d] + (*i)?)));
        places = next.collect();
    }
    Ok(places)
}

/// Where an index that may lie outside is read.
fn source(i: i64, size: i64, mode: Mode) -> Result<Option<usize>, String> {
    if (0..size).contains(&i) {
        return Ok(Some(i as usize));
    }
    if mode == Mode::Constant {
        return Ok(None);
    }
    if size == 0 {
        return Err("there is nothing to repeat".into());
    }
    let inside = match mode {
        Mode::Edge => i.clamp(0, size - 1),
        Mode::Wrap => i.rem_euclid(size),
        _ if size == 1 => 0,
        _ => {
            let around = i.rem_euclid(2 * size - 2);
            around.min(2 * size - 2 - around)
        }
    };
    Ok(Some(inside as usize))
}
