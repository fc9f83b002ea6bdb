//! What was wrong with the numbers handed in, and the checks that find it.
//!
//! Not a place for verdicts: too little evidence is a value elsewhere, never an error. The
//! invariant of the whole crate starts here: a function returns finite numbers or says which
//! argument, at which row, it could not use. NaN never passes through.

use std::fmt;

/// Why a statistic could not be computed. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum BadInput {
    /// Too few rows, groups or labels.
    TooFew {
        /// What there are too few of.
        what: &'static str,
        /// How many came.
        found: usize,
        /// The least that works.
        needed: usize,
    },
    /// Two columns that belong together differ in length.
    Lengths {
        /// The column with the wrong length.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length of the column it belongs to.
        expected: usize,
    },
    /// A value that is missing, infinite or outside its range.
    Value {
        /// The column or parameter.
        what: &'static str,
        /// The row, when `what` is a column.
        row: Option<usize>,
        /// What stood there.
        found: f64,
        /// What may stand there.
        expected: &'static str,
    },
    /// The inputs are fine one by one, but the statistic does not exist for them.
    Undefined {
        /// The statistic.
        what: &'static str,
        /// Why, and what to use instead.
        why: &'static str,
    },
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadInput::TooFew { what, found, needed } => {
                write!(f, "too few {what}: found {found}, need at least {needed}")
            }
            BadInput::Lengths { what, found, expected } => {
                write!(f, "{what}: found {found} rows, expected {expected}")
            }
            BadInput::Value { what, row: Some(row), found, expected } => {
                write!(f, "{what}, row {row}: found {found}, expected {expected}")
            }
            BadInput::Value { what, row: None, found, expected } => {
                write!(f, "{what}: found {found}, expected {expected}")
            }
            BadInput::Undefined { what, why } => write!(f, "{what} is undefined: {why}"),
        }
    }
}

impl std::error::Error for BadInput {}

/// At least `needed` of them.
pub(crate) fn at_least(what: &'static str, found: usize, needed: usize) -> Result<(), BadInput> {
    if found < needed { Err(BadInput::TooFew { what, found, needed }) } else { Ok(()) }
}

/// As many rows as the column it belongs to.
pub(crate) fn same_length(what: &'static str, found: usize, expected: usize) -> Result<(), BadInput> {
    if found == expected { Ok(()) } else { Err(BadInput::Lengths { what, found, expected }) }
}

/// Every value is finite.
pub(crate) fn all_finite(what: &'static str, values: &[f64]) -> Result<(), BadInput> {
    all(what, values, "a finite number", |v| v.is_finite())
}

/// Every value is a probability.
pub(crate) fn all_unit(what: &'static str, values: &[f64]) -> Result<(), BadInput> {
    all(what, values, "a number in [0, 1]", |v| (0.0..=1.0).contains(&v))
}

/// Every value passes.
pub(crate) fn all(
    what: &'static str,
    values: &[f64],
    expected: &'static str,
    good: impl Fn(f64) -> bool,
) -> Result<(), BadInput> {
    match values.iter().position(|&v| !good(v)) {
        Some(row) => Err(BadInput::Value { what, row: Some(row), found: values[row], expected }),
        None => Ok(()),
    }
}

/// One parameter passes.
pub(crate) fn parameter(
    what: &'static str,
    found: f64,
    expected: &'static str,
    good: bool,
) -> Result<(), BadInput> {
    if good { Ok(()) } else { Err(BadInput::Value { what, row: None, found, expected }) }
}

/// A share strictly between 0 and 1, such as a level or an alpha.
pub(crate) fn open_unit(what: &'static str, found: f64) -> Result<(), BadInput> {
    parameter(what, found, "a number strictly between 0 and 1", found > 0.0 && found < 1.0)
}

/// The result, unless it overflowed.
pub(crate) fn finite(what: &'static str, value: f64) -> Result<f64, BadInput> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(BadInput::Undefined { what, why: "the values are too large and the arithmetic overflows" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_column_the_row_and_both_values() {
        let error = all_unit("p", &[0.5, f64::NAN]).unwrap_err();
        assert_eq!(error.to_string(), "p, row 1: found NaN, expected a number in [0, 1]");
        let error = same_length("scores", 3, 4).unwrap_err();
        assert_eq!(error.to_string(), "scores: found 3 rows, expected 4");
    }
}
