//! Named columns as JSON: `{"rows": [{"age": 41}]}` or `{"columns": {"age": [41]}}`. A picture is `{"b64": "..."}`, a PNG
//! or JPEG file in base64, or its numbers.
//!
//! The schema says how a cell is read, so that every message names the row, the column, what was found
//! and what was expected. Columns that it does not name come along with the row, to be logged with it, and for
//! versions that know what to do with them.
//! Invariant: a missing cell is written `null`; a key of the schema that is left out is an error.

use super::picture::{self, Pictures};
use domain::{Column, Field, Kind, Schema, Table, Values};
use serde::Deserialize;
use serde_json::{Map, Value};
use serving::validate::InputError;

/// The body of `POST /v1/models/{name}:predict`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// One object a row.
    #[serde(default)]
    pub rows: Option<Vec<Map<String, Value>>>,
    /// One array a column.
    #[serde(default)]
    pub columns: Option<Map<String, Value>>,
    /// Who each row is about.
    #[serde(default)]
    pub units: Vec<Option<String>>,
    /// The version asked for.
    #[serde(default)]
    pub version: Option<String>,
}

/// How another version reads a column of this name, if one does.
pub type Also<'a> = dyn Fn(&str) -> Option<&'a Field> + 'a;

/// The schema's columns and then the others, out of rows.
pub fn from_rows(rows: &[Map<String, Value>], schema: &Schema, also: &Also<'_>) -> Result<Table, InputError> {
    let Some(first) = rows.first() else { return Err(InputError::NoRows) };
    let mut columns = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        if rows.iter().all(|row| !row.contains_key(&field.name)) {
            return Err(missing(field, first.keys()));
        }
        let cells = rows.iter().map(|row| row.get(&field.name));
        columns.push(column(field, cells)?);
    }
    let mut others: Vec<&String> = Vec::new();
    for name in rows.iter().flat_map(|row| row.keys()).filter(|name| schema.field(name).is_none()) {
        if !others.contains(&name) {
            others.push(name);
        }
    }
    let cells = |name: &String| rows.iter().map(|row| row.get(name)).collect::<Vec<_>>();
    let other = |name: &String| other(name, &cells(name), also(name));
    columns.extend(others.into_iter().map(other));
    Ok(table(columns))
}

/// The schema's columns and then the others, out of arrays.
pub fn from_columns(
    given: &Map<String, Value>,
    schema: &Schema,
    also: &Also<'_>,
) -> Result<Table, InputError> {
    let mut columns: Vec<Column> = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        let cells = match given.get(&field.name) {
            Some(Value::Array(cells)) => cells,
            Some(other) => return Err(kind(field, describe(other), "an array of cells")),
            None => return Err(missing(field, given.keys())),
        };
        let column = column(field, cells.iter().map(Some))?;
        if let Some(first) = columns.first().filter(|first| first.values.len() != cells.len()) {
            let expected = format!("{} like column `{}`", first.values.len(), first.name);
            return Err(kind(field, format!("{} rows", cells.len()), &expected));
        }
        columns.push(column);
    }
    let rows = columns.first().map(|first| first.values.len());
    for (name, cells) in given.iter().filter(|(name, _)| schema.field(name).is_none()) {
        let cells: Vec<Option<&Value>> = cells.as_array().into_iter().flatten().map(Some).collect();
        if rows.is_some_and(|rows| rows != cells.len()) {
            let expected = format!("an array of {} cells like the others", rows.unwrap_or_default());
            let (column, found) = (name.clone(), format!("{} cells", cells.len()));
            return Err(InputError::Kind { column, found, expected });
        }
        columns.push(other(name, &cells, also(name)));
    }
    Ok(table(columns))
}

fn table(columns: Vec<Column>) -> Table {
    Table::new(columns).expect("a JSON object names each column once, and they were read equally long")
}

/// A column that the schema does not name: as another version reads it, or else numbers, or else text, or else the JSON
/// that came.
fn other(name: &str, cells: &[Option<&Value>], field: Option<&Field>) -> Column {
    let cells = || cells.iter().map(|cell| cell.unwrap_or(&Value::Null));
    if let Some(column) = field.and_then(|field| column(field, cells().map(Some)).ok()) {
        return column;
    }
    let values = match cells().map(exact).collect::<Option<Vec<f64>>>() {
        Some(numbers) => Values::Number(numbers),
        None => {
            Values::Text(cells().map(|cell| text(cell).unwrap_or_else(|| Some(cell.to_string()))).collect())
        }
    };
    Column { name: name.to_owned(), values }
}

