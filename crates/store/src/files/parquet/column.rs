//! One Arrow column, batch by batch, into the cells of a table.
//!
//! Invariant: no value changes on the way. Whole numbers beyond 2^53, which a 64-bit float cannot tell
//! apart, become text; they are ids, not amounts. Only the numbers inside of lists are rounded, to 32 bits, since
//! that is what a [`Values::Tensor`] holds. A column of bytes, or of the structs with `bytes` in them that Hugging
//! Face writes, holds pictures.

use crate::files::cells::WHOLE;
use crate::files::images::{Block, Misfit};
use crate::image::ImageShape;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::{DataType, Field, TimeUnit};
use domain::time::{DAY, SECOND};
use domain::{Column, Timestamp, Values};

/// Why a column has no place in a table. Rows count from 0 within the batch.
pub(super) enum Fault {
    Type(String),
    Cell { row: usize, found: String, expected: String },
    Infinite { row: usize, found: String },
    Picture { row: usize, misfit: Misfit },
}

/// A column that grows by batches.
pub(super) struct Growing {
    name: String,
    values: Option<Values>,
    /// Of a column of bytes.
    pictures: Option<Block>,
}

impl Growing {
    /// Of a field; where it holds pictures, they become `shape`, else that of the first.
    pub fn new(field: &Field, shape: Option<ImageShape>) -> Growing {
        let pictures = holds_bytes(field.data_type()).then(|| Block::new(shape));
        Growing { name: field.name().clone(), values: None, pictures }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds the cells of a batch.
    pub fn add(&mut self, array: &ArrayRef) -> Result<(), Fault> {
        if let Some(block) = &mut self.pictures {
            return add_pictures(block, array);
        }
        let values = convert(array)?;
        self.values = Some(match self.values.take() {
            None => values,
            Some(before) => join(before, values)?,
        });
        Ok(())
    }

    /// The whole column. Without a single batch its type is all there is to tell its kind.
    pub fn finish(self, kind: &DataType) -> Result<Column, Fault> {
        let values = match (self.values, self.pictures) {
            (_, Some(block)) => {
                let (shape, data) = block.finish();
                Values::Tensor { shape: shape.map_or(vec![0], ImageShape::to_vec), data }
            }
            (Some(values), None) => values,
            (None, None) => convert(&arrow_array::new_empty_array(kind))?,
        };
        Ok(Column { name: self.name, values })
    }
}

fn holds_bytes(kind: &DataType) -> bool {
    match kind {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => true,
        DataType::Struct(fields) => fields.find("bytes").is_some_and(|(_, f)| holds_bytes(f.data_type())),
        _ => false,
    }
}

fn add_pictures(block: &mut Block, array: &ArrayRef) -> Result<(), Fault> {
    if let Some(fields) = array.as_struct_opt() {
        let bytes = fields.column_by_name("bytes").expect("a struct without it is not taken for pictures");
        return add_pictures(block, bytes);
    }
    for row in 0..array.len() {
        if array.is_null(row) {
            let expected = "the bytes of a PNG or JPEG picture".to_string();
            return Err(Fault::Cell { row, found: "null".into(), expected });
        }
        let bytes = match array.data_type() {
            DataType::Binary => array.as_binary::<i32>().value(row),
            DataType::LargeBinary => array.as_binary::<i64>().value(row),
            _ => array.as_binary_view().value(row),
        };
        block.add(bytes).map_err(|misfit| Fault::Picture { row, misfit })?;
    }
    Ok(())
}

fn join(before: Values, more: Values) -> Result<Values, Fault> {
    Ok(match (before, more) {
        (Values::Number(mut a), Values::Number(b)) => {
            a.extend(b);
            Values::Number(a)
        }
        (Values::Time(mut a), Values::Time(b)) => {
            a.extend(b);
            Values::Time(a)
        }
        (Values::Tensor { shape, mut data }, Values::Tensor { shape: other, data: more }) => {
            if shape != other {
                return Err(uneven(0, &other, &shape));
            }
            data.extend(more);
            Values::Tensor { shape, data }
        }
        // one of them held ids that are too large for floats
        (a, b) => {
            let mut text = as_text(a);
            text.extend(as_text(b));
            Values::Text(text)
        }
    })
}

/// Only whole numbers up to 2^53 ever come here as numbers, so that they print as they were.
fn as_text(values: Values) -> Vec<Option<String>> {
    match values {
        Values::Text(v) => v,
        Values::Number(v) => v.into_iter().map(|x| (!x.is_nan()).then(|| x.to_string())).collect(),
        Values::Time(_) | Values::Tensor { .. } => Vec::new(),
    }
}

/// The cells of a batch.
pub(super) fn convert(array: &ArrayRef) -> Result<Values, Fault> {
    match array.data_type() {
        DataType::Null => Ok(Values::Number(vec![f64::NAN; array.len()])),
        DataType::Boolean => {
            let cells = array.as_boolean().iter();
            Ok(Values::Number(cells.map(|x| x.map_or(f64::NAN, |b| f64::from(u8::from(b)))).collect()))
        }
        DataType::Int64 => Ok(whole::<Int64Type>(array, |x| x.unsigned_abs(), |x| x as f64)),
        DataType::UInt64 => Ok(whole::<UInt64Type>(array, |x| x, |x| x as f64)),
        DataType::Utf8 => Ok(text(array.as_string::<i32>().iter())),
        DataType::LargeUtf8 => Ok(text(array.as_string::<i64>().iter())),
        DataType::Utf8View => Ok(text(array.as_string_view().iter())),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => times(array),
        DataType::Dictionary(..) => dictionary(array),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => tensor(array),
        _ => numbers(array).map(Values::Number),
    }
}

/// The numbers of an array, of any width, none of them infinite; NaN where there is none.
fn numbers(array: &ArrayRef) -> Result<Vec<f64>, Fault> {
    let numbers = floating(array)?;
    match numbers.iter().position(|x| x.is_infinite()) {
        Some(row) => Err(Fault::Infinite { row, found: numbers[row].to_string() }),
        None => Ok(numbers),
    }
}

/// The numbers of an array, infinite ones among them; NaN where there is none.
pub(super) fn floating(array: &ArrayRef) -> Result<Vec<f64>, Fault> {
    Ok(match array.data_type() {
        DataType::Int8 => floats::<Int8Type>(array, f64::from),
        DataType::Int16 => floats::<Int16Type>(array, f64::from),
        DataType::Int32 => floats::<Int32Type>(array, f64::from),
        DataType::Int64 => floats::<Int64Type>(array, |x| x as f64),
        DataType::UInt8 => floats::<UInt8Type>(array, f64::from),
        DataType::UInt16 => floats::<UInt16Type>(array, f64::from),
        DataType::UInt32 => floats::<UInt32Type>(array, f64::from),
        DataType::UInt64 => floats::<UInt64Type>(array, |x| x as f64),
        DataType::Float16 => floats::<Float16Type>(array, f64::from),
        DataType::Float32 => floats::<Float32Type>(array, f64::from),
        DataType::Float64 => floats::<Float64Type>(array, |x| x),
        DataType::Decimal32(..) => decimals::<Decimal32Type>(array),
        DataType::Decimal64(..) => decimals::<Decimal64Type>(array),
        DataType::Decimal128(..) => decimals::<Decimal128Type>(array),
        DataType::Decimal256(..) => decimals::<Decimal256Type>(array),
        other => return Err(Fault::Type(format!("type {other}"))),
    })
}

fn floats<T: ArrowPrimitiveType>(array: &ArrayRef, to: impl Fn(T::Native) -> f64) -> Vec<f64> {
    array.as_primitive::<T>().iter().map(|x| x.map_or(f64::NAN, &to)).collect()
}

/// Decimals by way of their digits, so that each is the float nearest to it.
fn decimals<T: DecimalType>(array: &ArrayRef) -> Vec<f64> {
    let array: &PrimitiveArray<T> = array.as_primitive::<T>();
    let cell = |row| match array.is_null(row) {
        true => f64::NAN,
        false => array.value_as_string(row).parse().expect("a decimal prints as a number"),
    };
    (0..array.len()).map(cell).collect()
}

fn whole<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    size: impl Fn(T::Native) -> u64,
    to: impl Fn(T::Native) -> f64,
) -> Values {
    let cells = array.as_primitive::<T>();
    if cells.iter().flatten().all(|x| size(x) <= WHOLE) {
        return Values::Number(floats::<T>(array, to));
    }
    Values::Text(cells.iter().map(|x| x.map(|x| format!("{x:?}"))).collect())
}

