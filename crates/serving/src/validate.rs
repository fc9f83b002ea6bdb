//! A request's rows against a signature: the columns that it names, of the kinds that it says.
//!
//! Rows that break the schema of the version that they are meant for are the caller's error, and the message names
//! column and row. Whether rows look like the training data is another question, and asked in `doubt`.

use domain::{Column, Field, Kind, Schema, Table, Timestamp, Values};
use std::sync::Arc;
use thiserror::Error;

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

/// Fits the rows to the schema: its columns first, in its order and of its kinds, and behind them whatever else came
/// along, since it is logged with the row, and another version may know what to do with it. Text is read as a time
/// where the schema wants one.
pub fn conform(rows: Table, schema: &Schema) -> Result<Table, InputError> {
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
    Ok(Table::new(columns).expect("the columns were equally long and differently named before"))
}

/// The same for another version's schema than the one that the rows were fitted to. They are copied only where a
/// column has to be read anew.
pub(crate) fn conform_again(rows: &Arc<Table>, schema: &Schema) -> Result<Arc<Table>, InputError> {
    let place = |(i, field): (usize, &Field)| column(rows, i, &field.name);
    let mut columns = schema.fields.iter().enumerate().map(|pair| (place(pair), &pair.1.kind));
    if columns.all(|(column, kind)| column.is_some_and(|c| c.values.kind() == *kind)) {
        return Ok(Arc::clone(rows));
    }
    conform(Table::clone(rows), schema).map(Arc::new)
}

/// The column of a name, which mostly stands at the place where the schema has it.
pub(crate) fn column<'a>(rows: &'a Table, place: usize, name: &str) -> Option<&'a Column> {
    rows.columns().get(place).filter(|column| column.name == name).or_else(|| rows.column(name))
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
        // a column that came along without a cell to tell its kind by
        (Values::Number(cells), Kind::Text) if all_missing(&cells) => Values::Text(vec![None; cells.len()]),
        (Values::Number(cells), Kind::Time) if all_missing(&cells) => Values::Time(vec![None; cells.len()]),
        (values, expected) => {
            let (found, expected) = (values.kind().to_string(), expected.to_string());
            return Err(InputError::Kind { column: name, found, expected });
        }
    };
    refuse_infinite(&name, &values)?;
    Ok(Column { name, values })
}

fn all_missing(cells: &[f64]) -> bool {
    cells.iter().all(|cell| cell.is_nan())
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Domain;

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
        let fitted = conform(rows(&[41.0], &["clerk"], &["1970-01-02"]), &schema()).expect("fits");
        let names: Vec<&str> = fitted.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["age", "job", "day"]);
        assert_eq!(fitted.columns()[2].values, Values::Time(vec![Some(Timestamp(domain::time::DAY))]));
    }

    #[test]
    fn other_columns_come_along_behind_the_schemas() {
        let mut columns = rows(&[41.0], &["clerk"], &["1970-01-02"]).into_columns();
        columns.insert(0, Column { name: "customer".into(), values: Values::Text(vec![Some("c7".into())]) });
        let fitted = conform(Table::new(columns).expect("one row"), &schema()).expect("fits");
        assert_eq!(fitted.columns()[3].name, "customer");
    }

    #[test]
    fn another_versions_schema_reads_what_came_along() {
        let mut first = schema();
        first.fields.retain(|field| field.name == "age");
        let fitted = conform(rows(&[41.0], &["clerk"], &["1970-01-02"]), &first).expect("fits");
        let fitted = Arc::new(fitted);
        assert!(Arc::ptr_eq(&conform_again(&fitted, &first).expect("fits"), &fitted), "nothing to read anew");
        let again = conform_again(&fitted, &schema()).expect("the day is text that tells a time");
        assert_eq!(again.column("day").map(|c| c.values.kind()), Some(Kind::Time));
        let bare = Arc::new(fitted.select(|name| name == "age"));
        assert!(matches!(conform_again(&bare, &schema()), Err(InputError::Missing { .. })));
    }

    #[test]
    fn a_column_without_a_single_cell_is_of_any_kind() {
        let missing = |name: &str| Column { name: name.into(), values: Values::Number(vec![f64::NAN]) };
        let table = Table::new(["age", "job", "day"].map(missing).to_vec()).expect("one row");
        let fitted = conform(table, &schema()).expect("nothing speaks against it");
        assert_eq!(fitted.columns()[1].values, Values::Text(vec![None]));
        assert_eq!(fitted.columns()[2].values, Values::Time(vec![None]));
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
}
