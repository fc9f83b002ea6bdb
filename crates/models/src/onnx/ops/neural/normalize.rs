//! Normalisation: numbers moved and scaled to a mean of 0 and a variance of 1, over the training set
//! (`BatchNormalization`), an image's channel (`InstanceNormalization`), a group of channels
//! (`GroupNormalization`) or the last dimensions (`LayerNormalization`).
//!
//! Means and variances are computed in double precision.

use crate::onnx::node::{Inputs, Kernel, Node, need, optional, tensor};
use crate::onnx::ops::axis_of;
use crate::onnx::tensor::{Data, Dtype, Tensor};

const FLOATS: [Dtype; 2] = [Dtype::F32, Dtype::F64];

/// The numbers of a float tensor in double precision.
fn wide(t: &Tensor) -> Result<Vec<f64>, String> {
    match t.data() {
        Data::F32(v) => Ok(v.iter().map(|&x| f64::from(x)).collect()),
        Data::F64(v) => Ok(v.clone()),
        other => Err(format!("a tensor of {} where floats are expected", other.dtype())),
    }
}

/// A tensor of the type that the node answers.
fn narrow(dtype: Dtype, shape: Vec<usize>, v: Vec<f64>) -> Result<Tensor, String> {
    let data = match dtype {
        Dtype::F32 => Data::F32(v.into_iter().map(|x| x as f32).collect()),
        _ => Data::F64(v),
    };
    tensor(shape, data)
}

/// One number for each channel, in double precision.
fn each(inputs: &Inputs<'_>, index: usize, channels: usize) -> Result<Vec<f64>, String> {
    let v = wide(need(inputs, index)?)?;
    match v.len() == channels {
        true => Ok(v),
        false => Err(format!("input {index} has {} numbers for {channels} channels", v.len())),
    }
}

/// Batch, channels, and elements a channel.
fn channels(t: &Tensor) -> Result<[usize; 3], String> {
    match t.shape() {
        [batch, channels, rest @ ..] => Ok([*batch, *channels, rest.iter().product()]),
        [batch] => Ok([*batch, 1, 1]),
        [] => Err("a scalar has no channels".into()),
    }
}

pub(in crate::onnx::ops) fn batch(node: &Node<'_>) -> Result<Kernel, String> {
    node.ignore(&["momentum"]);
    node.arity(5, 5)?;
    let dtype = node.one_of(0, &FLOATS)?;
    (1..5).try_for_each(|i| node.one_of(i, &FLOATS).map(|_| ()))?;
    let epsilon = f64::from(node.float("epsilon")?.unwrap_or(1e-5));
    if node.flag("training_mode", false)? || !node.flag("spatial", true)? {
        return Err("training mode, and statistics of single elements, are not supported".into());
    }
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let [_, count, size] = channels(t)?;
        let [scale, shift, mean, variance] = [1, 2, 3, 4].map(|i| each(inputs, i, count));
        let (scale, shift, mean, variance) = (scale?, shift?, mean?, variance?);
        let slope: Vec<f64> = scale.iter().zip(&variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
        let offset: Vec<f64> = (0..count).map(|c| shift[c] - mean[c] * slope[c]).collect();
        if size == 0 || count == 0 {
            return Ok(t.clone());
        }
        macro_rules! lines {
            ($v:expr, $to:expr) => {
                $v.chunks(size)
                    .enumerate()
                    .flat_map(|(i, line)| line.iter().map(move |&x| (i % count, x)))
                    .map(|(c, x)| $to(f64::from(x) * slope[c] + offset[c]))
                    .collect()
            };
        }
        let data = match t.data() {
            Data::F32(v) => Data::F32(lines!(v, |x| x as f32)),
            Data::F64(v) => Data::F64(lines!(v, |x| x)),
            other => return Err(format!("a tensor of {} where floats are expected", other.dtype())),
        };
        tensor(t.shape().to_vec(), data)
    })
}

