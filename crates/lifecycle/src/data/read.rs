//! The plan's files, read as the plan says: pictures brought to one size, ids and codes taken for names.

use super::target::number_name;
use crate::StageError;
use domain::plan::Shape;
use domain::{Column, Field, Plan, Schema, Table, Values};
use std::path::Path;
use store::files::{ReadError, ReadOptions, read_table};
use store::image::ImageShape;

/// Reads one of the plan's files.
pub fn read(plan: &Plan, path: &Path) -> Result<Table, StageError> {
    let options = ReadOptions { image: image(plan), ..ReadOptions::default() };
    Ok(with_names(plan, read_table(path, &options).map_err(|error| absent(plan, error))?))
}

/// Reads a file of rows for a model: in the kinds that it takes, and an error where it lacks a column of them.
pub fn read_for(plan: &Plan, path: &Path, inputs: &Schema) -> Result<Table, StageError> {
    let named = |field: &&Field| plan.data.categories.contains(&field.name);
    let (names, others): (Vec<&Field>, Vec<&Field>) = inputs.fields.iter().partition(named);
    // a column of codes may be read as numbers, and becomes names afterwards
    let schema = Some(Schema { fields: others.into_iter().cloned().collect() });
    let options = ReadOptions { schema, image: image(plan), ..ReadOptions::default() };
    let table = with_names(plan, read_table(path, &options)?);
    match names.into_iter().find(|field| table.column(&field.name).is_none()) {
        None => Ok(table),
        Some(field) => {
            let known: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
            let (path, column, known) = (path.into(), field.name.clone(), known.join(", "));
            Err(StageError::Read(ReadError::NoColumn { path, column, known }))
        }
    }
}

fn image(plan: &Plan) -> Option<ImageShape> {
    plan.data.image.map(|Shape { channels, height, width }| ImageShape { channels, height, width })
}

fn with_names(plan: &Plan, table: Table) -> Table {
    if plan.data.categories.is_empty() {
        return table;
    }
    let named = |column: &Column| plan.data.categories.contains(&column.name);
    let columns = table.into_columns().into_iter().map(|c| if named(&c) { as_names(c) } else { c });
    Table::new(columns.collect()).expect("it was a table before")
}

/// A file that is not there is told together with where it comes from.
fn absent(plan: &Plan, error: ReadError) -> StageError {
    match (error, &plan.data.provenance) {
        (ReadError::NoFile { path }, Some(provenance)) => {
            let found = "the data of this plan is not there";
            StageError::data(&path.display().to_string(), found, format!("put it in place: {provenance}"))
        }
        (error, _) => StageError::Read(error),
    }
}

fn as_names(column: Column) -> Column {
    let values = match column.values {
        Values::Number(cells) => {
            let name = |x: f64| (!x.is_nan()).then(|| number_name(x));
            Values::Text(cells.into_iter().map(name).collect())
        }
        other => other,
    };
    Column { name: column.name, values }
}
