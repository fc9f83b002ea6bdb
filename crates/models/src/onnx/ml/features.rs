//! Operators that put feature vectors together, take them apart and name their parts.

use super::{NUMBERS, matrix};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::{axis_of, pick, singles};
use crate::onnx::tensor::{Data, Dtype, elements};

pub(super) fn feature_vectorizer(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, usize::MAX)?;
    for i in 0..node.inputs.len() {
        node.one_of(i, &NUMBERS)?;
    }
    let widths = node.ints("inputdimensions")?.ok_or("attribute `inputdimensions` is missing")?;
    let widths = widths.iter().map(|&w| usize::try_from(w)).collect::<Result<Vec<_>, _>>();
    let widths = widths.map_err(|_| "an input dimension is negative")?;
    let total = widths.iter().try_fold(0usize, |sum, &w| sum.checked_add(w)).ok_or("too many columns")?;
    if widths.len() != node.inputs.len() {
        return Err(format!("{} input dimensions for {} inputs", widths.len(), node.inputs.len()));
    }
    Kernel::one(Dtype::F32, move |inputs| {
        let rows = matrix(need(inputs, 0)?)?.0;
        let shape = vec![rows, total];
        let count = elements(&shape).ok_or_else(|| format!("the joined shape {shape:?} is too large"))?;
        let mut out = vec![0.0; count];
        let mut start = 0;
        for (i, &width) in widths.iter().enumerate() {
            let t = need(inputs, i)?;
            let (found, columns) = matrix(t)?;
            if found != rows {
                return Err(format!("input {i} has {found} rows, input 0 has {rows}"));
            }
            let values = singles(t)?;
            // a narrower input is filled up with zeros, a wider one is cut
            let take = columns.min(width);
            for row in 0..rows {
                let to = row * total + start;
                out[to..to + take].copy_from_slice(&values[row * columns..row * columns + take]);
            }
            start += width;
        }
        tensor(shape, Data::F32(out))
    })
}

pub(super) fn array_feature_extractor(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(1, &[Dtype::I64])?;
    Kernel::one(node.dtype(0)?, |inputs| {
        let (t, indices) = (need(inputs, 0)?, need(inputs, 1)?);
        let axis = axis_of(-1, t.shape().len())?;
        let Data::I64(listed) = indices.data() else { return Err("the indices are not int64".into()) };
        let size = t.shape()[axis];
        let index = |&i: &i64| usize::try_from(i).ok().filter(|&i| i < size);
        let picked: Option<Vec<usize>> = listed.iter().map(index).collect();
        let picked = picked.ok_or_else(|| format!("an index of {listed:?} is not within 0..{size}"))?;
        let mut shape = t.shape().to_vec();
        shape[axis] = picked.len();
        if axis == 0 {
            shape.insert(0, 1);
        }
        elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        tensor(shape, pick(t, axis, &picked))
    })
}

/// Passes the scores on: what the map would name is told by the signature's classes, in the same order.
pub(super) fn zip_map(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::F32])?;
    let texts = node.strs("classlabels_strings")?.map(|v| v.len());
    let wholes = node.ints("classlabels_int64s")?.map(<[i64]>::len);
    let labels = texts.or(wholes).ok_or("there are no class labels")?;
    Kernel::one(Dtype::F32, move |inputs| {
        let t = need(inputs, 0)?;
        let (rows, columns) = matrix(t)?;
        match columns == labels {
            true => tensor(vec![rows, columns], t.data().clone()),
            false => Err(format!("{columns} scores for {labels} class labels")),
        }
    })
}
