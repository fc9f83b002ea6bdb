//! One tensor of a request, from its JSON or its bytes, and as a raw column. Every message names the
//! tensor, what was found and what was expected.

use super::dtype::Dtype;
use super::picture::{self, Odd, Pictures};
use domain::{Column, Domain, Field, Kind, Values};
use serde_json::Value;

/// A tensor as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name: a raw column's.
    pub name: String,
    /// Its shape; the rows first.
    pub shape: Vec<usize>,
    /// Its datatype.
    pub dtype: Dtype,
    /// Its elements.
    pub cells: Cells,
}

/// A tensor's elements, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers of any datatype; a missing one is NaN.
    Numbers(Vec<f64>),
    /// Text; a missing one is `None`.
    Texts(Vec<Option<String>>),
    /// BYTES that are not read yet: whether they are text, the column says.
    Bytes(Vec<Vec<u8>>),
}

impl Tensor {
    /// The elements in binary form; there must be as many as the shape says.
    pub fn from_bytes(name: &str, shape: Vec<usize>, dtype: Dtype, bytes: &[u8]) -> Result<Tensor, String> {
        let count = elements(name, &shape)?;
        let cells = match dtype.size() {
            Some(size) => {
                let expected = count.checked_mul(size).filter(|expected| *expected == bytes.len());
                expected.ok_or_else(|| {
                    let found = bytes.len();
                    format!(
                        "input `{name}` has {found} bytes, expected {size} for each of the {count} elements \
                         of shape {shape:?} and datatype {dtype}"
                    )
                })?;
                Cells::Numbers(bytes.chunks_exact(size).map(|element| dtype.number(element)).collect())
            }
            None => Cells::Bytes(pieces(name, bytes, count)?),
        };
        Ok(Tensor { name: name.into(), shape, dtype, cells })
    }

    /// The elements as a JSON array, flat or nested.
    pub fn from_json(name: &str, shape: Vec<usize>, dtype: Dtype, data: &Value) -> Result<Tensor, String> {
        let mut cells = match dtype {
            Dtype::Bytes => Cells::Texts(Vec::new()),
            _ => Cells::Numbers(Vec::new()),
        };
        flatten(name, dtype, data, &mut cells)?;
        Tensor::from_cells(name, shape, dtype, cells, "data")
    }

