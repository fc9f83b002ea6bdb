//! ADWIN: a window that grows while its mean stands still and drops its oldest part when it does not.
//!
//! Not exact about where the change was: old values are kept as sums over powers of two. The invariant: at
//! most five sums of each size, so memory and time grow with the logarithm of the window.

use crate::input::{self, BadInput};
use crate::moments::Moments;

/// Cuts are tried once in so many values.
const CLOCK: u64 = 32;
/// Sums of one size before two are merged.
const LARGEST_ROW: usize = 5;
/// Neither side of a cut is shorter.
const SHORTEST: u64 = 5;
/// No cut before the window holds more values than this.
const GRACE: u64 = 10;

/// An adaptive window over finite values of a bounded spread.
///
/// - *What it answers.* Has the mean of the stream changed lately, and what is it now?
/// - *Assumptions.* Independent values; the bound is normal with a correction, so values of a few standard
///   deviations' spread.
/// - *When it misleads.* It alarms on falls as on rises, and on a change of any size once there are enough
///   values. Over a long stream it alarms without a change, at `confidence` per window, not per stream.
/// - *Source.* Bifet and Gavaldà 2007, ADWIN2.
/// - *Checked against.* river 0.26.1 `drift.ADWIN`, on a stream of errors and one of real values.
#[derive(Debug, Clone, PartialEq)]
pub struct Adwin {
    confidence: f64,
    seen: u64,
    alarmed: bool,
    /// Row r holds parts of 2^r values each, oldest first; later rows are older.
    rows: Vec<Vec<Moments>>,
}

impl Adwin {
    /// With this chance of a false cut, strictly between 0 and 1; 0.002 is usual.
    pub fn new(confidence: f64) -> Result<Self, BadInput> {
        input::open_unit("confidence", confidence)?;
        Ok(Adwin::fresh(confidence))
    }

    fn fresh(confidence: f64) -> Self {
        Adwin { confidence, seen: 0, alarmed: false, rows: Vec::new() }
    }

    /// Takes a finite value; whether the window was cut at it. The value after that starts afresh, so that
    /// one change alarms once.
    pub fn observe(&mut self, value: f64) -> Result<bool, BadInput> {
        let mut one = Moments::default();
        one.observe(value)?;
        if self.alarmed {
            *self = Adwin::fresh(self.confidence);
        }
        self.add(0, one);
        self.seen += 1;
        while self.seen.is_multiple_of(CLOCK) && self.should_cut() {
            self.drop_oldest();
            self.alarmed = true;
        }
        Ok(self.alarmed)
    }

    /// The window: its length, mean and variance; after an alarm, what the cut has left.
    pub fn window(&self) -> Moments {
        merged(self.oldest_first())
    }

    fn add(&mut self, row: usize, part: Moments) {
        if row == self.rows.len() {
            self.rows.push(Vec::new());
        }
        self.rows[row].push(part);
        if self.rows[row].len() > LARGEST_ROW {
            let two: Vec<Moments> = self.rows[row].drain(..2).collect();
            self.add(row + 1, merged(two.iter()));
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.remove(0);
            if row.is_empty() {
                self.rows.pop();
            }
        }
    }

    fn oldest_first(&self) -> impl Iterator<Item = &Moments> {
        self.rows.iter().rev().flatten()
    }

    /// Whether the means before and after any part's end are further apart than chance puts them.
    fn should_cut(&self) -> bool {
        let all = self.window();
        if all.count() <= GRACE {
            return false;
        }
        let total = all.mean() * all.count() as f64;
        let mut old = Moments::default();
        self.oldest_first().any(|part| {
            old.merge(part);
            let (before, after) = (old.count(), all.count() - old.count());
            let gap = || old.mean() - (total - old.mean() * before as f64) / after as f64;
            before >= SHORTEST && after >= SHORTEST && gap().abs() > self.chance(&all, before, after)
        })
    }

    fn chance(&self, all: &Moments, before: u64, after: u64) -> f64 {
        let n = all.count() as f64;
        let log = (2.0 * n.ln() / self.confidence).ln();
        let side = |rows: u64| 1.0 / (rows - SHORTEST + 1) as f64;
        let inverse = side(before) + side(after);
        let variance = all.variance() * (n - 1.0) / n;
        (2.0 * inverse * variance * log).sqrt() + 2.0 / 3.0 * log * inverse
    }
}

fn merged<'a>(parts: impl Iterator<Item = &'a Moments>) -> Moments {
    let mut all = Moments::default();
    parts.for_each(|part| all.merge(part));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_forgets_what_was_before_a_jump() {
        let mut adwin = Adwin::new(0.002).unwrap();
        let value = |i: u32| f64::from(i % 3) + if i < 500 { 0.0 } else { 4.0 };
        let alarms: Vec<u32> = (0..1_000).filter(|&i| adwin.observe(value(i)).unwrap()).collect();
        assert!(!alarms.is_empty() && alarms.iter().all(|i| (500..600).contains(i)), "{alarms:?}");
        assert!((adwin.window().mean() - 5.0).abs() < 0.05 && adwin.window().count() <= 510);
    }

    #[test]
    fn a_window_keeps_its_count_and_refuses_what_is_no_number() {
        let mut adwin = Adwin::new(0.002).unwrap();
        (0..1_000).for_each(|i| assert!(!adwin.observe(f64::from(i % 2)).unwrap()));
        assert!(adwin.observe(f64::NAN).is_err());
        assert_eq!(adwin.window().count(), 1_000);
        assert!(adwin.rows.iter().map(Vec::len).sum::<usize>() <= 5 * 9);
        assert!(Adwin::new(0.0).is_err());
    }
}
