//! From decoded messages to checked values: constants and the types of inputs and outputs.
//!
//! Nothing here trusts the file: sizes are checked before use, and a constant holds exactly the bytes that
//! its shape asks for, so that memory is bounded by the file.

use super::proto;
use super::tensor::{Data, Dtype, Tensor, elements};

/// The name, element type and shape of what a graph takes or answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueType {
    /// Its name.
    pub name: String,
    /// What its elements are.
    pub dtype: Dtype,
    /// Its dimensions, `None` where only a run tells; `None` altogether when the file does not say.
    pub shape: Option<Vec<Option<usize>>>,
}

/// A constant of the file.
pub(super) fn tensor(proto: &proto::TensorProto) -> Result<Tensor, String> {
    if proto.data_location == Some(1) || !proto.external_data.is_empty() {
        return Err("its data lies outside the file, which is not supported".into());
    }
    let shape = proto.dims.iter().map(|&d| usize::try_from(d)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| format!("its shape {:?} has a negative dimension", proto.dims))?;
    let count = elements(&shape).ok_or_else(|| format!("its shape {shape:?} is too large"))?;
    let data = data(proto, count)?;
    let found = data.len();
    Tensor::new(shape, data).ok_or_else(|| format!("its shape asks for {count} elements, it has {found}"))
}

fn data(proto: &proto::TensorProto, count: usize) -> Result<Data, String> {
    let raw = proto.raw_data.as_deref();
    let code = proto.data_type.unwrap_or(0);
    Ok(match code {
        1 => Data::F32(numbers(raw, count, f32::from_le_bytes, || proto.float_data.clone())?),
        11 => Data::F64(numbers(raw, count, f64::from_le_bytes, || proto.double_data.clone())?),
        7 => Data::I64(numbers(raw, count, i64::from_le_bytes, || proto.int64_data.clone())?),
        2 => Data::I64(numbers(raw, count, |b| i64::from(u8::from_le_bytes(b)), || narrow(proto))?),
        3 => Data::I64(numbers(raw, count, |b| i64::from(i8::from_le_bytes(b)), || narrow(proto))?),
        4 => Data::I64(numbers(raw, count, |b| i64::from(u16::from_le_bytes(b)), || narrow(proto))?),
        5 => Data::I64(numbers(raw, count, |b| i64::from(i16::from_le_bytes(b)), || narrow(proto))?),
        6 => Data::I64(numbers(raw, count, |b| i64::from(i32::from_le_bytes(b)), || narrow(proto))?),
        12 => {
            let wide = || proto.uint64_data.iter().map(|&x| x as i64).collect();
            Data::I64(numbers(raw, count, |b| i64::from(u32::from_le_bytes(b)), wide)?)
        }
        9 => {
            let typed = || proto.int32_data.iter().map(|&x| x != 0).collect();
            Data::Bool(numbers(raw, count, |[b]: [u8; 1]| b != 0, typed)?)
        }
        8 => Data::Str(strings(&proto.string_data)?),
        other => return Err(format!("its element type {other} is not supported")),
    })
}

/// The elements in `raw` when there is such a field, or else the typed ones.
fn numbers<T, const W: usize>(
    raw: Option<&[u8]>,
    count: usize,
    decode: impl Fn([u8; W]) -> T,
    typed: impl Fn() -> Vec<T>,
) -> Result<Vec<T>, String> {
    let Some(raw) = raw else { return Ok(typed()) };
    if raw.len() != count * W {
        return Err(format!("its shape asks for {} bytes, it has {}", count * W, raw.len()));
    }
    let (chunks, _) = raw.as_chunks::<W>();
    Ok(chunks.iter().map(|&chunk| decode(chunk)).collect())
}

fn narrow(proto: &proto::TensorProto) -> Vec<i64> {
    proto.int32_data.iter().map(|&x| i64::from(x)).collect()
}

fn strings(bytes: &[Vec<u8>]) -> Result<Vec<std::sync::Arc<str>>, String> {
    bytes.iter().map(|b| text(b).map(Into::into)).collect()
}