    /// The elements as they are; `place` is where they stood, for messages.
    pub fn from_cells(
        name: &str,
        shape: Vec<usize>,
        dtype: Dtype,
        cells: Cells,
        place: &str,
    ) -> Result<Tensor, String> {
        let (found, count) = (cells.len(), elements(name, &shape)?);
        if found != count {
            return Err(format!(
                "input `{name}` has {found} elements in `{place}`, expected {count} for shape {shape:?}"
            ));
        }
        Ok(Tensor { name: name.into(), shape, dtype, cells })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// The tensor as a column of the field's kind.
    pub fn into_column(self, field: &Field) -> Result<Column, String> {
        self.check_shape(field)?;
        let (name, dtype) = (self.name, self.dtype);
        let wrong = |expected: &str| format!("input `{name}` has datatype {dtype}, expected {expected}");
        let values = match (self.cells, &field.kind) {
            (Cells::Numbers(cells), Kind::Number) => Values::Number(cells),
            (Cells::Numbers(cells), Kind::Tensor(shape)) => {
                Values::Tensor { shape: shape.clone(), data: cells.into_iter().map(|x| x as f32).collect() }
            }
            (Cells::Numbers(cells), Kind::Text) if dtype == Dtype::Bool => Values::Text(words(&cells)),
            (Cells::Texts(cells), Kind::Text | Kind::Time) => Values::Text(without_blanks(cells, field)),
            (Cells::Bytes(cells), Kind::Text | Kind::Time) => {
                Values::Text(without_blanks(texts(&name, cells)?, field))
            }
            (Cells::Texts(cells), Kind::Tensor(shape)) if picture::shape(&field.kind).is_some() => {
                let cells: Vec<String> = cells.into_iter().map(Option::unwrap_or_default).collect();
                let data = pictures(&name, field, &cells, |all, text| all.read_base64(text))?;
                Values::Tensor { shape: shape.clone(), data }
            }
            (Cells::Bytes(cells), Kind::Tensor(shape)) if picture::shape(&field.kind).is_some() => {
                let data = pictures(&name, field, &cells, |all, bytes| all.read(bytes))?;
                Values::Tensor { shape: shape.clone(), data }
            }
            (_, Kind::Number) => return Err(wrong("FP64 or another number")),
            (_, Kind::Tensor(_)) => return Err(wrong("FP32 or another number")),
            (_, Kind::Text | Kind::Time) => return Err(wrong("BYTES")),
        };
        Ok(Column { name, values })
    }

    /// The tensor as a column that no field describes.
    pub fn into_any_column(self) -> Result<Column, String> {
        let width: usize = self.shape.iter().skip(1).product();
        let values = match self.cells {
            Cells::Numbers(cells) if width == 1 => Values::Number(cells),
            Cells::Numbers(cells) => {
                let data = cells.into_iter().map(|x| x as f32).collect();
                Values::Tensor { shape: self.shape[1..].to_vec(), data }
            }
            Cells::Texts(cells) => joined(cells, width),
            Cells::Bytes(cells) => joined(texts(&self.name, cells)?, width),
        };
        Ok(Column { name: self.name, values })
    }

    fn check_shape(&self, field: &Field) -> Result<(), String> {
        let encoded = self.dtype == Dtype::Bytes && picture::shape(&field.kind).is_some();
        let (fits, expected) = match (&field.kind, self.shape.get(1..)) {
            (_, Some(rest)) if encoded => (rest.is_empty() || rest == [1], "[N] or [N, 1] of BYTES".into()),
            (Kind::Tensor(block), Some(rest)) => {
                let flat = rest.len() == 1 && rest[0] == block.iter().product::<usize>();
                let expected: Vec<String> = block.iter().map(usize::to_string).collect();
                (rest == block.as_slice() || flat, format!("[N, {}]", expected.join(", ")))
            }
            (_, Some(rest)) => (rest.is_empty() || rest == [1], "[N] or [N, 1]".into()),
            (_, None) => (false, "[N]".into()),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("input `{}` has shape {:?}, expected {expected}", self.name, self.shape))
        }
    }
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Cells::Numbers(cells) => cells.len(),
            Cells::Texts(cells) => cells.len(),
            Cells::Bytes(cells) => cells.len(),
        }
    }
}

/// Text of several cells a row as one cell.
fn joined(cells: Vec<Option<String>>, width: usize) -> Values {
    if width == 1 {
        return Values::Text(cells);
    }
    let join = |texts: &[Option<String>]| texts.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    Values::Text(cells.chunks(width.max(1)).map(|texts| Some(join(texts))).collect())
}

/// The datatype in which a column is announced.
pub fn datatype(kind: &Kind) -> Dtype {
    match kind {
        Kind::Number => Dtype::Fp64,
        Kind::Text | Kind::Time => Dtype::Bytes,
        Kind::Tensor(_) => Dtype::Fp32,
    }
}

fn elements(name: &str, shape: &[usize]) -> Result<usize, String> {
    let count = shape.iter().try_fold(1_usize, |count, side| count.checked_mul(*side));
    count.ok_or_else(|| format!("input `{name}` has shape {shape:?}, expected fewer elements"))
}

