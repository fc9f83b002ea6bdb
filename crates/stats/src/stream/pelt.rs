//! When a finished series changed its mean: all changes at a price each, or the one most likely.
//!
//! Not a detector: it looks back, and says when, not whether. The invariant: the segmentation returned has
//! the least cost of all with segments of at least `min_size`, found without trying all.

use crate::input::{self, BadInput};
use crate::sum::mean;

/// One change of a mean, dated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The first row of the new mean, counted from 0.
    pub at: usize,
    /// The mean before it.
    pub before: f64,
    /// The mean from it on.
    pub after: f64,
    /// The standard error of the difference, as if the row had been known.
    pub se: f64,
}

/// The rows at which the mean of finite values changes, ascending: PELT with squared error, each change at
/// the cost of `penalty` (above 0; three times the variance times ln n is usual), segments of at least
/// `min_size` (1 or more) rows. Empty where no change is worth it.
///
/// - *What it answers.* Into which stretches of constant mean does the series fall?
/// - *Assumptions.* Independent values of one variance, known well enough to set the penalty.
/// - *When it misleads.* A trend becomes a staircase, correlated values become many changes. A penalty that
///   ignores the variance finds none or hundreds.
/// - *Source.* Killick, Fearnhead and Eckley 2012; candidates live `min_size` rows longer than there, which
///   keeps the search exact with a least length.
/// - *Checked against.* ruptures 1.1.10 `Pelt(model="l2", jump=1)`, and the search without pruning.
pub fn change_points(values: &[f64], penalty: f64, min_size: usize) -> Result<Vec<usize>, BadInput> {
    input::at_least("rows of a segment", min_size, 1)?;
    input::at_least("values", values.len(), min_size)?;
    input::all_finite("values", values)?;
    input::parameter("penalty", penalty, "a finite number above 0", penalty.is_finite() && penalty > 0.0)?;
    let from = last_changes(&Cost::of(values), values.len(), penalty, min_size);
    let back = std::iter::successors(from.last().copied(), |&at| Some(from[at]));
    let mut changes: Vec<usize> = back.take_while(|&at| at > 0).collect();
    changes.reverse();
    Ok(changes)
}

/// For each number of first rows, where their last segment starts.
fn last_changes(cost: &Cost, rows: usize, penalty: f64, min_size: usize) -> Vec<usize> {
    let (mut best, mut from) = (vec![f64::INFINITY; rows + 1], vec![0; rows + 1]);
    best[0] = -penalty;
    // Each candidate start, and the end from which on it cannot win.
    let mut starts: Vec<(usize, usize)> = vec![];
    for end in min_size..=rows {
        let newest = end - min_size;
        if newest == 0 || newest >= min_size {
            starts.push((newest, usize::MAX));
        }
        starts.retain(|start| start.1 > end);
        let totals: Vec<f64> = starts.iter().map(|s| best[s.0] + cost.between(s.0, end)).collect();
        let candidates = totals.iter().copied().zip(starts.iter().map(|start| start.0));
        let winner = candidates.min_by(|a, b| a.0.total_cmp(&b.0));
        let (least, start) = winner.expect("row 0 or the newest candidate is alive");
        (best[end], from[end]) = (least + penalty, start);
        let beaten = starts.iter_mut().zip(&totals).filter(|(_, total)| **total > least + penalty);
        beaten.for_each(|(start, _)| start.1 = start.1.min(end + min_size));
    }
    from
}

