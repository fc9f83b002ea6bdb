//! Rows that neither a teacher nor a student learns from: students are chosen by them.

use crate::contract::Seed;
use crate::split::splits;
use domain::Examples;

/// Examples held back before the first fit. There is no other way to make one, so a student cannot be chosen on rows
/// that a teacher of the remaining ones saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    examples: Examples,
    rows: Vec<usize>,
}

impl Guard {
    /// Holds back about one row in `parts`, with its whole entity, the last ones where rows have an instant; gives the
    /// places of the remaining rows, to fit teacher and students on. `None` where no rows can be held back.
    pub fn hold_back(data: &Examples, parts: usize, seed: Seed) -> Option<(Vec<usize>, Guard)> {
        let split = splits(data, parts, seed).into_iter().next()?;
        let examples = data.take(&split.choose);
        Some((split.learn, Guard { examples, rows: split.choose }))
    }

    /// The examples.
    pub fn examples(&self) -> &Examples {
        &self.examples
    }

    /// Their places among the rows that they were held back from.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }
}
