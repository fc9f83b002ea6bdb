//! A request's rows against the signature. Two findings, never mixed: rows that break the schema are the
//! caller's error and name column and row; rows that fit the schema but look unlike the training data are
//! answered, and flagged as out of domain.

use domain::{Column, Domain, Field, Kind, Schema, Table, Timestamp, Values};
use thiserror::Error;

/// A row is out of domain when more than this share of its checkable cells was not seen in training.
pub const UNSEEN_SHARE: f64 = 0.05;
/// At most this many cells of one row are named.
const NAMED_PER_ROW: usize = 3;

/// Rows that fit the schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The schema's columns, in its order and of its kinds, and behind them whatever else came along: it is
    /// logged with the row, and a version further down the chain may know what to do with it.
    pub rows: Table,
    /// The unseen cells of the rows that are out of domain, by row; a row without any is in domain.
    pub doubts: Vec<Doubt>,
}

/// A cell unlike anything seen in training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The row, from 0.
    pub row: usize,
    /// The column.
    pub column: String,
    /// What was found and what training saw.
    pub what: String,
}

/// Why rows do not fit the schema.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum InputError {
    /// Nothing to answer.
    #[error("the request has no rows; expected at least one")]
    NoRows,
    /// A column that is needed is not there.
    #[error("column `{column}` is missing: expected {expected}; the request has {found}")]
    Missing {
        /// The column.
        column: String,
        /// Its kind.
        expected: String,
        /// The columns that are there.
        found: String,
    },
    /// A column of another kind.
    #[error("column `{column}` holds {found}, expected {expected}")]
    Kind {
        /// The column.
        column: String,
        /// What it holds.
        found: String,
        /// What the signature says.
        expected: String,
    },
    /// A cell that cannot be read.
    #[error("row {row}, column `{column}`: found {found}, expected {expected}")]
    Cell {
        /// The column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// What it holds.
        found: String,
        /// What the signature says.
        expected: String,
    },
}

/// Fits the rows to the schema. Text is read as a time where the schema wants one; columns that the
/// schema does not name are left as they are.
pub fn conform(rows: Table, schema: &Schema) -> Result<Checked, InputError> {
    let count = rows.rows();
    if count == 0 {
        return Err(InputError::NoRows);
    }
    let names: Vec<String> = rows.columns().iter().map(|c| format!("`{}`", c.name)).collect();
    let mut given = rows.into_columns();
    let mut columns = Vec::with_capacity(given.len());
    for field in &schema.fields {
        let place = given.iter().position(|c| c.name == field.name);
        let place = place.ok_or_else(|| missing(field, &names))?;
        columns.push(fit(given.remove(place), field)?);
    }
    columns.append(&mut given);
    let rows = Table::new(columns).expect("the columns were equally long and differently named before");
    let doubts = doubts(&rows, schema);
    Ok(Checked { rows, doubts })
}

fn missing(field: &Field, names: &[String]) -> InputError {
    let found = if names.is_empty() { "no columns".into() } else { names.join(", ") };
    InputError::Missing { column: field.name.clone(), expected: field.kind.to_string(), found }
}

fn fit(column: Column, field: &Field) -> Result<Column, InputError> {
    let Column { name, values } = column;
    let values = match (values, &field.kind) {
        (Values::Text(cells), Kind::Time) => Values::Time(times(&name, &cells)?),
        (values, expected) if values.kind() == *expected => values,
        (values, expected) => {
            let (found, expected) = (values.kind().to_string(), expected.to_string());
            return Err(InputError::Kind { column: name, found, expected });
        }
    };
    refuse_infinite(&name, &values)?;
    Ok(Column { name, values })
}

fn times(column: &str, cells: &[Option<String>]) -> Result<Vec<Option<Timestamp>>, InputError> {
    let read = |(row, cell): (usize, &Option<String>)| match cell {
        None => Ok(None),
        Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| InputError::Cell {
            column: column.to_owned(),
            row,
            found: format!("`{text}`"),
            expected: "a time such as 2026-11-24T13:30:00Z".into(),
        }),
    };
    cells.iter().enumerate().map(read).collect()
}

