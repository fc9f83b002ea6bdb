//! Many tests at once: adjusted p-values, and the same for e-values.
//!
//! For a family known beforehand (slices, metrics); tests that arrive over a model's life are
//! [`crate::budget`]. The invariant: an adjusted p-value is never below its own p-value, never
//! above 1, and keeps the order of the p-values.

use crate::input::{self, BadInput};

/// Which error the adjustment keeps below alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Any false rejection; p times the number of tests.
    Bonferroni,
    /// Any false rejection, uniformly better than Bonferroni (Holm 1979). The default for harm.
    Holm,
    /// Any false rejection, better again; the tests must be independent or positively dependent
    /// (Hommel 1988).
    Hommel,
    /// The expected share of false ones among the rejections; independent or positively
    /// dependent tests (Benjamini and Hochberg 1995). The default for warnings.
    BenjaminiHochberg,
    /// The same under any dependence (Benjamini and Yekutieli 2001).
    BenjaminiYekutieli,
}

/// Adjusted p-values, in the order given: reject those at or below alpha.
///
/// - *What it answers.* Which of these findings remain when one remembers how many were looked at?
/// - *Assumptions.* See [`Adjustment`]; every test that was made is in the list.
/// - *When it misleads.* When the list was chosen after seeing the p-values.
/// - *Source.* As named at each; Wright 1992 for Hommel's adjusted values.
/// - *Checked against.* statsmodels 0.15.0 `multipletests`.
pub fn adjust(p_values: &[f64], adjustment: Adjustment) -> Result<Vec<f64>, BadInput> {
    input::all_unit("p-values", p_values)?;
    let count = p_values.len() as f64;
    let order = ascending(p_values);
    let sorted: Vec<f64> = order.iter().map(|&i| p_values[i]).collect();
    let harmonic: f64 = (1..=p_values.len()).map(|i| 1.0 / i as f64).sum();
    let adjusted = match adjustment {
        Adjustment::Bonferroni => sorted.iter().map(|p| p * count).collect(),
        Adjustment::Holm => step_down(&sorted),
        Adjustment::Hommel => hommel(&sorted),
        Adjustment::BenjaminiHochberg => step_up(&sorted, 1.0),
        Adjustment::BenjaminiYekutieli => step_up(&sorted, harmonic),
    };
    let mut result = vec![0.0; p_values.len()];
    order.iter().zip(adjusted).for_each(|(&i, p)| result[i] = p.min(1.0));
    Ok(result)
}

/// e-BH: which of these e-values to reject so that the expected share of false ones among them is
/// at most `alpha`, under any dependence.
///
/// - *What it answers.* As [`adjust`], for evidence that may be added to later.
/// - *Assumptions.* Each is an e-value: not negative, with expectation at most 1 under its null.
/// - *When it misleads.* It rejects less than Benjamini–Hochberg when that one is valid.
/// - *Source.* Wang and Ramdas 2022, definition 3.
/// - *Checked against.* The formula.
pub fn e_bh(e_values: &[f64], alpha: f64) -> Result<Vec<bool>, BadInput> {
    input::open_unit("alpha", alpha)?;
    input::all("e-values", e_values, "a number, 0 or more", |e| e >= 0.0)?;
    let count = e_values.len() as f64;
    let mut order = ascending(e_values);
    order.reverse();
    let enough = |rank: usize| e_values[order[rank]] >= count / (alpha * (rank as f64 + 1.0));
    let rejected = (0..order.len()).rev().find(|&rank| enough(rank)).map_or(0, |rank| rank + 1);
    let mut result = vec![false; e_values.len()];
    order[..rejected].iter().for_each(|&i| result[i] = true);
    Ok(result)
}

fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}

fn step_down(sorted: &[f64]) -> Vec<f64> {
    let mut highest = 0.0f64;
    let mut adjusted = Vec::with_capacity(sorted.len());
    for (i, p) in sorted.iter().enumerate() {
        highest = highest.max(p * (sorted.len() - i) as f64);
        adjusted.push(highest);
    }
    adjusted
}

fn step_up(sorted: &[f64], factor: f64) -> Vec<f64> {
    let mut lowest = f64::INFINITY;
    let mut adjusted = sorted.to_vec();
    for (i, p) in adjusted.iter_mut().enumerate().rev() {
        lowest = lowest.min(*p * factor * sorted.len() as f64 / (i as f64 + 1.0));
        *p = lowest;
    }
    adjusted
}

/// Wright's algorithm for Hommel's adjusted p-values.
fn hommel(sorted: &[f64]) -> Vec<f64> {
    let n = sorted.len();
    let simes = |from: usize, size: usize| {
        let term = |k: usize| size as f64 * sorted[from + k] / (k + 1 + size - (n - from)) as f64;
        (0..n - from).map(term).fold(f64::INFINITY, f64::min)
    };
    let mut adjusted = vec![if n == 0 { 0.0 } else { simes(0, n) }; n];
    for size in (2..n).rev() {
        let first = n - size + 1;
        let tail = simes(first, size);
        for i in 0..first {
            adjusted[i] = adjusted[i].max(tail.min(size as f64 * sorted[i]));
        }
        for value in &mut adjusted[first..] {
            *value = value.max(tail.min(size as f64 * sorted[n - size]));
        }
    }
    adjusted.iter().zip(sorted).map(|(a, p)| a.max(*p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Adjustment; 5] = [
        Adjustment::Bonferroni,
        Adjustment::Holm,
        Adjustment::Hommel,
        Adjustment::BenjaminiHochberg,
        Adjustment::BenjaminiYekutieli,
    ];

    #[test]
    fn an_empty_family_has_nothing_to_adjust() {
        ALL.iter().for_each(|&a| assert_eq!(adjust(&[], a), Ok(vec![])));
        assert_eq!(e_bh(&[], 0.05), Ok(vec![]));
    }

    #[test]
    fn a_p_value_that_is_not_one_is_named() {
        let error = adjust(&[0.1, 1.5], Adjustment::Holm).unwrap_err();
        assert_eq!(error.to_string(), "p-values, row 1: found 1.5, expected a number in [0, 1]");
    }

    proptest! {
        #[test]
        fn adjusted_values_keep_order_and_their_ranking(p in prop::collection::vec(0.0..=1.0f64, 1..25)) {
            let by = |a| adjust(&p, a).unwrap();
            for adjustment in ALL {
                let adjusted = by(adjustment);
                for (i, &a) in adjusted.iter().enumerate() {
                    prop_assert!(a >= p[i] - 1e-12 && a <= 1.0);
                    for (j, &b) in adjusted.iter().enumerate() {
                        prop_assert!(p[i] > p[j] || a <= b + 1e-12);
                    }
                }
                let mut back: Vec<f64> = p.clone();
                back.reverse();
                let mut reversed = adjust(&back, adjustment).unwrap();
                reversed.reverse();
                prop_assert_eq!(reversed, adjusted);
            }
            // Each is at least as sharp as the one before it.
            for pair in ALL[..4].windows(2) {
                for (loose, sharp) in by(pair[0]).iter().zip(by(pair[1])) {
                    prop_assert!(sharp <= loose + 1e-12, "{pair:?}: {loose} then {sharp}");
                }
            }
        }

        #[test]
        fn more_evidence_never_loses_a_rejection(e in prop::collection::vec(0.0..200.0f64, 1..15)) {
            let before = e_bh(&e, 0.1).unwrap();
            let after = e_bh(&e.iter().map(|x| 2.0 * x).collect::<Vec<_>>(), 0.1).unwrap();
            prop_assert!(before.iter().zip(&after).all(|(b, a)| *a || !*b));
        }
    }
}
