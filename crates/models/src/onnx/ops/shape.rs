//! Operators that change or tell a tensor's shape, and those that join and split tensors.

use super::strided::sizes;
use crate::onnx::node::{Inputs, Kernel, Node, need, optional, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// A dimension counted from the end when negative.
pub(in crate::onnx) fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis.checked_add_unsigned(rank as u64) } else { Some(axis) };
    let found = counted.and_then(|a| usize::try_from(a).ok()).filter(|&a| a < rank);
    found.ok_or_else(|| format!("axis {axis} of {rank} dimensions"))
}

/// The numbers of an `int64` tensor.
pub(super) fn whole(t: &Tensor) -> Result<&[i64], String> {
    match t.data() {
        Data::I64(v) => Ok(v),
        other => Err(format!("a tensor of {} where int64 is expected", other.dtype())),
    }
}

/// The axes of a node, which older versions write as an attribute and newer ones as input 1.
pub(super) struct Axes(Option<Vec<i64>>);

impl Axes {
    pub fn of(node: &Node<'_>) -> Result<Axes, String> {
        let axes = node.ints("axes")?.map(<[i64]>::to_vec);
        node.arity(1, if axes.is_some() { 1 } else { 2 })?;
        node.rest_are(1, Dtype::I64)?;
        Ok(Axes(axes))
    }

    /// The axes as listed; `None` when they are left out.
    pub fn listed(&self, inputs: &Inputs<'_>) -> Result<Option<Vec<i64>>, String> {
        match &self.0 {
            Some(axes) => Ok(Some(axes.clone())),
            None => optional(inputs, 1).map(|t| whole(t).map(<[i64]>::to_vec)).transpose(),
        }
    }
}

pub(super) fn reshape(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    let allow_zero = node.flag("allowzero", false)?;
    Kernel::one(node.dtype(0)?, move |inputs| {
        let t = need(inputs, 0)?;
        let shape = resolve(t.shape(), whole(need(inputs, 1)?)?, allow_zero)?;
        tensor(shape, t.data().clone())
    })
}

/// The shape asked for, with -1 (what is left) and 0 (as before) filled in.
fn resolve(old: &[usize], asked: &[i64], allow_zero: bool) -> Result<Vec<usize>, String> {
    let wrong = || format!("shape {old:?} cannot become {asked:?}");
    let size = |(i, &d): (usize, &i64)| match d {
        0 if !allow_zero => old.get(i).copied().ok_or_else(wrong),
        -1 => Ok(1),
        d => usize::try_from(d).map_err(|_| wrong()),
    };
    let mut shape = asked.iter().enumerate().map(size).collect::<Result<Vec<_>, _>>()?;
    let open: Vec<usize> = (0..asked.len()).filter(|&i| asked[i] == -1).collect();
    let (count, known) = (elements(old).ok_or_else(wrong)?, elements(&shape).ok_or_else(wrong)?);
    match open.as_slice() {
        [] if count == known => Ok(shape),
        [open] if known > 0 && count % known == 0 => {
            shape[*open] = count / known;
            Ok(shape)
        }
        _ => Err(wrong()),
    }
}

pub(super) fn flatten(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let axis = node.int("axis")?.unwrap_or(1);
    Kernel::one(node.dtype(0)?, move |inputs| {
        let t = need(inputs, 0)?;
        let rank = t.shape().len();
        // one past the last dimension is allowed here
        let axis = if axis == rank as i64 { rank } else { axis_of(axis, rank)? };
        let rows = t.shape()[..axis].iter().product();
        let columns = t.shape()[axis..].iter().product();
        tensor(vec![rows, columns], t.data().clone())
    })
}

pub(super) fn squeeze(node: &Node<'_>) -> Result<Kernel, String> {
    let axes = Axes::of(node)?;
    Kernel::one(node.dtype(0)?, move |inputs| {
        let t = need(inputs, 0)?;
        let rank = t.shape().len();
        let gone: Vec<usize> = match axes.listed(inputs)? {
            Some(axes) => axes.iter().map(|&a| axis_of(a, rank)).collect::<Result<_, _>>()?,
            None => (0..rank).filter(|&i| t.shape()[i] == 1).collect(),
        };
        if let Some(&axis) = gone.iter().find(|&&a| t.shape()[a] != 1) {
            return Err(format!("dimension {axis} of {:?} is not 1", t.shape()));
        }
        let kept = (0..rank).filter(|i| !gone.contains(i)).map(|i| t.shape()[i]).collect();
        tensor(kept, t.data().clone())
    })
}

pub(super) fn unsqueeze(node: &Node<'_>) -> Result<Kernel, String> {
    let axes = Axes::of(node)?;
    Kernel::one(node.dtype(0)?, move |inputs| {
        let t = need(inputs, 0)?;
        let axes = axes.listed(inputs)?.ok_or("the axes are missing")?;
        let rank = t.shape().len() + axes.len();
        elements(&vec![1; rank]).ok_or_else(|| format!("{rank} dimensions are too many"))?;
        let mut new = axes.iter().map(|&a| axis_of(a, rank)).collect::<Result<Vec<_>, _>>()?;
        new.sort_unstable();
        if new.windows(2).any(|w| w[0] == w[1]) {
            return Err(format!("an axis stands twice in {axes:?}"));
        }
        let mut shape = t.shape().to_vec();
        new.into_iter().for_each(|axis| shape.insert(axis, 1));
        tensor(shape, t.data().clone())
    })
}