fn refuse_infinite(column: &str, values: &Values) -> Result<(), InputError> {
    let (place, width) = match values {
        Values::Number(cells) => (cells.iter().position(|x| x.is_infinite()), 1),
        Values::Tensor { shape, data } => (data.iter().position(|x| x.is_infinite()), shape.iter().product()),
        Values::Text(_) | Values::Time(_) => (None, 1),
    };
    match place {
        None => Ok(()),
        Some(place) => Err(InputError::Cell {
            column: column.to_owned(),
            row: place / width.max(1),
            found: "an infinite number".into(),
            expected: "a finite number, or none if it is missing".into(),
        }),
    }
}

fn doubts(rows: &Table, schema: &Schema) -> Vec<Doubt> {
    let mut found = Vec::new();
    for (column, field) in rows.columns().iter().zip(&schema.fields) {
        unseen(column, field, &mut found);
    }
    if found.is_empty() {
        return found;
    }
    let checkable = schema.fields.iter().filter(|f| f.domain != Domain::Any || !f.nullable).count();
    let mut count = vec![0_usize; rows.rows()];
    found.iter().for_each(|doubt| count[doubt.row] += 1);
    found.retain(|doubt| count[doubt.row] as f64 > UNSEEN_SHARE * checkable as f64);
    found.sort_by_key(|doubt| doubt.row);
    let mut named = vec![0_usize; rows.rows()];
    found.retain(|doubt| {
        named[doubt.row] += 1;
        named[doubt.row] <= NAMED_PER_ROW
    });
    found
}

fn unseen(column: &Column, field: &Field, found: &mut Vec<Doubt>) {
    let mut doubt = |row: usize, what: String| found.push(Doubt { row, column: field.name.clone(), what });
    match (&column.values, &field.domain) {
        (Values::Number(cells), domain) => {
            for (row, x) in cells.iter().enumerate() {
                match domain {
                    _ if x.is_nan() => refuse_missing(row, field, &mut doubt),
                    Domain::Range { min, max } if x < min || x > max => {
                        doubt(row, format!("{x} is outside {min} to {max}, the range seen in training"));
                    }
                    _ => {}
                }
            }
        }
        (Values::Text(cells), domain) => {
            for (row, cell) in cells.iter().enumerate() {
                match (cell, domain) {
                    (None, _) => refuse_missing(row, field, &mut doubt),
                    (Some(text), Domain::Categories(known)) if known.binary_search(text).is_err() => {
                        doubt(row, format!("`{text}` was not seen in training"));
                    }
                    _ => {}
                }
            }
        }
        (Values::Time(cells), _) => {
            let missing = cells.iter().enumerate().filter(|(_, cell)| cell.is_none());
            missing.for_each(|(row, _)| refuse_missing(row, field, &mut doubt));
        }
        (Values::Tensor { .. }, _) => {}
    }
}