fn text<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Values {
    Values::Text(cells.map(|cell| cell.map(String::from)).collect())
}

fn times(array: &ArrayRef) -> Result<Values, Fault> {
    match array.data_type() {
        DataType::Date32 => instants::<Date32Type>(array, |days| i64::from(days).checked_mul(DAY)),
        DataType::Date64 => instants::<Date64Type>(array, |ms| ms.checked_mul(1_000)),
        DataType::Timestamp(TimeUnit::Second, _) => {
            instants::<TimestampSecondType>(array, |s| s.checked_mul(SECOND))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            instants::<TimestampMillisecondType>(array, |ms| ms.checked_mul(1_000))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => instants::<TimestampMicrosecondType>(array, Some),
        _ => instants::<TimestampNanosecondType>(array, |ns| Some(ns.div_euclid(1_000))),
    }
}

fn instants<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    micros: impl Fn(T::Native) -> Option<i64>,
) -> Result<Values, Fault> {
    let read = |(row, cell): (usize, Option<T::Native>)| match cell.map(|c| (c, micros(c))) {
        None => Ok(None),
        Some((_, Some(at))) => Ok(Some(Timestamp(at))),
        Some((found, None)) => {
            let expected = "an instant within 290,000 years of 1970".to_string();
            Err(Fault::Cell { row, found: format!("{found:?}"), expected })
        }
    };
    array.as_primitive::<T>().iter().enumerate().map(read).collect::<Result<_, _>>().map(Values::Time)
}

