//! The best place to divide a leaf.
//!
//! The gain of a division is what it takes off the second-order expansion of the loss (Friedman 2001; Chen and
//! Guestrin 2016, equation 7, without the factor a half): GL²/(HL+λ) + GR²/(HR+λ) - G²/(H+λ). Rows that miss
//! the column are tried on both sides. Of equal gains the first wins: the lowest column, missing to the
//! right, the lowest boundary; so the answer does not depend on who looked where first.

use super::binned::{Binned, Feature};
use super::params::Params;
use super::sum::{Scale, Sum};
use rayon::prelude::*;

/// A histogram of more bins is searched by several threads.
const LONG: usize = 1 << 15;

/// A division of a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub(super) feature: usize,
    /// The last bin of numbers that goes left.
    pub(super) bin: usize,
    pub(super) missing_left: bool,
    pub(super) gain: f64,
    /// What the rows that go left sum to.
    pub(super) left: Sum,
}

/// What a division must satisfy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) scale: Scale,
    min_data: usize,
    min_hessian: f64,
    lambda: f64,
}

impl Rules {
    pub(super) fn new(params: &Params, scale: Scale) -> Rules {
        Rules {
            scale,
            min_data: params.min_data_in_leaf,
            min_hessian: params.min_sum_hessian,
            lambda: params.lambda_l2,
        }
    }

    /// Whether a leaf is large enough to become two.
    pub(super) fn divisible(&self, total: Sum) -> bool {
        self.scale.count(total) >= 2 * self.min_data
    }

    /// Minus the Newton step that minimises the expansion in a leaf, before the learning rate.
    pub(super) fn step(&self, total: Sum) -> f64 {
        let hessian = self.scale.hessian(total) + self.lambda;
        if hessian > 0.0 { self.scale.gradient(total) / hessian } else { 0.0 }
    }

    /// What a leaf takes off the loss, twice.
    fn score(&self, gradient: f64, hessian: f64) -> f64 {
        if hessian > 0.0 { gradient * gradient / (hessian + self.lambda) } else { 0.0 }
    }
}

/// The best division of a leaf with this histogram and total, if one gains anything.
pub(super) fn best(
    binned: &Binned,
    drawn: &[bool],
    histogram: &[Sum],
    total: Sum,
    rules: &Rules,
) -> Option<Split> {
    let search = |feature: usize| {
        let at = &binned.features[feature];
        if !drawn[feature] || at.place.len() < 2 {
            return None;
        }
        Search { feature, at, bins: &histogram[at.place.clone()], total, rules }.best()
    };
    let features = 0..binned.features.len();
    if binned.bins < LONG {
        features.filter_map(search).reduce(better)
    } else {
        features.into_par_iter().filter_map(search).reduce_with(better)
    }
}

/// The better of two, where the first comes from lower columns.
fn better(first: Split, second: Split) -> Split {
    if second.gain > first.gain { second } else { first }
}

/// The search within one column.
struct Search<'a> {
    feature: usize,
    at: &'a Feature,
    bins: &'a [Sum],
    total: Sum,
    rules: &'a Rules,
}

