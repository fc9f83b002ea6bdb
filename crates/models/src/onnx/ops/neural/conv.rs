//! `Conv` and `ConvTranspose`: one or two spatial dimensions, single precision.

use super::rten::Convolution;
use super::singles;
use super::window::{Axis, Window, sizes};
use crate::onnx::node::{Kernel, Node, need, optional, tensor};
use crate::onnx::ops::matmul::check_work;
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};

/// What both nodes have in common.
fn settings(node: &Node<'_>) -> Result<(Window, usize), String> {
    node.arity(2, 3)?;
    node.one_of(0, &[Dtype::F32])?;
    node.rest_are(1, Dtype::F32)?;
    let groups = node.int("group")?.unwrap_or(1);
    let groups = usize::try_from(groups).ok().filter(|&g| g > 0);
    let kernel = node.inputs[1].and_then(|w| w.constant).map(|w| w.shape().len());
    if kernel.is_some_and(|rank| !(3..=4).contains(&rank)) {
        return Err("one or two spatial dimensions are supported".into());
    }
    Ok((Window::of(node)?, groups.ok_or("the groups are fewer than 1")?))
}

/// The shapes of input and kernel, taken apart.
struct Shapes<'a> {
    batch: usize,
    channels: usize,
    input: &'a [usize],
    kernel: &'a [usize],
    first: usize,
    second: usize,
}

impl<'a> Shapes<'a> {
    fn of(x: &'a Tensor, w: &'a Tensor, window: &Window) -> Result<Shapes<'a>, String> {
        let wrong = || format!("a kernel of shape {:?} does not fit {:?}", w.shape(), x.shape());
        let (&[batch, channels, ref input @ ..], &[first, second, ref kernel @ ..]) = (x.shape(), w.shape())
        else {
            return Err(wrong());
        };
        let declared = window.kernel.as_ref().is_none_or(|k| k == kernel);
        match (1..=2).contains(&input.len()) && declared && channels > 0 && first > 0 && second > 0 {
            true => Ok(Shapes { batch, channels, input, kernel, first, second }),
            false => Err(wrong()),
        }
    }

    /// The answer's shape, when it and the work for it are within bounds.
    fn answer(&self, channels: usize, axes: &[Axis], depth: usize) -> Result<Vec<usize>, String> {
        let spatial: Vec<usize> = axes.iter().map(|a| a.output).collect();
        let shape = [&[self.batch, channels], &spatial[..]].concat();
        let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        check_work(&[&[count, depth], self.kernel].concat())?;
        Ok(shape)
    }
}

fn bias(b: Option<&Tensor>, channels: usize) -> Result<Option<&[f32]>, String> {
    let b = b.map(singles).transpose()?;
    match b.is_none_or(|b| b.len() == channels) {
        true => Ok(b),
        false => Err(format!("the bias does not have one number for each of {channels} channels")),
    }
}

pub(in crate::onnx::ops) fn conv(node: &Node<'_>) -> Result<Kernel, String> {
    let (window, groups) = settings(node)?;
    Kernel::one(Dtype::F32, move |inputs| {
        let (x, w) = (need(inputs, 0)?, need(inputs, 1)?);
        let shapes = Shapes::of(x, w, &window)?;
        if shapes.second.checked_mul(groups) != Some(shapes.channels) || shapes.first % groups != 0 {
            return Err(format!(
                "{} channels and {:?} do not make {groups} groups",
                shapes.channels,
                w.shape()
            ));
        }
        let axes = window.axes(shapes.input, shapes.kernel)?;
        let shape = shapes.answer(shapes.first, &axes, shapes.second)?;
        let bias = bias(optional(inputs, 2), shapes.first)?;
        let (input, kernel) = ((x.shape(), singles(x)?), (w.shape(), singles(w)?));
        match shapes.batch {
            0 => tensor(shape, Data::F32(vec![])),
            _ => {
                let made = Convolution { input, kernel, bias, axes: &axes, groups }.forward()?;
                tensor(shape, Data::F32(made))
            }
        }
    })
}

pub(in crate::onnx::ops) fn conv_transpose(node: &Node<'_>) -> Result<Kernel, String> {
    let (window, groups) = settings(node)?;
    let extra = sizes(node, "output_padding", 0)?;
    if !window.is_explicit() {
        return Err("auto_pad is supported as NOTSET and VALID".into());
    }
    Kernel::one(Dtype::F32, move |inputs| {
        let (x, w) = (need(inputs, 0)?, need(inputs, 1)?);
        let shapes = Shapes::of(x, w, &window)?;
        if shapes.first != shapes.channels || shapes.first % groups != 0 {
            return Err(format!(
                "{} channels and {:?} do not make {groups} groups",
                shapes.channels,
                w.shape()
            ));
        }
        let channels = shapes.second.checked_mul(groups).ok_or("the groups are too many")?;
        let extra = extra.clone().unwrap_or_else(|| vec![0; shapes.input.len()]);
        let axes = stretched(window.unsized_axes(shapes.input, shapes.kernel)?, &extra)?;
        let shape = shapes.answer(channels, &axes, shapes.first)?;
        // one column of products for each element of the input
        let columns = [&[channels], shapes.kernel, shapes.input].concat();
        elements(&columns).ok_or_else(|| format!("products of shape {columns:?} are too many"))?;
        let bias = bias(optional(inputs, 2), channels)?;
        let (input, kernel) = ((x.shape(), singles(x)?), (w.shape(), singles(w)?));
        match shapes.batch {
            0 => tensor(shape, Data::F32(vec![])),
            _ => {
                let made = Convolution { input, kernel, bias, axes: &axes, groups }.transposed(&extra)?;
                tensor(shape, Data::F32(made))
            }
        }
    })
}

/// The sizes of a transposed convolution's answer.
fn stretched(mut axes: Vec<Axis>, extra: &[usize]) -> Result<Vec<Axis>, String> {
    if extra.len() != axes.len() {
        return Err(format!("output_padding {extra:?} does not fit {} spatial dimensions", axes.len()));
    }
    for (axis, extra) in axes.iter_mut().zip(extra) {
        let full = axis.stride * (axis.input - 1) + extra + axis.reach();
        let cut = full.checked_sub(axis.begin + axis.end).filter(|&n| n > 0);
        axis.output = cut.ok_or("the padding takes all of the answer")?;
    }
    Ok(axes)
}
