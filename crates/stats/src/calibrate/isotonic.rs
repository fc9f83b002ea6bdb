//! Isotonic regression: the best fit that never falls.
//!
//! Not smooth: steps, joined by lines between neighbouring scores. The invariant: fitted values rise with
//! the score, stay within the targets, and keep the targets' weighted mean.

use super::{as_numbers, check};
use crate::input::{self, BadInput};

/// A curve that never falls, fitted by pooling adjacent violators.
///
/// - *What it answers.* Which share of rows with this score is a yes, if more score never means less?
/// - *Assumptions.* The share rises with the score; a thousand rows or more, since every step is a share
///   of the rows on it.
/// - *When it misleads.* On few rows: the ends are then exact zeros and ones that nobody should believe.
///   Outside the scores it was fitted on it repeats the nearest end.
/// - *Source.* Ayer et al. 1955; Zadrozny and Elkan 2002 for calibration.
/// - *Checked against.* scikit-learn 1.9.1 `IsotonicRegression(out_of_bounds="clip")`.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// Distinct, rising; the ends of every step are here.
    scores: Vec<f64>,
    values: Vec<f64>,
}

/// All rows of one score, or of several that were pooled.
#[derive(Debug, Clone, Copy)]
struct Block {
    weight: f64,
    total: f64,
    scores: usize,
}

impl Isotonic {
    /// Fits `targets` (any finite numbers) on `scores`, one of each a row; `weights` are 0 or more, and
    /// rows of weight 0 count as absent. Rows of equal scores are averaged first.
    ///
    /// # Errors
    /// No rows, columns of different lengths, a number that is not finite, or weights that are all 0.
    pub fn fit(scores: &[f64], targets: &[f64], weights: Option<&[f64]>) -> Result<Self, BadInput> {
        check(scores, targets.len(), weights)?;
        input::all_finite("targets", targets)?;
        let (scores, blocks) = distinct(scores, targets, weights);
        let values = pooled(&blocks);
        input::all("fitted values", &values, "numbers that do not overflow", f64::is_finite)?;
        Ok(Isotonic { scores, values }.trimmed())
    }

    /// [`Isotonic::fit`] where the answer is yes or no: the values are shares of yes.
    pub fn fit_yes_no(scores: &[f64], actual: &[bool], weights: Option<&[f64]>) -> Result<Self, BadInput> {
        Isotonic::fit(scores, &as_numbers(actual), weights)
    }

    /// The fitted value of a finite score: linear between two fitted scores, the nearest end outside.
    pub fn apply(&self, score: f64) -> Result<f64, BadInput> {
        input::parameter("score", score, "a finite number", score.is_finite())?;
        let above = self.scores.partition_point(|&s| s <= score);
        if above == 0 {
            return Ok(self.values[0]);
        }
        let (left, value) = (self.scores[above - 1], self.values[above - 1]);
        if above == self.scores.len() || left == score {
            return Ok(value);
        }
        // Halves, since the distance of two finite scores can overflow.
        let share = (0.5 * score - 0.5 * left) / (0.5 * self.scores[above] - 0.5 * left);
        let next = self.values[above];
        Ok((value + share * (next - value)).min(next))
    }

    /// Without the scores inside a step: its two ends say the same.
    fn trimmed(self) -> Self {
        let (last, values) = (self.values.len() - 1, &self.values);
        let kept =
            |&i: &usize| i == 0 || i == last || values[i] != values[i - 1] || values[i] != values[i + 1];
        let (scores, values) = (0..=last).filter(kept).map(|i| (self.scores[i], values[i])).unzip();
        Isotonic { scores, values }
    }
}

/// The distinct scores, rising, and the rows on each.
fn distinct(scores: &[f64], targets: &[f64], weights: Option<&[f64]>) -> (Vec<f64>, Vec<Block>) {
    let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
    let mut order: Vec<usize> = (0..scores.len()).filter(|&row| weight(row) > 0.0).collect();
    // Down to the weight, so that sums do not depend on the order of rows.
    order.sort_by(|&a, &b| {
        let by_target = targets[a].total_cmp(&targets[b]).then(weight(a).total_cmp(&weight(b)));
        scores[a].total_cmp(&scores[b]).then(by_target)
    });
    let (mut found, mut blocks): (Vec<f64>, Vec<Block>) = (Vec::new(), Vec::new());
    for row in order {
        if found.last() != Some(&scores[row]) {
            found.push(scores[row]);
            blocks.push(Block { weight: 0.0, total: 0.0, scores: 1 });
        }
        if let Some(block) = blocks.last_mut() {
            block.weight += weight(row);
            block.total += weight(row) * targets[row];
        }
    }
    (found, blocks)
}

