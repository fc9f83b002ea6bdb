//! An outcome's values by arm: numbers, and yes and no as 1 and 0.
//!
//! Invariant: a cell that is no number is counted and never silently 0.

use super::clean::{Broken, BrokenKind, Kept};
use crate::StageError;
use crate::choice::{Choice, Fit, fit};
use crate::sheet::{Sheet, cell, few};
use domain::{Column, Values};

/// One outcome of the rows that are analysed.
pub(super) struct Outcome {
    pub name: String,
    /// Values by arm, each with its row in the table.
    pub arms: [Vec<(usize, f64)>; 2],
    pub broken: Vec<Broken>,
}

impl Outcome {
    /// The values of one arm.
    pub fn values(&self, arm: usize) -> Vec<f64> {
        self.arms[arm].iter().map(|(_, value)| *value).collect()
    }

    /// Whether every value is 0 or 1.
    pub fn binary(&self) -> bool {
        self.arms.iter().flatten().all(|(_, v)| *v == 0.0 || *v == 1.0)
    }
}

const YES: [&str; 4] = ["yes", "true", "y", "t"];
const NO: [&str; 4] = ["no", "false", "n", "f"];

/// A column of text is taken for numbers with strays when this share of its cells are numbers.
const MOSTLY: f64 = 0.9;

/// Why a column looks like an outcome, if it does.
pub(super) fn looks_like_one(column: &Column) -> Option<&'static str> {
    if fit(&column.name, &["id", "uid", "index"]).0 > Fit::None {
        return None;
    }
    let varied = || few(&column.values, 1).is_none();
    match &column.values {
        Values::Number(v) if v.iter().all(|x| x.is_nan() || *x == 0.0 || *x == 1.0) => {
            varied().then_some("it holds 0 and 1")
        }
        Values::Number(_) => varied().then_some("it holds numbers"),
        Values::Text(_) if yes_no(&column.values) => varied().then_some("it holds yes and no"),
        Values::Text(v) => {
            let present = v.iter().flatten().count() as f64;
            let numbers = v.iter().flatten().filter(|t| number(t).is_some()).count() as f64;
            (present > 0.0 && numbers >= MOSTLY * present).then_some("nearly all of its cells are numbers")
        }
        Values::Time(_) | Values::Tensor { .. } => None,
    }
}

/// Reads an outcome of the rows that are analysed.
pub(super) fn read(sheet: &Sheet, choice: &Choice, kept: &Kept) -> Result<Outcome, StageError> {
    let column = sheet.column(&choice.column, "--outcome")?;
    let words = yes_no(&column.values);
    let mut arms = [Vec::new(), Vec::new()];
    let (mut missing, mut strange) = (Vec::new(), Vec::new());
    for &(row, arm) in &kept.rows {
        match (cell(&column.values, row), value(&column.values, row, words)) {
            (_, Some(value)) => arms[arm].push((row, value)),
            (None, None) => missing.push(row),
            (Some(_), None) => strange.push(row),
        }
    }
    if arms.iter().all(Vec::is_empty) {
        let found = format!("column {} holds {}, expected numbers", column.name, column.values.kind());
        return Err(sheet.error(found, "an outcome is a number, or yes and no"));
    }
    let broken = [(BrokenKind::MissingOutcome, missing), (BrokenKind::NotANumber, strange)];
    let broken = broken.into_iter().filter_map(|(kind, rows)| {
        let &first = rows.first()?;
        let found = format!("{}={}", column.name, cell(&column.values, first).unwrap_or_default());
        Some(Broken { kind, rows: rows.len() as u64, example: sheet.row(first), found })
    });
    Ok(Outcome { name: column.name.clone(), arms, broken: broken.collect() })
}

fn value(values: &Values, row: usize, words: bool) -> Option<f64> {
    match values {
        Values::Number(v) => v[row].is_finite().then_some(v[row]),
        Values::Text(v) if words => v[row].as_deref().map(|t| f64::from(u8::from(is(t, &YES)))),
        Values::Text(v) => v[row].as_deref().and_then(number),
        Values::Time(_) | Values::Tensor { .. } => None,
    }
}

fn yes_no(values: &Values) -> bool {
    let Values::Text(v) = values else { return false };
    v.iter().flatten().all(|t| is(t, &YES) || is(t, &NO))
}

fn is(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| w.eq_ignore_ascii_case(text))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|x| x.is_finite())
}
