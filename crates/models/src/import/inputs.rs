//! The plan's columns in front of a graph's inputs.

use super::Expected;
use super::error::ImportError;
use crate::onnx::{Attribute, Data, Dtype, Edit, Side, Tensor, ValueType};
use domain::{Field, Kind};

/// Puts columns before the graph's inputs; gives the names of the columns that are used.
pub(super) fn adapt(
    edit: &mut Edit,
    inputs: &[ValueType],
    expect: &Expected,
    adapted: &mut Vec<String>,
) -> Result<Vec<String>, ImportError> {
    if let Some(fixed) = inputs.iter().find(|i| fixed_rows(i).is_some_and(|rows| rows != 0)) {
        let why = format!("input `{}` is {fixed}, made for {} rows at a time", fixed.name, rows_of(fixed));
        return Err(refused(why, "export it with a first dimension that is left open (dynamic_axes)"));
    }
    let named = |i: &ValueType| expect.columns.field(&i.name).filter(|f| width(i) == width_of(f));
    match inputs {
        all if all.iter().all(|i| named(i).is_some()) && expect.told.features.is_none() => {
            all.iter().map(|i| by_name(edit, i, expect, adapted)).collect()
        }
        [one] if is_image(one, expect) => image(edit, one, expect, adapted).map(|name| vec![name]),
        [one] => matrix(edit, one, expect, adapted),
        several => {
            let why = match several.iter().find(|i| named(i).is_none()) {
                Some(odd) => format!("input `{}` {odd} is not among the columns {}", odd.name, names(expect)),
                None => {
                    format!("{} inputs are called like columns, so that none takes features", several.len())
                }
            };
            Err(refused(why, "name the model's inputs like the table's columns when exporting it"))
        }
    }
}

fn refused(why: String, hint: &str) -> ImportError {
    ImportError::Inputs { why, hint: hint.into() }
}

fn fixed_rows(input: &ValueType) -> Option<usize> {
    input.shape.as_ref()?.first().copied()?
}

fn rows_of(input: &ValueType) -> usize {
    fixed_rows(input).unwrap_or(0)
}

/// The numbers of one row, where the file tells them.
fn width(input: &ValueType) -> Option<usize> {
    input.shape.as_ref()?.iter().skip(1).try_fold(1usize, |n, d| n.checked_mul((*d)?))
}

fn width_of(field: &Field) -> Option<usize> {
    match &field.kind {
        Kind::Tensor(shape) => Some(shape.iter().product()),
        _ => Some(1),
    }
}

fn names(expect: &Expected) -> String {
    expect.columns.fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ")
}

/// An input that is called like a column: fed as it is.
fn by_name(
    edit: &mut Edit,
    input: &ValueType,
    expect: &Expected,
    adapted: &mut Vec<String>,
) -> Result<String, ImportError> {
    let field = expect.columns.field(&input.name).expect("the caller found it");
    if let Kind::Tensor(shape) = &field.kind {
        return tensor(edit, input, (&field.name, shape), expect, adapted);
    }
    let dtypes: &[Dtype] = match field.kind {
        Kind::Number => &[Dtype::F32, Dtype::F64, Dtype::I64],
        Kind::Time => &[Dtype::F64, Dtype::I64],
        _ => &[Dtype::Str],
    };
    if !dtypes.contains(&input.dtype) {
        let why = format!("column `{}` is a {}, the model takes {input}", field.name, field.kind);
        return Err(refused(why, "export the model for the column's own kind, or change the plan's schema"));
    }
    let rank = input.shape.as_ref().map_or(2, Vec::len);
    pass(edit, input, &field.name, if rank == 1 { &[] } else { &[1] });
    Ok(field.name.clone())
}

/// Feeds a new input to the value that the file calls `input`.
fn pass(edit: &mut Edit, input: &ValueType, column: &str, row: &[usize]) {
    let inner = edit.inner(&input.name);
    edit.input(column, input.dtype, row);
    edit.node(Side::Before, ("", "Identity"), &[column], &inner, vec![]);
}

/// One matrix, joined from number columns.
fn matrix(
    edit: &mut Edit,
    input: &ValueType,
    expect: &Expected,
    adapted: &mut Vec<String>,
) -> Result<Vec<String>, ImportError> {
    let columns = features(expect)?;
    let listed = columns.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let rank = input.shape.as_ref().map_or(2, Vec::len);
    if rank != 2 || !matches!(input.dtype, Dtype::F32 | Dtype::F64 | Dtype::I64) {
        let why = format!("input `{}` is {input}, which no column of {} holds", input.name, names(expect));
        return Err(refused(why, "name the model's inputs like the table's columns when exporting it"));
    }
    if let Some(width) = width(input).filter(|&w| w != columns.len()) {
        let why = format!(
            "input `{}` takes {width} numbers a row, there are {} number columns: {listed}",
            input.name,
            columns.len()
        );
        return Err(refused(why, "list the model's columns in its own order (features)"));
    }
    let inner = edit.inner(&input.name);
    for column in &columns {
        edit.input(column, input.dtype, &[1]);
    }
    let parts: Vec<&str> = columns.iter().map(String::as_str).collect();
    edit.node(Side::Before, ("", "Concat"), &parts, &inner, vec![("axis", Attribute::Int(1))]);
    adapted.push(format!("input `{}` is joined from the columns {listed}, in this order", input.name));
    let texts = expect.columns.fields.iter().filter(|f| f.kind != Kind::Number);
    let unused: Vec<String> = texts.map(|f| format!("`{}`", f.name)).collect();
    if expect.told.features.is_none() && !unused.is_empty() {
        adapted.push(format!("the columns {} are not used, since they hold no numbers", unused.join(", ")));
    }
    Ok(columns)
}

