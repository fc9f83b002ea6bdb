//! `StringConcat` and `StringSplit`.

use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::zip;
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};
use std::sync::Arc;

fn texts(t: &Tensor) -> Result<&[Arc<str>], String> {
    match t.data() {
        Data::Str(v) => Ok(v),
        other => Err(format!("texts are expected, not {}", other.dtype())),
    }
}

pub(in crate::onnx) fn concat(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(2, 2)?;
    node.one_of(0, &[Dtype::Str])?;
    node.one_of(1, &[Dtype::Str])?;
    Kernel::one(Dtype::Str, |inputs| {
        let (a, b) = (need(inputs, 0)?, need(inputs, 1)?);
        let join = |x: &Arc<str>, y: &Arc<str>| -> Arc<str> { format!("{x}{y}").into() };
        let (shape, data) = zip((texts(a)?, a.shape()), (texts(b)?, b.shape()), join)?;
        tensor(shape, Data::Str(data))
    })
}

pub(in crate::onnx) fn split(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.one_of(0, &[Dtype::Str])?;
    let delimiter = node.str("delimiter")?.unwrap_or("").to_string();
    let most = match node.int("maxsplit")? {
        None => usize::MAX,
        Some(most) => usize::try_from(most).map_err(|_| format!("maxsplit is {most}"))?,
    };
    Kernel::many(vec![Dtype::Str, Dtype::I64], move |inputs| {
        let t = need(inputs, 0)?;
        let parts: Vec<Vec<&str>> = texts(t)?.iter().map(|text| pieces(text, &delimiter, most)).collect();
        let width = parts.iter().map(Vec::len).max().unwrap_or(0);
        let shape = [t.shape(), &[width]].concat();
        elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        let counts = parts.iter().map(|p| p.len() as i64).collect();
        let padded =
            parts.iter().flat_map(|p| p.iter().copied().chain(std::iter::repeat_n("", width - p.len())));
        let padded = padded.map(Into::into).collect();
        Ok(vec![tensor(shape, Data::Str(padded))?, tensor(t.shape().to_vec(), Data::I64(counts))?])
    })
}

/// The pieces of a text after at most so many cuts. No delimiter stands for runs of white space.
fn pieces<'a>(text: &'a str, delimiter: &str, most: usize) -> Vec<&'a str> {
    if !delimiter.is_empty() {
        return text.splitn(most.saturating_add(1), delimiter).collect();
    }
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() && found.len() < most {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    if !rest.is_empty() {
        found.push(rest.trim_end());
    }
    found
}