/// The row that splits finite values best into two means, each of at least `min_size` (1 or more) rows;
/// `None` where the values are all equal. There must be two such stretches, and three rows.
///
/// - *What it answers.* If the mean changed once, when, and from what to what?
/// - *Assumptions.* One change, independent values of one variance.
/// - *When it misleads.* It dates a change in pure noise as well. The row is the best of many, so the
///   difference is flattered and no p-value may be read from it: show first that there is a change.
/// - *Source.* Hinkley 1970; the least-squares split.
/// - *Checked against.* [`change_points`] where that finds one change; its error by simulation.
pub fn one_change(values: &[f64], min_size: usize) -> Result<Option<Change>, BadInput> {
    input::at_least("rows of a segment", min_size, 1)?;
    input::at_least("values", values.len(), (2 * min_size).max(3))?;
    input::all_finite("values", values)?;
    if values.iter().all(|v| *v == values[0]) {
        return Ok(None);
    }
    let (cost, n) = (Cost::of(values), values.len());
    let total = |at: usize| cost.between(0, at) + cost.between(at, n);
    let at = (min_size..=n - min_size).min_by(|&a, &b| total(a).total_cmp(&total(b)));
    let at = at.expect("there is room for two stretches");
    let (left, right) = values.split_at(at);
    let variance = total(at).max(0.0) / (n - 2) as f64;
    let se = (variance * (1.0 / left.len() as f64 + 1.0 / right.len() as f64)).sqrt();
    Ok(Some(Change { at, before: mean(left), after: mean(right), se }))
}

/// Squared error around the mean of any stretch, from running sums.
struct Cost {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Cost {
    fn of(values: &[f64]) -> Cost {
        // Around the mean of all, so that a large offset costs no digits.
        let middle = mean(values);
        let running = |term: fn(f64) -> f64| {
            let steps = values.iter().scan(0.0, |sum, v| {
                *sum += term(v - middle);
                Some(*sum)
            });
            std::iter::once(0.0).chain(steps).collect()
        };
        Cost { sums: running(|d| d), squares: running(|d| d * d) }
    }

    fn between(&self, start: usize, end: usize) -> f64 {
        let sum = self.sums[end] - self.sums[start];
        self.squares[end] - self.squares[start] - sum * sum / (end - start) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_step_is_dated_and_a_constant_is_not() {
        let series: Vec<f64> = (0..40).map(|i| f64::from(i % 2) + if i < 25 { 0.0 } else { 5.0 }).collect();
        assert_eq!(change_points(&series, 5.0, 3).unwrap(), [25]);
        let change = one_change(&series, 3).unwrap().unwrap();
        assert_eq!(change.at, 25);
        assert!((change.after - change.before - 5.0).abs() < 0.1 && change.se < 0.2);
        assert_eq!(one_change(&[2.0; 9], 2), Ok(None));
        assert!(change_points(&[2.0; 9], 1.0, 2).unwrap().is_empty());
        assert!(change_points(&[1.0, f64::NAN], 1.0, 1).is_err() && one_change(&[1.0; 3], 2).is_err());
    }

    /// The least cost over all segmentations, without pruning.
    fn least(values: &[f64], penalty: f64, min_size: usize) -> f64 {
        let (cost, n) = (Cost::of(values), values.len());
        let mut best = vec![f64::INFINITY; n + 1];
        best[0] = -penalty;
        for end in min_size..=n {
            best[end] = (0..=end - min_size)
                .map(|s| best[s] + cost.between(s, end) + penalty)
                .fold(f64::INFINITY, f64::min);
        }
        best[n]
    }

    proptest! {
        #[test]
        fn pruning_loses_nothing(
            values in prop::collection::vec(-3i8..4, 4..50), penalty in 0.2..9.0f64, min_size in 1usize..5,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let changes = change_points(&values, penalty, min_size).unwrap();
            let ends: Vec<usize> = [&[0], &changes[..], &[values.len()]].concat();
            prop_assert!(ends.windows(2).all(|pair| pair[1] >= pair[0] + min_size));
            let cost = Cost::of(&values);
            let errors: f64 = ends.windows(2).map(|pair| cost.between(pair[0], pair[1])).sum();
            let found = errors + penalty * changes.len() as f64;
            prop_assert!((found - least(&values, penalty, min_size)).abs() < 1e-9);
        }
    }
}