/// The elements of a tensor of BYTES, each behind its length in 4 bytes.
fn pieces(name: &str, mut bytes: &[u8], count: usize) -> Result<Vec<Vec<u8>>, String> {
    // each element has at least its length's 4 bytes, which bounds what a false shape can reserve
    let mut pieces = Vec::with_capacity(count.min(bytes.len() / 4));
    while !bytes.is_empty() {
        let at = pieces.len();
        let cut = || {
            format!(
                "input `{name}` ends within element {at}, expected its length in 4 bytes and then its bytes"
            )
        };
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
        let (piece, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        pieces.push(piece.to_vec());
        bytes = rest;
    }
    if pieces.len() != count {
        return Err(format!("input `{name}` has {} elements in its bytes, expected {count}", pieces.len()));
    }
    Ok(pieces)
}

fn texts(name: &str, cells: Vec<Vec<u8>>) -> Result<Vec<Option<String>>, String> {
    let text = |(at, bytes)| {
        let odd = |_| format!("input `{name}`, element {at}: found bytes that are not UTF-8, expected text");
        String::from_utf8(bytes).map(Some).map_err(odd)
    };
    cells.into_iter().enumerate().map(text).collect()
}

/// Reads each cell as a picture; the message names the first row that is none.
fn pictures<T>(
    name: &str,
    field: &Field,
    cells: &[T],
    mut read: impl FnMut(&mut Pictures, &T) -> Result<(), Odd>,
) -> Result<Vec<f32>, String> {
    let shape = picture::shape(&field.kind).expect("asked before");
    let mut all = Pictures::new(shape);
    for (row, cell) in cells.iter().enumerate() {
        read(&mut all, cell).map_err(|odd| {
            format!("input `{name}`, row {row}: found {}, expected {}", odd.found, odd.expected)
        })?;
    }
    Ok(all.numbers)
}

fn flatten(name: &str, dtype: Dtype, data: &Value, into: &mut Cells) -> Result<(), String> {
    let at = into.len();
    match (data, into) {
        (Value::Array(items), into) => {
            return items.iter().try_for_each(|item| flatten(name, dtype, item, into));
        }
        (Value::Null, Cells::Numbers(cells)) => cells.push(f64::NAN),
        (Value::Bool(yes), Cells::Numbers(cells)) => cells.push(f64::from(u8::from(*yes))),
        (Value::Number(number), Cells::Numbers(cells)) => cells.push(number.as_f64().unwrap_or(f64::NAN)),
        (Value::Null, Cells::Texts(cells)) => cells.push(None),
        (Value::String(text), Cells::Texts(cells)) => cells.push(Some(text.clone())),
        (other, _) => return Err(format!("input `{name}`, element {at}: found {other}, expected {dtype}")),
    }
    Ok(())
}

fn words(cells: &[f64]) -> Vec<Option<String>> {
    cells.iter().map(|yes| Some((*yes != 0.0).to_string())).collect()
}

/// Binary text cannot say that a cell is missing, so an empty one says it, unless training saw empty text.
fn without_blanks(cells: Vec<Option<String>>, field: &Field) -> Vec<Option<String>> {
    match &field.domain {
        Domain::Categories(known) if known.iter().any(String::is_empty) => cells,
        _ => cells.into_iter().map(|cell| cell.filter(|text| !text.is_empty())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(kind: Kind) -> Field {
        Field { name: "x".into(), kind, nullable: true, domain: Domain::Any }
    }

    fn column(tensor: Result<Tensor, String>, kind: Kind) -> Result<Values, String> {
        tensor?.into_column(&field(kind)).map(|column| column.values)
    }

    #[test]
    fn bytes_and_json_give_the_same_column() {
        let bytes: Vec<u8> = [41_i32, -2].iter().flat_map(|x| x.to_le_bytes()).collect();
        let binary = Tensor::from_bytes("x", vec![2, 1], Dtype::Int(4), &bytes);
        let json = Tensor::from_json("x", vec![2], Dtype::Fp64, &json!([41, -2]));
        assert_eq!(column(binary, Kind::Number), Ok(Values::Number(vec![41.0, -2.0])));
        assert_eq!(column(json, Kind::Number), Ok(Values::Number(vec![41.0, -2.0])));
    }

    #[test]
    fn text_has_its_length_before_it_and_empty_means_missing() {
        let bytes = b"\x03\0\0\0abc\0\0\0\0";
        let texts = column(Tensor::from_bytes("x", vec![2], Dtype::Bytes, bytes), Kind::Text);
        assert_eq!(texts, Ok(Values::Text(vec![Some("abc".into()), None])));
        for cut in 1..bytes.len() {
            assert!(Tensor::from_bytes("x", vec![2], Dtype::Bytes, &bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_block_may_come_flat_or_nested() {
        let nested = Tensor::from_json("x", vec![1, 2, 2], Dtype::Fp32, &json!([[[1, 2], [3, 4]]]));
        let flat = Tensor::from_json("x", vec![1, 4], Dtype::Fp32, &json!([1, 2, 3, 4]));
        let expected = Values::Tensor { shape: vec![2, 2], data: vec![1.0, 2.0, 3.0, 4.0] };
        assert_eq!(column(nested, Kind::Tensor(vec![2, 2])), Ok(expected.clone()));
        assert_eq!(column(flat, Kind::Tensor(vec![2, 2])), Ok(expected));
    }

    #[test]
    fn pictures_come_as_bytes_as_base64_or_as_small_numbers() {
        let kind = Kind::Tensor(vec![1, 1, 2]);
        let png = serving::image::encode_png(&[7.0, 250.0], picture::shape(&kind).expect("a picture"));
        let length = (png.len() as u32).to_le_bytes();
        let binary = [length.as_slice(), &png].concat();
        let expected = Ok(Values::Tensor { shape: vec![1, 1, 2], data: vec![7.0, 250.0] });
        for shape in [vec![1], vec![1, 1]] {
            let tensor = Tensor::from_bytes("x", shape, Dtype::Bytes, &binary);
            assert_eq!(column(tensor, kind.clone()), expected);
        }
        let numbers = Tensor::from_bytes("x", vec![1, 1, 1, 2], Dtype::Uint(1), &[7, 250]);
        assert_eq!(column(numbers, kind.clone()), expected);
        let text =
            "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR4nGNg/wUAAQsBAsdd+yMAAAAASUVORK5CYII=";
        let json = Tensor::from_json("x", vec![1], Dtype::Bytes, &json!([text]));
        assert_eq!(column(json, kind.clone()), expected);
        let wrong = Tensor::from_bytes("x", vec![1], Dtype::Bytes, b"\x06\0\0\0GIF89a");
        let said = column(wrong, kind.clone()).expect_err("no picture");
        assert!(
            said.starts_with("input `x`, row 0: found ") && said.ends_with("expected a PNG or JPEG picture"),
            "{said}"
        );
        let wide = Tensor::from_json("x", vec![1, 2], Dtype::Bytes, &json!([text, text]));
        assert_eq!(
            column(wide, kind),
            Err("input `x` has shape [1, 2], expected [N] or [N, 1] of BYTES".into())
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let said = |result: Result<Values, String>| result.expect_err("does not fit");
        let of = |shape: &[usize], dtype, data: Value| Tensor::from_json("x", shape.to_vec(), dtype, &data);
        assert_eq!(
            said(column(Tensor::from_bytes("x", vec![2], Dtype::Fp64, &[0; 12]), Kind::Number)),
            "input `x` has 12 bytes, expected 8 for each of the 2 elements of shape [2] and datatype FP64"
        );
        assert_eq!(
            said(column(of(&[1], Dtype::Bytes, json!(["a"])), Kind::Number)),
            "input `x` has datatype BYTES, expected FP64 or another number"
        );
        assert_eq!(
            said(column(of(&[1, 2], Dtype::Fp64, json!([1, 2])), Kind::Number)),
            "input `x` has shape [1, 2], expected [N] or [N, 1]"
        );
        assert_eq!(
            said(column(of(&[1, 3], Dtype::Fp32, json!([1, 2, 3])), Kind::Tensor(vec![2, 2]))),
            "input `x` has shape [1, 3], expected [N, 2, 2]"
        );
        assert_eq!(
            said(column(of(&[2], Dtype::Fp64, json!([1])), Kind::Number)),
            "input `x` has 1 elements in `data`, expected 2 for shape [2]"
        );
        assert_eq!(
            said(column(of(&[1], Dtype::Int(8), json!(["a"])), Kind::Number)),
            "input `x`, element 0: found \"a\", expected INT64"
        );
        assert!(of(&[usize::MAX, 2], Dtype::Fp64, json!([])).is_err());
    }
}