/// One value a score: blocks are pooled until their means rise.
fn pooled(blocks: &[Block]) -> Vec<f64> {
    let mut rising: Vec<Block> = Vec::new();
    for &block in blocks {
        let mut block = block;
        while let Some(last) = rising.pop_if(|last| last.mean() >= block.mean()) {
            block = Block {
                weight: last.weight + block.weight,
                total: last.total + block.total,
                scores: last.scores + block.scores,
            };
        }
        rising.push(block);
    }
    rising.iter().flat_map(|block| std::iter::repeat_n(block.mean(), block.scores)).collect()
}

impl Block {
    fn mean(&self) -> f64 {
        self.total / self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_number_is_refused() {
        let error = Isotonic::fit(&[0.1, f64::NAN], &[0.0, 1.0], None).unwrap_err();
        assert_eq!(error.to_string(), "scores, row 1: found NaN, expected a finite number");
        assert!(Isotonic::fit(&[], &[], None).is_err());
        assert!(Isotonic::fit(&[0.1, 0.2], &[0.0, 1.0], Some(&[0.0, 0.0])).is_err());
        let fitted = Isotonic::fit(&[0.1, 0.2], &[0.0, 1.0], None).unwrap();
        assert!(fitted.apply(f64::INFINITY).is_err());
    }

    #[test]
    fn scores_at_the_ends_of_the_floats_are_joined_by_a_line() {
        let fitted = Isotonic::fit(&[-f64::MAX, f64::MAX], &[0.0, 1.0], None).unwrap();
        assert_eq!(fitted.apply(0.0), Ok(0.5));
        let tiny = f64::from_bits(1);
        assert_eq!(Isotonic::fit(&[0.0, tiny], &[0.0, 1.0], None).unwrap().apply(0.0), Ok(0.0));
    }

    proptest! {
        #[test]
        fn the_fit_rises_keeps_the_mean_and_ignores_the_order_of_rows(
            rows in prop::collection::vec((0u8..20, any::<bool>(), 1u8..5), 1..60),
        ) {
            let fit = |rows: &[(u8, bool, u8)]| {
                let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 20.0).collect();
                let actual: Vec<bool> = rows.iter().map(|r| r.1).collect();
                let weights: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
                (Isotonic::fit_yes_no(&scores, &actual, Some(&weights)).unwrap(), scores)
            };
            let (fitted, scores) = fit(&rows);
            let grid: Vec<f64> = (0..50).map(|i| fitted.apply(f64::from(i) / 40.0 - 0.1).unwrap()).collect();
            prop_assert!(grid.windows(2).all(|w| w[0] <= w[1] + 1e-15));
            prop_assert!(grid.iter().all(|v| (0.0..=1.0).contains(v)));
            let sums = rows.iter().zip(&scores).fold((0.0, 0.0), |(said, seen), (row, &s)| {
                let weight = f64::from(row.2);
                (said + weight * fitted.apply(s).unwrap(), seen + weight * f64::from(u8::from(row.1)))
            });
            prop_assert!((sums.0 - sums.1).abs() < 1e-9);
            let backwards: Vec<_> = rows.iter().rev().copied().collect();
            prop_assert_eq!(fit(&backwards).0, fitted);
        }

        #[test]
        fn a_row_of_weight_two_is_two_rows(
            rows in prop::collection::vec((0u8..9, any::<bool>(), any::<bool>()), 1..30),
        ) {
            let score = |r: &(u8, bool, bool)| f64::from(r.0);
            let scores: Vec<f64> = rows.iter().map(score).collect();
            let actual: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let weights: Vec<f64> = rows.iter().map(|r| if r.2 { 2.0 } else { 1.0 }).collect();
            let weighted = Isotonic::fit_yes_no(&scores, &actual, Some(&weights)).unwrap();
            let twice: Vec<_> = rows.iter().chain(rows.iter().filter(|r| r.2)).collect();
            let scores: Vec<f64> = twice.iter().map(|r| score(r)).collect();
            let actual: Vec<bool> = twice.iter().map(|r| r.1).collect();
            prop_assert_eq!(Isotonic::fit_yes_no(&scores, &actual, None).unwrap(), weighted);
        }
    }
}
