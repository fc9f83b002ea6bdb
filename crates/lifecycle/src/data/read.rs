//! The plan's files, read as the plan says: pictures brought to one size, ids and codes taken for names.

use super::target::number_name;
use crate::StageError;
use domain::plan::Shape;
use domain::{Column, Plan, Table, Values};
use std::path::Path;
use store::files::{ReadError, ReadOptions, read_table};
use store::image::ImageShape;

/// Reads one of the plan's files.
pub fn read(plan: &Plan, path: &Path) -> Result<Table, StageError> {
    let image =
        plan.data.image.map(|Shape { channels, height, width }| ImageShape { channels, height, width });
    let options = ReadOptions { image, ..ReadOptions::default() };
    let table = read_table(path, &options).map_err(|error| absent(plan, error))?;
    if plan.data.categories.is_empty() {
        return Ok(table);
    }
    let named = |column: &Column| plan.data.categories.contains(&column.name);
    let columns = table.into_columns().into_iter().map(|c| if named(&c) { as_names(c) } else { c });
    Ok(Table::new(columns.collect()).expect("it was a table before"))
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
