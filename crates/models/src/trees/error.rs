//! What keeps trees from being fitted.

use super::matrix::MAX_ROWS;
use crate::contract::FitError;
use thiserror::Error;

/// Why no forest came of a fit, or no column of a matrix.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TreesError {
    /// A parameter is out of its range.
    #[error("parameter `{name}` is {found}, expected {expected}")]
    Parameter {
        /// The field of [`Params`](super::Params).
        name: &'static str,
        /// Its value.
        found: String,
        /// Its range.
        expected: &'static str,
    },
    /// Something has another length than the rest.
    #[error("{what} has {found} entries, expected {expected}")]
    Length {
        /// What was given: a column, the target, the weights.
        what: String,
        /// How many entries it has.
        found: usize,
        /// How many it needs.
        expected: usize,
    },
    /// There are too many rows.
    #[error("{0} rows are more than trees can be fitted to, {MAX_ROWS}")]
    Rows(usize),
    /// One entry cannot be used.
    #[error("{what}, row {row}: found {found}, expected {expected}")]
    Entry {
        /// What was given: a column, the target, the weights.
        what: String,
        /// The row, from 0.
        row: usize,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// There is nothing to learn from.
    #[error("no row has a weight above zero")]
    Empty,
    /// Progress said stop.
    #[error("interrupted")]
    Interrupted,
}

impl TreesError {
    /// The same, saying in front of what was given where it was given.
    pub(super) fn within(mut self, place: &str) -> TreesError {
        if let TreesError::Length { what, .. } | TreesError::Entry { what, .. } = &mut self {
            what.insert_str(0, place);
        }
        self
    }

    /// The same as the error of a trainer of this name.
    pub fn of_trainer(self, trainer: &str) -> FitError {
        match self {
            TreesError::Interrupted => FitError::Interrupted,
            other => FitError::Data { trainer: trainer.into(), why: other.to_string() },
        }
    }
}
