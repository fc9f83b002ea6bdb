//! `Cast`: one element type to another, texts included.
//!
//! Numbers are written as onnxruntime writes them, with 8 significant digits, doubles too. A text
//! that is not a number is an error, which names it.

use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype, Tensor};
use std::sync::Arc;

pub(super) fn cast(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    node.ignore(&["saturate", "round_mode"]);
    let code = node.int("to")?.ok_or("attribute `to` is missing")?;
    let code = i32::try_from(code).map_err(|_| format!("there is no element type {code}"))?;
    let to = Dtype::of_code(code).ok_or_else(|| format!("element type {code} is not supported"))?;
    Kernel::one(to, move |inputs| {
        let t = need(inputs, 0)?;
        let data = convert(t.data(), to)?;
        tensor(t.shape().to_vec(), narrowed(data, code))
    })
}

/// The same elements in another type.
pub(in crate::onnx) fn convert(data: &Data, to: Dtype) -> Result<Data, String> {
    Ok(match (data, to) {
        (Data::F32(v), Dtype::F64) => Data::F64(map(v, |&x| f64::from(x))),
        (Data::F32(v), Dtype::I64) => Data::I64(map(v, |&x| x as i64)),
        (Data::F32(v), Dtype::Bool) => Data::Bool(map(v, |&x| x != 0.0)),
        (Data::F32(v), Dtype::Str) => Data::Str(map(v, |&x| general(f64::from(x)))),
        (Data::F64(v), Dtype::F32) => Data::F32(map(v, |&x| x as f32)),
        (Data::F64(v), Dtype::I64) => Data::I64(map(v, |&x| x as i64)),
        (Data::F64(v), Dtype::Bool) => Data::Bool(map(v, |&x| x != 0.0)),
        (Data::F64(v), Dtype::Str) => Data::Str(map(v, |&x| general(x))),
        (Data::I64(v), Dtype::F32) => Data::F32(map(v, |&x| x as f32)),
        (Data::I64(v), Dtype::F64) => Data::F64(map(v, |&x| x as f64)),
        (Data::I64(v), Dtype::Bool) => Data::Bool(map(v, |&x| x != 0)),
        (Data::I64(v), Dtype::Str) => Data::Str(map(v, |x| x.to_string().into())),
        (Data::Bool(v), Dtype::F32) => Data::F32(map(v, |&x| f32::from(x))),
        (Data::Bool(v), Dtype::F64) => Data::F64(map(v, |&x| f64::from(x))),
        (Data::Bool(v), Dtype::I64) => Data::I64(map(v, |&x| i64::from(x))),
        (Data::Bool(v), Dtype::Str) => Data::Str(map(v, |&x| if x { "1" } else { "0" }.into())),
        (Data::Str(v), Dtype::F32) => Data::F32(parse(v, number::<f32>)?),
        (Data::Str(v), Dtype::F64) => Data::F64(parse(v, number::<f64>)?),
        (Data::Str(v), Dtype::I64) => Data::I64(parse(v, |s| s.parse().ok())?),
        (Data::Str(v), Dtype::Bool) => Data::Bool(parse(v, |s| s.parse::<i64>().ok().map(|x| x != 0))?),
        (same, _) => same.clone(),
    })
}

fn map<A, B>(v: &[A], f: impl Fn(&A) -> B) -> Vec<B> {
    v.iter().map(f).collect()
}

fn parse<T>(v: &[Arc<str>], f: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    v.iter().map(|s| f(s.trim()).ok_or_else(|| format!("`{}` is not a number", shown(s)))).collect()
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The beginning of a text that may be long.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What a narrow integer type makes of a whole number; other types stay.
fn narrowed(data: Data, code: i32) -> Data {
    let narrow: fn(i64) -> i64 = match code {
        2 => |x| i64::from(x as u8),
        3 => |x| i64::from(x as i8),
        4 => |x| i64::from(x as u16),
        5 => |x| i64::from(x as i16),
        6 => |x| i64::from(x as i32),
        12 => |x| i64::from(x as u32),
        _ => return data,
    };
    match data {
        Data::I64(v) => Data::I64(v.into_iter().map(narrow).collect()),
        other => other,
    }
}

/// A number as C's `%.8g` writes it.
fn general(x: f64) -> Arc<str> {
    const DIGITS: i32 = 8;
    if !x.is_finite() {
        let text = if x.is_nan() {
            "NaN"
        } else if x > 0.0 {
            "INF"
        } else {
            "-INF"
        };
        return text.into();
    }
    let scientific = format!("{x:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if (-4..DIGITS).contains(&exponent) {
        let decimals = (DIGITS - 1 - exponent).max(0) as usize;
        return trimmed(&format!("{x:.decimals$}")).into();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs()).into()
}

/// Without the zeros at the end of a fraction.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The elements of a numeric tensor as single precision, which is what `ai.onnx.ml` computes in.
pub(in crate::onnx) fn singles(t: &Tensor) -> Result<std::borrow::Cow<'_, [f32]>, String> {
    match t.data() {
        Data::F32(v) => Ok(v.into()),
        Data::Str(_) => Err("texts where numbers are expected".into()),
        other => match convert(other, Dtype::F32)? {
            Data::F32(v) => Ok(v.into()),
            _ => Err("numbers are expected".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_c_writes_them() {
        for (x, text) in [
            (1.0, "1"),
            (-0.5, "-0.5"),
            (0.1f32 as f64, "0.1"),
            (123_456_789.0, "1.2345679e+08"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (f64::INFINITY, "INF"),
        ] {
            assert_eq!(&*general(x), text);
        }
    }

    #[test]
    fn a_text_that_is_no_number_is_named() {
        let error = convert(&Data::Str(vec!["1.5".into(), "tall".into()]), Dtype::F32);
        assert_eq!(error, Err("`tall` is not a number".into()));
    }

    #[test]
    fn narrow_integers_wrap() {
        assert_eq!(narrowed(Data::I64(vec![300, -1]), 2), Data::I64(vec![44, 255]));
        assert_eq!(narrowed(Data::I64(vec![300, 200]), 3), Data::I64(vec![44, -56]));
    }
}
