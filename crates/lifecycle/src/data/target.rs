//! What is to be predicted, read off the target column.

use super::{inputs, times};
use crate::StageError;
use domain::{Column, Examples, Plan, Table, Target, Task, Values};
use std::collections::BTreeSet;

/// The most classes that a classification may have: beyond, the target is most likely not one.
const MOST_CLASSES: usize = 1_000;

/// The rows that have a label, with their inputs. Unlabelled rows are left out and noted.
pub fn labelled(
    plan: &Plan,
    table: &Table,
    file: &str,
    notes: &mut Vec<String>,
) -> Result<Examples, StageError> {
    let labels = column(table, &plan.data.target, file)?;
    let (rows, bare): (Vec<usize>, Vec<usize>) =
        (0..table.rows()).partition(|&r| !missing(&labels.values, r));
    if !bare.is_empty() {
        notes.push(format!("{} rows without `{}` are left out", bare.len(), plan.data.target));
    }
    let table = table.take(&rows);
    let target = target_of(plan, &table, file)?;
    let time = plan.data.time.as_ref();
    let at = time.map(|name| times(column(&table, name, file)?, file)).transpose()?;
    let entity = plan.data.entity.as_ref().map(|name| names(&table, name, file)).transpose()?;
    let entity = entity.map(|names| names.iter().map(|n| store::digest::hash64(n)).collect());
    Ok(Examples { rows: inputs(plan, &table), target, weight: None, at, entity })
}

/// The target of every row; each must have one.
pub fn target_of(plan: &Plan, table: &Table, file: &str) -> Result<Target, StageError> {
    match plan.task {
        Task::Classification => classes(table, &plan.data.target, file),
        Task::Regression | Task::Forecasting => {
            let values = numbers(table, &plan.data.target, file)?;
            let first = values.first().copied().unwrap_or(f64::NAN);
            if values.iter().all(|v| *v == first) {
                let found = format!("column {} is {first} in all {} rows", plan.data.target, values.len());
                return Err(StageError::data(file, found, "a constant needs no model; check data.target"));
            }
            Ok(Target::Number(values))
        }
    }
}

/// The column of this name.
pub fn column<'a>(table: &'a Table, name: &str, file: &str) -> Result<&'a Column, StageError> {
    let missing = || StageError::data(file, format!("no column `{name}`"), "check the plan's [data] section");
    table.column(name).ok_or_else(missing)
}

/// A column's cells as text; a missing one is empty.
pub fn names(table: &Table, name: &str, file: &str) -> Result<Vec<String>, StageError> {
    Ok(match &column(table, name, file)?.values {
        Values::Text(v) => v.iter().map(|t| t.clone().unwrap_or_default()).collect(),
        Values::Number(v) => v.iter().map(|x| number_name(*x)).collect(),
        Values::Time(v) => v.iter().map(|t| t.map(|t| t.to_string()).unwrap_or_default()).collect(),
        Values::Tensor { shape, .. } => {
            let found = format!("column {name} holds tensors of shape {shape:?}, expected text or numbers");
            return Err(StageError::data(file, found, "choose another column"));
        }
    })
}

/// A column's cells as numbers, none missing.
pub fn numbers(table: &Table, name: &str, file: &str) -> Result<Vec<f64>, StageError> {
    let column = column(table, name, file)?;
    let Values::Number(values) = &column.values else {
        let found = format!("column {name} holds {}, expected numbers", column.values.kind());
        return Err(StageError::data(file, found, "for names to predict, set task = \"classification\""));
    };
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values.clone()),
        Some(row) => {
            let found = format!("row {}, column {name}: {}, expected a number", row + 1, values[row]);
            Err(StageError::data(file, found, "fill the gap or leave the row out"))
        }
    }
}

fn classes(table: &Table, name: &str, file: &str) -> Result<Target, StageError> {
    let labels = names(table, name, file)?;
    let distinct: BTreeSet<&str> = labels.iter().map(String::as_str).collect();
    if distinct.len() < 2 {
        let only = distinct.first().unwrap_or(&"").to_string();
        let found = format!("column {name} has the single class `{only}` in all {} rows", labels.len());
        return Err(StageError::data(file, found, "there must be two to tell apart; check data.target"));
    }
    if distinct.len() > MOST_CLASSES {
        let found = format!("column {name} has {} classes, expected at most {MOST_CLASSES}", distinct.len());
        return Err(StageError::data(file, found, "for a number to predict, set task = \"regression\""));
    }
    let classes: Vec<String> = distinct.into_iter().map(str::to_string).collect();
    let index = labels.iter().map(|l| classes.partition_point(|c| c < l) as u32).collect();
    Ok(Target::Class { classes, index })
}

/// The target of rows that judge, told in the classes of those that train.
pub(super) fn as_trained(target: Target, trained: &Target, file: &str) -> Result<Target, StageError> {
    let (Target::Class { classes: own, index }, Target::Class { classes, .. }) = (&target, trained) else {
        return Ok(target);
    };
    let place = |class: &String| {
        let unknown = || {
            let found =
                format!("class `{class}` is in no row to train on, which have {}", classes.join(", "));
            StageError::data(file, found, "a model cannot answer what it has never seen")
        };
        classes.binary_search(class).map_err(|_| unknown())
    };
    let places = own.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let index = index.iter().map(|&i| places[i as usize] as u32).collect();
    Ok(Target::Class { classes: classes.clone(), index })
}

/// Whole numbers without a point: the class of 1.0 is `1`.
pub(crate) fn number_name(x: f64) -> String {
    if x.is_nan() { String::new() } else { format!("{x}") }
}

fn missing(values: &Values, row: usize) -> bool {
    match values {
        Values::Number(v) => v[row].is_nan(),
        Values::Text(v) => v[row].is_none(),
        Values::Time(v) => v[row].is_none(),
        Values::Tensor { .. } => false,
    }
}