pub(super) fn shape_of(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let (start, end) = (node.int("start")?.unwrap_or(0), node.int("end")?);
    Kernel::one(Dtype::I64, move |inputs| {
        let shape = need(inputs, 0)?.shape();
        let rank = shape.len() as i64;
        let place = |i: i64| (if i < 0 { i.saturating_add(rank) } else { i }).clamp(0, rank) as usize;
        let (start, end) = (place(start), place(end.unwrap_or(rank)));
        let part: Vec<i64> = shape[start..end.max(start)].iter().map(|&d| d as i64).collect();
        tensor(vec![part.len()], Data::I64(part))
    })
}

pub(super) fn size_of(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    Kernel::one(Dtype::I64, |inputs| tensor(vec![], Data::I64(vec![need(inputs, 0)?.len() as i64])))
}

/// How a tensor is cut at a dimension: how many blocks, and how many elements a block has an index.
pub(super) fn blocks(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis + 1..].iter().product())
}

pub(super) fn concat(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, usize::MAX)?;
    let dtype = node.dtype(0)?;
    node.rest_are(0, dtype)?;
    let axis = node.int("axis")?.ok_or("attribute `axis` is missing")?;
    Kernel::one(dtype, move |inputs| {
        let parts = (0..inputs.len()).map(|i| need(inputs, i)).collect::<Result<Vec<_>, _>>()?;
        let mut shape = parts[0].shape().to_vec();
        let axis = axis_of(axis, shape.len())?;
        let mut width = 0;
        for part in &parts {
            let fits = part.shape().len() == shape.len()
                && (0..shape.len()).all(|i| i == axis || part.shape()[i] == shape[i]);
            if !fits {
                return Err(format!("{:?} does not join {shape:?} along {axis}", part.shape()));
            }
            width += part.shape()[axis];
        }
        shape[axis] = width;
        let count = elements(&shape).ok_or_else(|| format!("the joined shape {shape:?} is too large"))?;
        tensor(shape, join(dtype, &parts, axis, count)?)
    })
}

fn join(dtype: Dtype, parts: &[&Tensor], axis: usize, count: usize) -> Result<Data, String> {
    macro_rules! join {
        ($variant:ident) => {{
            let (rows, _) = blocks(parts[0].shape(), axis);
            let mut slices = Vec::with_capacity(parts.len());
            for part in parts {
                let Data::$variant(v) = part.data() else { return Err("the parts differ in type".into()) };
                slices.push((v.as_slice(), part.shape()[axis..].iter().product::<usize>()));
            }
            let mut out = Vec::with_capacity(count);
            for row in 0..rows {
                slices.iter().for_each(|(v, w)| out.extend_from_slice(&v[row * w..(row + 1) * w]));
            }
            Ok(Data::$variant(out))
        }};
    }
    match dtype {
        Dtype::F32 => join!(F32),
        Dtype::F64 => join!(F64),
        Dtype::I64 => join!(I64),
        Dtype::Bool => join!(Bool),
        Dtype::Str => join!(Str),
    }
}

pub(super) fn split(node: &Node<'_>) -> Result<Kernel, String> {
    let fixed = node.ints("split")?.map(<[i64]>::to_vec);
    node.arity(1, if fixed.is_some() { 1 } else { 2 })?;
    node.rest_are(1, Dtype::I64)?;
    let axis = node.int("axis")?.unwrap_or(0);
    let parts = node.outputs;
    let asked = node.int("num_outputs")?.unwrap_or(parts as i64);
    if asked != parts as i64 || parts == 0 {
        return Err(format!("num_outputs is {asked}, the node has {parts} outputs"));
    }
    Kernel::many(vec![node.dtype(0)?; parts], move |inputs| {
        let t = need(inputs, 0)?;
        let axis = axis_of(axis, t.shape().len())?;
        let widths = match (&fixed, optional(inputs, 1)) {
            (Some(fixed), _) => sizes(&tensor(vec![fixed.len()], Data::I64(fixed.clone()))?)?,
            (None, Some(given)) => sizes(given)?,
            (None, None) => even(t.shape()[axis], parts),
        };
        let total = widths.iter().try_fold(0usize, |sum, &w| sum.checked_add(w));
        if widths.len() != parts || total != Some(t.shape()[axis]) {
            return Err(format!("{widths:?} does not split {} into {parts}", t.shape()[axis]));
        }
        let mut start = 0;
        let mut out = Vec::with_capacity(parts);
        for width in widths {
            out.push(part(t, axis, start, width)?);
            start += width;
        }
        Ok(out)
    })
}

/// Equal parts, the last one smaller when it does not come out even.
fn even(size: usize, parts: usize) -> Vec<usize> {
    let width = size.div_ceil(parts);
    (0..parts).map(|i| size.saturating_sub(i * width).min(width)).collect()
}

/// The indices `start..start + width` of a dimension.
fn part(t: &Tensor, axis: usize, start: usize, width: usize) -> Result<Tensor, String> {
    let (rows, inner) = blocks(t.shape(), axis);
    let (from, count, stride) = (start * inner, width * inner, t.shape()[axis] * inner);
    macro_rules! cut {
        ($v:expr) => {
            (0..rows).flat_map(|r| &$v[r * stride + from..r * stride + from + count]).cloned().collect()
        };
    }
    let data = match t.data() {
        Data::F32(v) => Data::F32(cut!(v)),
        Data::F64(v) => Data::F64(cut!(v)),
        Data::I64(v) => Data::I64(cut!(v)),
        Data::Bool(v) => Data::Bool(cut!(v)),
        Data::Str(v) => Data::Str(cut!(v)),
    };
    let mut shape = t.shape().to_vec();
    shape[axis] = width;
    tensor(shape, data)
}
