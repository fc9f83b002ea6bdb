//! The most frequent texts, with counts that are never too high: a Misra-Gries summary.
//!
//! *What it answers*: which texts make up more than 1 in [`KEPT`] of all rows, and about how many each.
//! *Assumptions*: none. *When it misleads*: a text that is not there may still have stood in
//! [`Frequent::lost`] rows. *Source*: Misra and Gries 1982; merged as in Agarwal et al., "Mergeable summaries",
//! PODS 2012. *Checked against*: exact counts below.
//!
//! Invariant: for every text, kept <= true <= kept + lost, and lost <= rows / ([`KEPT`] + 1). Where no more than
//! [`KEPT`] different texts were seen, nothing is lost.

use super::bytes::{Input, put_bytes, put_count, put_u64};
use crate::digest::hash64;
use std::collections::BTreeMap;

/// How many texts are kept.
pub const KEPT: usize = 512;
/// Bytes of a text that are kept; of a longer one the beginning and a hash stand for it.
const LONGEST: usize = 200;

/// A Misra-Gries summary.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Frequent {
    counts: BTreeMap<String, u64>,
    lost: u64,
}

impl Frequent {
    /// Sees a text in so many rows.
    pub fn add(&mut self, text: &str, rows: u64) {
        if text.len() > LONGEST {
            let end = text.floor_char_boundary(LONGEST - 20);
            return self.add(&format!("{}…{:016x}", &text[..end], hash64(text)), rows);
        }
        match self.counts.get_mut(text) {
            Some(count) => *count = count.saturating_add(rows),
            None => {
                self.counts.insert(text.into(), rows);
            }
        }
        // twice the room, so that a cut costs little a row
        if self.counts.len() > 2 * KEPT {
            self.cut();
        }
    }

    pub fn merge(&mut self, other: &Frequent) {
        for (text, &rows) in &other.counts {
            let count = self.counts.entry(text.clone()).or_default();
            *count = count.saturating_add(rows);
        }
        self.lost = self.lost.saturating_add(other.lost);
        if self.counts.len() > 2 * KEPT {
            self.cut();
        }
    }

    /// Takes from every count what the first beyond those kept has.
    fn cut(&mut self) {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let (_, &mut cut, _) = counts.select_nth_unstable_by(KEPT, |a, b| b.cmp(a));
        self.counts.retain(|_, count| {
            *count -= cut.min(*count);
            *count > 0
        });
        self.lost = self.lost.saturating_add(cut);
    }

    /// The n most frequent texts and their counts, the most frequent first.
    pub fn top(&self, n: usize) -> Vec<(String, u64)> {
        let mut top: Vec<(&String, &u64)> = self.counts.iter().collect();
        // stable, so that equal counts stay in the order of their texts
        top.sort_by(|a, b| b.1.cmp(a.1));
        top.into_iter().take(n).map(|(text, &rows)| (text.clone(), rows)).collect()
    }

    /// By how many rows a count may be too low.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, self.lost);
        put_count(out, self.counts.len());
        for (text, &rows) in &self.counts {
            put_bytes(out, text.as_bytes());
            put_u64(out, rows);
        }
    }

    pub fn read(input: &mut Input<'_>) -> Option<Frequent> {
        let lost = input.u64()?;
        let count = input.count(16).filter(|&count| count <= 2 * KEPT)?;
        let entries = (0..count).map(|_| Some((input.text()?, input.u64()?)));
        Some(Frequent { counts: entries.collect::<Option<_>>()?, lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::mix64;

    /// A few frequent texts among many rare ones.
    fn cells(seed: u64, rows: u64) -> Vec<String> {
        let cell = |row| match mix64(seed, row) % 100 {
            draw @ 0..10 => format!("often {}", draw / 5),
            _ => format!("rare {}", mix64(seed + 1, row) % 5_000),
        };
        (0..rows).map(cell).collect()
    }

    fn of(cells: &[String]) -> Frequent {
        let mut frequent = Frequent::default();
        cells.iter().for_each(|cell| frequent.add(cell, 1));
        frequent
    }

    fn check(frequent: &Frequent, cells: &[String]) {
        assert!(frequent.lost() <= cells.len() as u64 / (KEPT as u64 + 1));
        for (text, found) in frequent.top(usize::MAX) {
            let exact = cells.iter().filter(|cell| **cell == text).count() as u64;
            assert!(found <= exact && exact <= found + frequent.lost(), "{text}: {found} of {exact}");
        }
        let top: Vec<String> = frequent.top(2).into_iter().map(|(text, _)| text).collect();
        assert!(top.contains(&"often 0".into()) && top.contains(&"often 1".into()), "{top:?}");
    }

    #[test]
    fn counts_are_within_the_stated_error_also_when_merged() {
        let (one, other) = (cells(1, 9_000), cells(7, 4_000));
        check(&of(&one), &one);
        let mut merged = of(&one);
        merged.merge(&of(&other));
        check(&merged, &[one, other].concat());
    }

    #[test]
    fn few_texts_are_counted_exactly() {
        let mut frequent = of(&["b", "a", "b", ""].map(String::from));
        frequent.merge(&of(&["a".to_string()]));
        assert_eq!(frequent.lost(), 0);
        assert_eq!(frequent.top(9), [("a".into(), 2), ("b".into(), 2), ("".into(), 1)]);
    }

    #[test]
    fn long_texts_are_cut_and_still_told_apart() {
        let long = "é".repeat(300);
        let frequent = of(&[long.clone(), format!("{long}!"), long.clone()]);
        let top = frequent.top(9);
        assert_eq!((top.len(), top[0].1), (2, 2));
        assert!(top.iter().all(|(text, _)| text.len() <= LONGEST && text.starts_with("éé")));
    }
}