/// The columns of the matrix: as told, or all that hold numbers.
fn features(expect: &Expected) -> Result<Vec<String>, ImportError> {
    let numbers = || expect.columns.fields.iter().filter(|f| f.kind == Kind::Number);
    let Some(told) = &expect.told.features else {
        return Ok(numbers().map(|f| f.name.clone()).collect());
    };
    for (i, name) in told.iter().enumerate() {
        let why = match told[..i].contains(name) {
            true => format!("`{name}` is listed twice"),
            false if numbers().any(|f| f.name == *name) => continue,
            false => format!("`{name}` is not a number column of {}", names(expect)),
        };
        return Err(refused(why, "list number columns of the training table, each once"));
    }
    Ok(told.clone())
}

/// Whether one input takes what the table's only tensor column holds.
fn is_image(input: &ValueType, expect: &Expected) -> bool {
    let tensors = expect.columns.fields.iter().filter(|f| matches!(f.kind, Kind::Tensor(_))).count();
    tensors == 1 && expect.told.features.is_none() && matches!(input.dtype, Dtype::F32 | Dtype::F64)
}

fn image(
    edit: &mut Edit,
    input: &ValueType,
    expect: &Expected,
    adapted: &mut Vec<String>,
) -> Result<String, ImportError> {
    let tensors = expect.columns.fields.iter().filter_map(|f| match &f.kind {
        Kind::Tensor(shape) => Some((f.name.as_str(), shape.as_slice())),
        _ => None,
    });
    let (name, shape) = { tensors }.next().expect("the caller counted one");
    if name != input.name {
        adapted.push(format!("input `{}` is fed from the column `{name}`", input.name));
    }
    tensor(edit, input, (name, shape), expect, adapted)
}

/// A tensor column in the shape and scale that the input takes.
fn tensor(
    edit: &mut Edit,
    input: &ValueType,
    (name, shape): (&str, &[usize]),
    expect: &Expected,
    adapted: &mut Vec<String>,
) -> Result<String, ImportError> {
    edit.input(name, Dtype::F32, shape);
    let mut value = name.to_string();
    if let Some(scale) = expect.told.divide {
        let by = edit.constant(&Tensor::new(vec![], Data::F32(vec![scale])).expect("a scalar"));
        value = edit.op(Side::Before, "Div", &[&value, &by], vec![]);
        adapted.push(format!("column `{name}` is divided by {scale}"));
    }
    value = arranged(edit, input, (name, shape), value, adapted)?;
    if input.dtype == Dtype::F64 {
        value = edit.op(Side::Before, "Cast", &[&value], vec![("to", Attribute::Int(11))]);
    }
    let inner = edit.inner(&input.name);
    edit.node(Side::Before, ("", "Identity"), &[&value], &inner, vec![]);
    Ok(name.into())
}

/// `[C, H, W]` as the input takes it: as it is, with channels last, or with the same numbers in another shape.
fn arranged(
    edit: &mut Edit,
    input: &ValueType,
    (name, shape): (&str, &[usize]),
    value: String,
    adapted: &mut Vec<String>,
) -> Result<String, ImportError> {
    let Some(wanted) = input.shape.as_ref().map(|s| &s[1.min(s.len())..]) else { return Ok(value) };
    let fits = |shape: &[usize]| {
        wanted.len() == shape.len() && wanted.iter().zip(shape).all(|(w, s)| w.is_none_or(|w| w == *s))
    };
    if fits(shape) {
        return Ok(value);
    }
    if let &[channels, height, width] = shape
        && channels > 1
        && fits(&[height, width, channels])
    {
        adapted.push(format!("column `{name}` is turned to channels last"));
        let perm = vec![("perm", Attribute::Ints(vec![0, 2, 3, 1]))];
        return Ok(edit.op(Side::Before, "Transpose", &[&value], perm));
    }
    let count: usize = shape.iter().product();
    let known: Option<Vec<i64>> = wanted.iter().map(|d| d.map(|d| d as i64)).collect();
    match known.filter(|_| width(input) == Some(count)) {
        Some(known) => {
            adapted.push(format!("column `{name}` of shape {shape:?} is fed as {known:?}"));
            let to: Vec<i64> = [-1].into_iter().chain(known).collect();
            let to = edit.constant(&Tensor::new(vec![to.len()], Data::I64(to)).expect("a list"));
            Ok(edit.op(Side::Before, "Reshape", &[&value, &to], vec![]))
        }
        None => {
            let why = format!("column `{name}` has shape {shape:?}, input `{}` is {input}", input.name);
            Err(refused(why, "give the plan the image shape that the model was trained on"))
        }
    }
}