fn dictionary(array: &ArrayRef) -> Result<Values, Fault> {
    let dictionary = array.as_any_dictionary();
    let values = convert(dictionary.values())?;
    let keys = dictionary.normalized_keys();
    let places: Vec<Option<usize>> =
        keys.into_iter().enumerate().map(|(row, key)| (!array.is_null(row)).then_some(key)).collect();
    match values {
        Values::Text(v) => Ok(Values::Text(places.iter().map(|p| p.and_then(|p| v[p].clone())).collect())),
        Values::Number(v) => {
            Ok(Values::Number(places.iter().map(|p| p.map_or(f64::NAN, |p| v[p])).collect()))
        }
        Values::Time(v) => Ok(Values::Time(places.iter().map(|p| p.and_then(|p| v[p])).collect())),
        Values::Tensor { .. } => Err(Fault::Type(format!("type {}", array.data_type()))),
    }
}

/// Lists of equally many numbers, or of such lists, as one block a row.
fn tensor(array: &ArrayRef) -> Result<Values, Fault> {
    if let Some(row) = (0..array.len()).find(|&row| array.is_null(row)) {
        let expected = "a list of numbers, as in the other rows".to_string();
        return Err(Fault::Cell { row, found: "null".into(), expected });
    }
    let (width, inner) = blocks(array)?;
    if width == 0 && !array.is_empty() {
        let (found, expected) = ("an empty list".into(), "a list of one number or more".into());
        return Err(Fault::Cell { row: 0, found, expected });
    }
    let (mut shape, data) = match inner.data_type() {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            let Values::Tensor { shape, data } = tensor(&inner).map_err(|fault| outer(fault, width))? else {
                return Err(Fault::Type(format!("type {}", array.data_type())));
            };
            (shape, data)
        }
        _ => {
            let numbers = numbers(&inner).map_err(|fault| outer(fault, width))?;
            (Vec::new(), numbers.into_iter().map(|x| x as f32).collect())
        }
    };
    shape.insert(0, width);
    Ok(Values::Tensor { shape, data })
}

/// How many elements every row's list has, and the elements of all rows.
fn blocks(array: &ArrayRef) -> Result<(usize, ArrayRef), Fault> {
    let even = |ends: Vec<usize>| {
        let lengths: Vec<usize> = ends.windows(2).map(|w| w[1] - w[0]).collect();
        let width = lengths.first().copied().unwrap_or(0);
        match lengths.iter().position(|&l| l != width) {
            Some(row) => Err(uneven(row, &[lengths[row]], &[width])),
            None => Ok((width, ends.first().copied().unwrap_or(0), width * lengths.len())),
        }
    };
    match array.data_type() {
        DataType::FixedSizeList(_, width) => {
            let list = array.as_fixed_size_list();
            let width = *width as usize;
            Ok((width, list.values().slice(list.value_offset(0) as usize, width * list.len())))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let (width, start, len) = even(list.value_offsets().iter().map(|&o| o as usize).collect())?;
            Ok((width, list.values().slice(start, len)))
        }
        _ => {
            let list = array.as_list::<i32>();
            let (width, start, len) = even(list.value_offsets().iter().map(|&o| o as usize).collect())?;
            Ok((width, list.values().slice(start, len)))
        }
    }
}

fn uneven(row: usize, found: &[usize], expected: &[usize]) -> Fault {
    let list = |shape: &[usize]| {
        format!("a list of {} numbers", shape.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" by "))
    };
    Fault::Cell { row, found: list(found), expected: format!("{} as in the first row", list(expected)) }
}

/// A fault of an inner list, told of the row that holds it.
fn outer(fault: Fault, width: usize) -> Fault {
    let of = |row: usize| row / width.max(1);
    match fault {
        Fault::Cell { row, found, expected } => Fault::Cell { row: of(row), found, expected },
        Fault::Infinite { row, found } => Fault::Infinite { row: of(row), found },
        other => other,
    }
}