impl Search<'_> {
    fn best(&self) -> Option<Split> {
        let numbers = self.at.cuts.bins();
        let Some(missing) = self.at.missing() else {
            // Rows that miss a column that training never missed go where most rows went.
            let split = self.scan(Sum::default(), false, numbers - 1)?;
            let left = self.rules.scale.count(split.left);
            let missing_left = 2 * left > self.rules.scale.count(self.total);
            return Some(Split { missing_left, ..split });
        };
        let missing = self.bins[missing];
        // The last boundary, with missing on its right, divides the missing from all others.
        let right = self.scan(Sum::default(), false, numbers);
        let left = self.scan(missing, true, numbers - 1);
        [right, left].into_iter().flatten().reduce(better)
    }

    /// Tries the first `boundaries` boundaries from the left, where `left` is there already.
    fn scan(&self, mut left: Sum, missing_left: bool, boundaries: usize) -> Option<Split> {
        let Rules { scale, min_data, min_hessian, .. } = *self.rules;
        let parent = self.rules.score(scale.gradient(self.total), scale.hessian(self.total));
        // A smaller gain is rounding.
        let mut best_gain = parent * 1e-12;
        let mut best = None;
        for (bin, &sum) in self.bins[..boundaries].iter().enumerate() {
            if sum.is_empty() {
                continue;
            }
            left += sum;
            let right = self.total - left;
            if scale.count(left) < min_data {
                continue;
            }
            let right_hessian = scale.hessian(right);
            if scale.count(right) < min_data || right_hessian < min_hessian {
                break;
            }
            let left_hessian = scale.hessian(left);
            if left_hessian < min_hessian {
                continue;
            }
            let gain = self.rules.score(scale.gradient(left), left_hessian)
                + self.rules.score(scale.gradient(right), right_hessian)
                - parent;
            if gain > best_gain {
                best_gain = gain;
                best = Some(Split { feature: self.feature, bin, missing_left, gain, left });
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::histogram::build;
    use crate::trees::{Matrix, Params};

    /// The best division of all rows, where row i has first derivative `gradients[i]` and second 1.
    fn divide(
        columns: Vec<Vec<f32>>,
        gradients: &[f64],
        change: impl Fn(&mut Params),
    ) -> Option<(Split, f64)> {
        let mut params = Params { min_data_in_leaf: 1, min_data_in_bin: 1, ..Params::default() };
        change(&mut params);
        let binned = Binned::new(&Matrix::from_columns(columns).expect("equal lengths"), &params);
        let scale = Scale::new(gradients.len(), 4.0, 1.0);
        let sums: Vec<Sum> = gradients.iter().map(|&g| scale.row(g, 1.0)).collect();
        let mut total = Sum::default();
        sums.iter().for_each(|&sum| total += sum);
        let rows: Vec<u32> = (0..gradients.len() as u32).collect();
        let mut histogram = vec![Sum::default(); binned.bins];
        build(&binned, &rows, &sums, total, &mut histogram);
        let drawn = vec![true; binned.features.len()];
        let split = best(&binned, &drawn, &histogram, total, &Rules::new(&params, scale))?;
        Some((split, scale.gradient(split.left)))
    }

    const X: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    const G: [f64; 6] = [1.0, 1.0, -1.0, -1.0, -1.0, -1.0];

    #[test]
    fn the_gain_is_what_the_formula_says() {
        let (split, left) = divide(vec![X.to_vec()], &G, |_| ()).expect("a gain");
        // 2²/2 + 4²/4 - 2²/6
        assert!((split.gain - (2.0 + 4.0 - 4.0 / 6.0)).abs() < 1e-9);
        assert_eq!((split.feature, split.bin, left), (0, 1, 2.0));
        let (split, _) = divide(vec![X.to_vec()], &G, |p| p.lambda_l2 = 2.0).expect("a gain");
        assert!((split.gain - (4.0 / 4.0 + 16.0 / 6.0 - 4.0 / 8.0)).abs() < 1e-9);
    }

    #[test]
    fn of_equal_columns_the_first_is_taken() {
        let (split, _) = divide(vec![vec![7.0; 6], X.to_vec(), X.to_vec()], &G, |_| ()).expect("a gain");
        assert_eq!(split.feature, 1);
    }

    #[test]
    fn the_limits_on_leaves_hold() {
        let (split, _) = divide(vec![X.to_vec()], &G, |p| p.min_data_in_leaf = 3).expect("a gain");
        assert_eq!(split.bin, 2);
        let (split, _) = divide(vec![X.to_vec()], &G, |p| p.min_sum_hessian = 2.5).expect("a gain");
        assert_eq!(split.bin, 2);
        assert_eq!(divide(vec![X.to_vec()], &G, |p| p.min_data_in_leaf = 4), None);
    }

    #[test]
    fn nothing_is_gained_from_constants() {
        assert_eq!(divide(vec![vec![7.0; 6]], &G, |_| ()), None, "a constant column");
        assert_eq!(divide(vec![X.to_vec()], &[0.3; 6], |_| ()), None, "constant derivatives");
    }

    #[test]
    fn missing_goes_to_the_side_it_is_like() {
        let nan = f32::NAN;
        let like_left = [1.0, 1.0, -1.0, -1.0, 1.0, 1.0];
        let (split, left) =
            divide(vec![vec![1.0, 2.0, 3.0, 4.0, nan, nan]], &like_left, |_| ()).expect("a gain");
        assert_eq!((split.bin, split.missing_left, left), (1, true, 4.0));
        let like_right = [1.0, 1.0, -1.0, -1.0, -1.0, -1.0];
        let (split, left) =
            divide(vec![vec![1.0, 2.0, 3.0, 4.0, nan, nan]], &like_right, |_| ()).expect("a gain");
        assert_eq!((split.bin, split.missing_left, left), (1, false, 2.0));
        let alone = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0];
        let (split, left) = divide(vec![vec![1.0, 2.0, 3.0, 4.0, nan, nan]], &alone, |_| ()).expect("a gain");
        assert_eq!((split.bin, split.missing_left, left), (3, false, 4.0));
    }

    #[test]
    fn what_training_never_missed_goes_with_the_majority() {
        let (split, _) = divide(vec![X.to_vec()], &G, |_| ()).expect("a gain");
        assert!(!split.missing_left, "four of six rows went right");
        let mirrored: Vec<f64> = G.iter().rev().copied().collect();
        let (split, _) = divide(vec![X.to_vec()], &mirrored, |_| ()).expect("a gain");
        assert!(split.missing_left);
    }
}