fn column<'a>(field: &Field, cells: impl Iterator<Item = Option<&'a Value>>) -> Result<Column, InputError> {
    let cells = cells.enumerate();
    let values = match &field.kind {
        Kind::Number => Values::Number(each(field, cells, number)?),
        // text is read as a time behind the wire, where other protocols need it too
        Kind::Text | Kind::Time => Values::Text(each(field, cells, text)?),
        Kind::Tensor(shape) => Values::Tensor { shape: shape.clone(), data: blocks(field, shape, cells)? },
    };
    Ok(Column { name: field.name.clone(), values })
}

fn each<'a, T>(
    field: &Field,
    cells: impl Iterator<Item = (usize, Option<&'a Value>)>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, InputError> {
    let cell =
        |(row, cell): (usize, Option<&Value>)| cell.and_then(&read).ok_or_else(|| unread(field, row, cell));
    cells.map(cell).collect()
}

/// Blocks of numbers, or pictures that are decoded to them.
fn blocks<'a>(
    field: &Field,
    shape: &[usize],
    cells: impl Iterator<Item = (usize, Option<&'a Value>)>,
) -> Result<Vec<f32>, InputError> {
    let width = shape.iter().product();
    let Some(picture) = picture::shape(&field.kind) else {
        return Ok(each(field, cells, |cell| block(cell, width))?.concat());
    };
    let mut pictures = Pictures::new(picture);
    for (row, cell) in cells {
        match cell.and_then(|cell| cell.as_object()?.get("b64")?.as_str()) {
            Some(text) => pictures.read_base64(text).map_err(|odd| {
                let (column, found, expected) = (field.name.clone(), odd.found, odd.expected);
                InputError::Cell { column, row, found, expected }
            })?,
            None => {
                let block = cell.and_then(|cell| block(cell, width));
                pictures.numbers.extend(block.ok_or_else(|| unread(field, row, cell))?);
            }
        }
    }
    Ok(pictures.numbers)
}

fn unread(field: &Field, row: usize, cell: Option<&Value>) -> InputError {
    let found = cell.map_or_else(|| "nothing".into(), describe);
    InputError::Cell { column: field.name.clone(), row, found, expected: expected(&field.kind) }
}

fn number(cell: &Value) -> Option<f64> {
    match cell {
        Value::Null => Some(f64::NAN),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        other => other.as_f64(),
    }
}

/// A number that a float can hold; others, such as the longest ids, are better kept as they are written.
fn exact(cell: &Value) -> Option<f64> {
    const LARGEST: u64 = 1 << 53;
    let whole = cell.as_i64().map(i64::unsigned_abs).or_else(|| cell.as_u64());
    number(cell).filter(|_| whole.is_none_or(|whole| whole <= LARGEST))
}

fn text(cell: &Value) -> Option<Option<String>> {
    match cell {
        Value::Null => Some(None),
        Value::Bool(yes) => Some(Some(yes.to_string())),
        // an id or a code that the plan takes for a name
        Value::Number(whole) if !whole.is_f64() => Some(Some(whole.to_string())),
        Value::Number(_) => exact(cell).filter(|x| x.fract() == 0.0).map(|x| Some(format!("{x}"))),
        other => other.as_str().map(|text| Some(text.to_owned())),
    }
}

/// A block of `width` numbers, flat or nested.
fn block(cell: &Value, width: usize) -> Option<Vec<f32>> {
    let mut numbers = Vec::with_capacity(width);
    flatten(cell, &mut numbers)?;
    (numbers.len() == width).then_some(numbers)
}

