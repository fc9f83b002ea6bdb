//! How often each text of a column stands in it.
//!
//! Not here: how a column is read. Invariant: the texts that are kept are the most frequent ones, and every row
//! is counted once: in a text, as missing, or among the others.

use domain::Values;
use std::collections::HashMap;

/// How many different texts [`TextCounts`] keeps.
pub const KEPT_TEXTS: usize = 10_000;

/// How often each text of a column stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextCounts {
    /// All rows of the column.
    pub rows: u64,
    /// Rows without a text.
    pub missing: u64,
    /// The most frequent texts with their rows, [`KEPT_TEXTS`] at most: the most frequent first, and in the order
    /// of the texts where two are equally frequent.
    pub counts: Vec<(String, u64)>,
    /// How many different texts there are, those that are not kept among them.
    pub distinct: u64,
    /// Rows whose text is not kept.
    pub others: u64,
}

/// Counts that grow.
#[derive(Default)]
pub(super) struct Tally {
    counts: HashMap<String, u64>,
    rows: u64,
    missing: u64,
}

impl Tally {
    pub fn of(cells: &[Option<String>]) -> Tally {
        let mut tally = Tally::default();
        for cell in cells {
            tally.add(cell.as_deref(), 1);
        }
        tally
    }

    /// Counts one cell that stands in so many rows.
    pub fn add(&mut self, cell: Option<&str>, rows: u64) {
        self.rows += rows;
        match cell {
            None => self.missing += rows,
            // without a copy of the text, where it is known
            Some(text) => match self.counts.get_mut(text) {
                Some(count) => *count += rows,
                None => {
                    self.counts.insert(text.into(), rows);
                }
            },
        }
    }

    pub fn finish(self, kept: usize) -> TextCounts {
        let distinct = self.counts.len() as u64;
        let mut counts: Vec<(String, u64)> = self.counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let others = counts.iter().skip(kept).map(|(_, rows)| rows).sum();
        counts.truncate(kept);
        TextCounts { rows: self.rows, missing: self.missing, counts, distinct, others }
    }
}

impl TextCounts {
    /// The counts of cells in memory; nothing for cells that are not text.
    pub fn of(values: &Values) -> Option<TextCounts> {
        match values {
            Values::Text(cells) => Some(Tally::of(cells).finish(KEPT_TEXTS)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_are_kept_and_the_others_counted() {
        let mut tally = Tally::default();
        for (cell, rows) in [(Some("b"), 2), (Some("c"), 1), (None, 3), (Some("a"), 1), (Some("b"), 2)] {
            tally.add(cell, rows);
        }
        let counts = tally.finish(2);
        let expected = vec![("b".to_string(), 4), ("a".to_string(), 1)];
        assert_eq!(counts, TextCounts { rows: 9, missing: 3, counts: expected, distinct: 3, others: 1 });
    }

    #[test]
    fn only_text_is_counted() {
        assert_eq!(TextCounts::of(&Values::Number(vec![1.0])), None);
        let counts = TextCounts::of(&Values::Text(vec![None])).expect("text");
        assert_eq!((counts.rows, counts.missing, counts.distinct), (1, 1, 0));
    }
}