fn refuse_missing(row: usize, field: &Field, doubt: &mut impl FnMut(usize, String)) {
    if !field.nullable {
        doubt(row, "is missing, which training never saw".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let field = |name: &str, kind, domain| Field { name: name.into(), kind, nullable: false, domain };
        let jobs = Domain::Categories(vec!["clerk".into(), "nurse".into()]);
        Schema {
            fields: vec![
                field("age", Kind::Number, Domain::Range { min: 18.0, max: 90.0 }),
                field("job", Kind::Text, jobs),
                field("day", Kind::Time, Domain::Any),
            ],
        }
    }

    fn rows(age: &[f64], job: &[&str], day: &[&str]) -> Table {
        let text = |cells: &[&str]| Values::Text(cells.iter().map(|c| Some((*c).to_owned())).collect());
        let column = |name: &str, values| Column { name: name.into(), values };
        let columns = vec![
            column("day", text(day)),
            column("job", text(job)),
            column("age", Values::Number(age.to_vec())),
        ];
        Table::new(columns).expect("equally long")
    }

    fn error(rows: Table) -> String {
        conform(rows, &schema()).expect_err("does not fit").to_string()
    }

    #[test]
    fn rows_come_out_in_the_schemas_order_with_times_read() {
        let checked = conform(rows(&[41.0], &["clerk"], &["1970-01-02"]), &schema()).expect("fits");
        let names: Vec<&str> = checked.rows.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["age", "job", "day"]);
        assert_eq!(checked.rows.columns()[2].values, Values::Time(vec![Some(Timestamp(domain::time::DAY))]));
        assert_eq!(checked.doubts, []);
    }

    #[test]
    fn other_columns_come_along_behind_the_schemas() {
        let mut columns = rows(&[41.0], &["clerk"], &["1970-01-02"]).into_columns();
        columns.insert(0, Column { name: "customer".into(), values: Values::Text(vec![Some("c7".into())]) });
        let checked = conform(Table::new(columns).expect("one row"), &schema()).expect("fits");
        assert_eq!(checked.rows.columns()[3].name, "customer");
    }

    #[test]
    fn what_breaks_the_schema_is_named() {
        let good = || rows(&[41.0, 42.0], &["clerk", "nurse"], &["1970-01-02", "1970-01-03"]);
        assert_eq!(
            error(good().select(|name| name != "age")),
            "column `age` is missing: expected number; the request has `day`, `job`"
        );
        let swapped = Table::new(vec![Column { name: "age".into(), values: Values::Text(vec![None]) }]);
        assert_eq!(error(swapped.expect("one column")), "column `age` holds text, expected number");
        assert_eq!(
            error(rows(&[41.0, 42.0], &["clerk", "nurse"], &["1970-01-02", "soon"])),
            "row 1, column `day`: found `soon`, expected a time such as 2026-11-24T13:30:00Z"
        );
        assert_eq!(
            error(rows(&[f64::INFINITY], &["clerk"], &["1970-01-02"])),
            "row 0, column `age`: found an infinite number, expected a finite number, or none if it is missing"
        );
        assert_eq!(error(rows(&[], &[], &[])), "the request has no rows; expected at least one");
    }

    #[test]
    fn a_tensor_must_have_the_trained_shape() {
        let field =
            Field { name: "x".into(), kind: Kind::Tensor(vec![2]), nullable: false, domain: Domain::Any };
        let values = Values::Tensor { shape: vec![3], data: vec![0.0; 3] };
        let table = Table::new(vec![Column { name: "x".into(), values }]).expect("one column");
        let error = conform(table, &Schema { fields: vec![field] }).expect_err("three are not two");
        assert_eq!(error.to_string(), "column `x` holds tensor[3], expected tensor[2]");
    }

    #[test]
    fn unlike_rows_are_answered_and_flagged() {
        let odd = rows(&[41.0, 12.0, f64::NAN], &["clerk", "astronaut", "nurse"], &["1970-01-02"; 3]);
        let checked = conform(odd, &schema()).expect("fits the schema");
        let said: Vec<String> =
            checked.doubts.iter().map(|d| format!("{} {} {}", d.row, d.column, d.what)).collect();
        assert_eq!(
            said,
            [
                "1 age 12 is outside 18 to 90, the range seen in training",
                "1 job `astronaut` was not seen in training",
                "2 age is missing, which training never saw",
            ]
        );
    }

    #[test]
    fn one_odd_cell_in_twenty_is_not_out_of_domain_and_two_are() {
        let domain = || Domain::Range { min: 0.0, max: 1.0 };
        let field =
            |i: usize| Field { name: format!("x{i}"), kind: Kind::Number, nullable: true, domain: domain() };
        let schema = Schema { fields: (0..20).map(field).collect() };
        let with_odd = |odd: usize| {
            let cell = |i: usize| if i < odd { 7.0 } else { 0.5 };
            let column = |i: usize| Column { name: format!("x{i}"), values: Values::Number(vec![cell(i)]) };
            let table = Table::new((0..20).map(column).collect()).expect("one row each");
            conform(table, &schema).expect("fits").doubts.len()
        };
        assert_eq!((with_odd(1), with_odd(2), with_odd(9)), (0, 2, NAMED_PER_ROW));
    }
}