fn flatten(cell: &Value, into: &mut Vec<f32>) -> Option<()> {
    match cell {
        Value::Array(cells) => cells.iter().try_for_each(|cell| flatten(cell, into)),
        other => {
            into.push(number(other)? as f32);
            Some(())
        }
    }
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Number => "a number, or null if it is missing".into(),
        Kind::Text => "text, or null if it is missing".into(),
        Kind::Time => "a time such as \"2026-11-24T13:30:00Z\", or null if it is missing".into(),
        Kind::Tensor(shape) => {
            let numbers = format!("an array of {} numbers", shape.iter().product::<usize>());
            let picture = || format!("{numbers}, or {{\"b64\": \"...\"}} with a PNG or JPEG picture");
            picture::shape(kind).map_or_else(|| numbers.clone(), |_| picture())
        }
    }
}

fn describe(cell: &Value) -> String {
    const LONGEST: usize = 40;
    match cell {
        Value::Array(cells) => format!("an array of {} cells", cells.len()),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.chars().count() > LONGEST => {
            format!("\"{}...\"", text.chars().take(LONGEST).collect::<String>())
        }
        other => other.to_string(),
    }
}

fn missing<'a>(field: &Field, names: impl Iterator<Item = &'a String>) -> InputError {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let found = if names.is_empty() { "no columns".into() } else { names.join(", ") };
    InputError::Missing { column: field.name.clone(), expected: field.kind.to_string(), found }
}