/// Text of the file, which must be UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|e| format!("a text is not UTF-8: {e}"))
}

/// The declared type of an input or output; `None` for a sequence or map.
pub(super) fn value_type(info: &proto::ValueInfo) -> Result<Option<ValueType>, String> {
    let name = info.name.clone().unwrap_or_default();
    let declared = info.r#type.as_ref().ok_or_else(|| format!("`{name}` has no type"))?;
    let Some(tensor) = &declared.tensor else {
        return match declared.sequence.is_some() || declared.map.is_some() {
            true => Ok(None),
            false => Err(format!("`{name}` is neither tensor nor sequence nor map")),
        };
    };
    let code = tensor.elem_type.unwrap_or(0);
    let dtype =
        Dtype::of_code(code).ok_or_else(|| format!("`{name}` has unsupported element type {code}"))?;
    let dimension = |d: &proto::Dimension| match d.value {
        Some(size) => usize::try_from(size).map(Some),
        None => Ok(None),
    };
    let shape = tensor.shape.as_ref().map(|s| s.dim.iter().map(dimension).collect::<Result<_, _>>());
    let shape = shape.transpose().map_err(|_| format!("`{name}` has a negative dimension"))?;
    Ok(Some(ValueType { name, dtype, shape }))
}

impl ValueType {
    /// Whether a tensor of this element type and shape may be fed here.
    pub fn accepts(&self, dtype: Dtype, shape: &[usize]) -> bool {
        let fits = |declared: &Vec<Option<usize>>| {
            declared.len() == shape.len()
                && declared.iter().zip(shape).all(|(d, s)| d.is_none_or(|d| d == *s))
        };
        dtype == self.dtype && self.shape.as_ref().is_none_or(fits)
    }
}

impl std::fmt::Display for ValueType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(shape) = &self.shape else { return write!(f, "{}", self.dtype) };
        let names = shape.iter().map(|d| d.map_or("?".to_string(), |d| d.to_string()));
        write!(f, "{}[{}]", self.dtype, names.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(dims: &[i64], raw: Option<Vec<u8>>, float_data: Vec<f32>) -> Result<Tensor, String> {
        let dims = dims.to_vec();
        let proto =
            proto::TensorProto { dims, data_type: Some(1), raw_data: raw, float_data, ..Default::default() };
        tensor(&proto)
    }

    fn check(found: Result<Tensor, String>, part: &str) {
        let error = found.expect_err("must be refused");
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn raw_and_typed_numbers_are_the_same() {
        let raw = floats(&[1], Some(1.5f32.to_le_bytes().to_vec()), vec![]);
        assert_eq!(raw, floats(&[1], None, vec![1.5]));
    }

    #[test]
    fn narrow_integers_are_widened() {
        for (code, raw) in [(2, vec![200u8]), (3, vec![200]), (6, vec![0xFE, 0xFF, 0xFF, 0xFF])] {
            let proto =
                proto::TensorProto { data_type: Some(code), raw_data: Some(raw), ..Default::default() };
            let expected = match code {
                2 => 200,
                3 => -56,
                _ => -2,
            };
            assert_eq!(tensor(&proto).expect("a scalar").data(), &Data::I64(vec![expected]));
        }
    }

    #[test]
    fn a_constant_that_promises_more_than_it_holds_is_refused() {
        check(floats(&[2], None, vec![1.0]), "asks for 2 elements, it has 1");
        check(floats(&[2], Some(vec![0; 4]), vec![]), "asks for 8 bytes, it has 4");
        check(floats(&[i64::MAX, i64::MAX], None, vec![]), "too large");
        check(floats(&[1 << 40], None, vec![]), "too large");
        check(floats(&[-1], None, vec![]), "negative");
    }

    #[test]
    fn data_outside_the_file_is_refused() {
        let proto = proto::TensorProto { data_type: Some(1), data_location: Some(1), ..Default::default() };
        check(tensor(&proto), "outside the file");
    }
}