/// Mean and the inverse of the standard deviation.
fn moments(line: &[f64], epsilon: f64) -> (f64, f64) {
    let mean = line.iter().sum::<f64>() / line.len() as f64;
    let variance = line.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / line.len() as f64;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

fn standardize(line: &mut [f64], epsilon: f64) -> (f64, f64) {
    let (mean, inverse) = moments(line, epsilon);
    line.iter_mut().for_each(|x| *x = (*x - mean) * inverse);
    (mean, inverse)
}

/// Scales every channel; `size` elements each, `count` channels.
fn affine(v: &mut [f64], [count, size]: [usize; 2], scale: &[f64], shift: &[f64]) {
    for (i, line) in v.chunks_mut(size.max(1)).enumerate() {
        let c = i % count.max(1);
        line.iter_mut().for_each(|x| *x = *x * scale[c] + shift[c]);
    }
}

pub(in crate::onnx::ops) fn instance(node: &Node<'_>) -> Result<Kernel, String> {
    grouped(node, None)
}

pub(in crate::onnx::ops) fn group(node: &Node<'_>) -> Result<Kernel, String> {
    if node.opset < 21 {
        return Err("it is supported from version 21 of its operator set on".into());
    }
    node.ignore(&["stash_type"]);
    let groups = node.int("num_groups")?.and_then(|g| usize::try_from(g).ok()).filter(|&g| g > 0);
    grouped(node, Some(groups.ok_or("attribute `num_groups` is missing or below 1")?))
}

/// Normalises groups of channels; each channel alone where there are no `groups`.
fn grouped(node: &Node<'_>, groups: Option<usize>) -> Result<Kernel, String> {
    node.arity(3, 3)?;
    let dtype = node.one_of(0, &FLOATS)?;
    node.rest_are(1, dtype)?;
    let epsilon = f64::from(node.float("epsilon")?.unwrap_or(1e-5));
    Kernel::one(dtype, move |inputs| {
        let t = need(inputs, 0)?;
        let [_, count, size] = channels(t)?;
        let groups = groups.unwrap_or(count);
        if groups == 0 || count % groups != 0 || size == 0 {
            return Err(format!("shape {:?} does not fall into {groups} groups", t.shape()));
        }
        let mut v = wide(t)?;
        v.chunks_mut(count / groups * size).for_each(|line| {
            standardize(line, epsilon);
        });
        affine(&mut v, [count, size], &each(inputs, 1, count)?, &each(inputs, 2, count)?);
        narrow(dtype, t.shape().to_vec(), v)
    })
}

pub(in crate::onnx::ops) fn layer(node: &Node<'_>) -> Result<Kernel, String> {
    node.ignore(&["stash_type"]);
    node.arity(2, 3)?;
    let dtype = node.one_of(0, &FLOATS)?;
    node.rest_are(1, dtype)?;
    let axis = node.int("axis")?.unwrap_or(-1);
    let epsilon = f64::from(node.float("epsilon")?.unwrap_or(1e-5));
    let outputs = [dtype, Dtype::F32, Dtype::F32][..node.outputs.clamp(1, 3)].to_vec();
    Kernel::many(outputs.clone(), move |inputs| {
        let t = need(inputs, 0)?;
        let axis = axis_of(axis, t.shape().len())?;
        let size: usize = t.shape()[axis..].iter().product();
        let scale = each(inputs, 1, size)?;
        let shift = match optional(inputs, 2) {
            Some(_) => each(inputs, 2, size)?,
            None => vec![0.0; size],
        };
        let mut v = wide(t)?;
        let (mut means, mut inverses) = (vec![], vec![]);
        for line in v.chunks_mut(size.max(1)) {
            let (mean, inverse) = standardize(line, epsilon);
            line.iter_mut().zip(scale.iter().zip(&shift)).for_each(|(x, (s, b))| *x = *x * s + b);
            means.push(mean);
            inverses.push(inverse);
        }
        let each_line = |d: usize| if d < axis { t.shape()[d] } else { 1 };
        let lines: Vec<usize> = (0..t.shape().len()).map(each_line).collect();
        let mut made = vec![narrow(dtype, t.shape().to_vec(), v)?];
        made.push(narrow(Dtype::F32, lines.clone(), means)?);
        made.push(narrow(Dtype::F32, lines, inverses)?);
        made.truncate(outputs.len());
        Ok(made)
    })
}