fn kind(field: &Field, found: String, expected: &str) -> InputError {
    InputError::Kind { column: field.name.clone(), found, expected: expected.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Domain;
    use serde_json::json;

    fn schema() -> Schema {
        let field = |name: &str, kind| Field { name: name.into(), kind, nullable: true, domain: Domain::Any };
        Schema {
            fields: vec![
                field("age", Kind::Number),
                field("job", Kind::Text),
                field("x", Kind::Tensor(vec![1, 2])),
            ],
        }
    }

    fn rows(body: Value) -> Result<Table, InputError> {
        let body: Body = serde_json::from_value(json!({ "rows": body })).expect("a body");
        from_rows(&body.rows.expect("rows"), &schema(), &|_| None)
    }

    fn columns(body: Value) -> Result<Table, InputError> {
        from_columns(body.as_object().expect("an object"), &schema(), &|_| None)
    }

    #[test]
    fn rows_and_columns_give_the_same_table() {
        let by_row = rows(json!([
            {"job": "nurse", "age": 41, "x": [1, 2], "shoe": 43},
            {"job": null, "age": true, "x": [[3, null]]},
        ]));
        let by_row = by_row.expect("fits");
        assert_eq!(by_row.column("age").map(|c| c.values.clone()), Some(Values::Number(vec![41.0, 1.0])));
        let by_column = columns(json!({"age": [41, 1], "job": ["nurse", null], "x": [[1, 2], [3, null]]}));
        let by_column = by_column.expect("fits");
        assert_eq!(by_column.column("job"), by_row.column("job"));
        assert_eq!(by_column.column("x").map(|c| c.values.missing()), Some(1));
    }

    #[test]
    fn other_columns_come_along() {
        let table = rows(json!([
            {"age": 1, "job": "a", "x": [1, 2], "customer": "c7"},
            {"age": 1, "job": "a", "x": [1, 2], "shoe": 43},
        ]));
        let table = table.expect("fits");
        let values = |name: &str| table.column(name).map(|c| c.values.clone());
        assert_eq!(values("customer"), Some(Values::Text(vec![Some("c7".into()), None])));
        assert!(matches!(values("shoe"), Some(Values::Number(cells)) if cells[1] == 43.0));
    }

    #[test]
    fn a_column_that_another_version_names_is_read_as_that_reads_it() {
        let mut wider = schema();
        let field = |name: &str, kind| Field { name: name.into(), kind, nullable: true, domain: Domain::Any };
        wider.fields.extend([field("image", Kind::Tensor(vec![2])), field("zip", Kind::Text)]);
        let row = |image: Value| json!({"age": 1, "job": "a", "x": [1, 2], "image": image, "zip": null});
        let read = |rows: Vec<Value>| {
            let body: Body = serde_json::from_value(json!({ "rows": rows })).expect("a body");
            from_rows(&body.rows.expect("rows"), &schema(), &|name| wider.field(name)).expect("fits")
        };
        let kinds = |table: &Table| ["image", "zip"].map(|name| table.column(name).map(|c| c.values.kind()));
        let tensor = Some(Kind::Tensor(vec![2]));
        assert_eq!(kinds(&read(vec![row(json!([[1], [2]]))])), [tensor, Some(Kind::Text)]);
        // what that version cannot read is no error: the request is not meant for it
        assert_eq!(kinds(&read(vec![row(json!([1]))]))[0], Some(Kind::Text));
    }

    #[test]
    fn whole_numbers_can_be_names() {
        let job = |job: Value| rows(json!([{"age": 1, "job": job, "x": [1, 2]}]));
        let read = |cell| job(cell).map(|table| table.column("job").map(|c| c.values.clone()));
        let name = |text: &str| Ok(Some(Values::Text(vec![Some(text.to_string())])));
        assert_eq!(read(json!(259)), name("259"));
        assert_eq!(read(json!(259.0)), name("259"), "as a table of floats writes it");
        assert_eq!(read(json!(1_234_567_890_123_456_789_u64)), name("1234567890123456789"));
        assert!(job(json!(0.5)).is_err(), "a measure is no name");
    }

    #[test]
    fn ids_longer_than_a_float_holds_are_kept_as_they_are_written() {
        let id = |id: u64| json!({"age": 1, "job": "a", "x": [1, 2], "customer": id});
        let table = rows(json!([id(1), id(1_234_567_890_123_456_789)])).expect("fits");
        let texts = ["1", "1234567890123456789"].map(|text| Some(text.to_string())).to_vec();
        assert_eq!(table.column("customer").map(|c| c.values.clone()), Some(Values::Text(texts)));
    }

    #[test]
    fn a_picture_comes_encoded_or_as_its_numbers() {
        let field = Field {
            name: "image".into(),
            kind: Kind::Tensor(vec![1, 1, 2]),
            nullable: false,
            domain: Domain::Any,
        };
        let schema = Schema { fields: vec![field] };
        let read = |cells: Value| {
            from_columns(json!({ "image": cells }).as_object().expect("an object"), &schema, &|_| None)
        };
        // two grey pixels of 7 and 250, written by Python's zlib
        let png =
            "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR4nGNg/wUAAQsBAsdd+yMAAAAASUVORK5CYII=";
        let table = read(json!([{ "b64": png }, [[[1, 2]]]])).expect("both");
        let expected = Values::Tensor { shape: vec![1, 1, 2], data: vec![7.0, 250.0, 1.0, 2.0] };
        assert_eq!(table.column("image").map(|c| c.values.clone()), Some(expected));
        let said = |cell: Value| read(json!([[1, 2], cell])).expect_err("no picture").to_string();
        assert_eq!(
            said(json!({"b64": "R0lGODlh"})),
            "row 1, column `image`: found a GIF, expected a PNG or JPEG picture"
        );
        assert_eq!(
            said(json!({"png": 1})),
            "row 1, column `image`: found an object, expected an array of 2 numbers, \
             or {\"b64\": \"...\"} with a PNG or JPEG picture"
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let said = |result: Result<Table, InputError>| result.expect_err("does not fit").to_string();
        assert_eq!(
            said(rows(json!([{"age": 1, "job": "a", "x": [1, 2]}, {"age": "old", "job": "a", "x": [1, 2]}]))),
            "row 1, column `age`: found \"old\", expected a number, or null if it is missing"
        );
        assert_eq!(
            said(rows(json!([{"age": 1, "job": "a", "x": [1, 2]}, {"age": 1, "x": [1, 2]}]))),
            "row 1, column `job`: found nothing, expected text, or null if it is missing"
        );
        assert_eq!(
            said(rows(json!([{"age": 1, "job": "a", "x": [1, 2, 3]}]))),
            "row 0, column `x`: found an array of 3 cells, expected an array of 2 numbers"
        );
        assert_eq!(
            said(rows(json!([{"agee": 1, "job": "a"}]))),
            "column `age` is missing: expected number; the request has `agee`, `job`"
        );
        assert_eq!(said(rows(json!([]))), "the request has no rows; expected at least one");
        assert_eq!(
            said(columns(json!({"age": [1, 2], "job": ["a"]}))),
            "column `job` holds 1 rows, expected 2 like column `age`"
        );
        assert_eq!(said(columns(json!({"age": 1}))), "column `age` holds 1, expected an array of cells");
    }
}
