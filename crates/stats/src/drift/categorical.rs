//! Distances and a test between the counts of categories in two samples.
//!
//! Which categories there are, and whether "missing" is one, is the caller's choice: both columns of counts
//! name the same categories in the same order. The invariant: shares only, so distances do not depend
//! on how many rows there are, and a category that neither sample has changes nothing.

use crate::distribution::chi_square_upper;
use crate::input::{self, BadInput};
use crate::sum::sum;

/// How far two columns of counts lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CategoryDrift {
    /// The Jensen–Shannon divergence in bits, in [0, 1].
    pub js_divergence: f64,
    /// Its square root, the Jensen–Shannon distance to base 2, in [0, 1]. Other programs report natural
    /// logarithms under the same name: a factor of 0.83.
    pub js_distance: f64,
    /// The Hellinger distance, in [0, 1].
    pub hellinger: f64,
    /// The largest difference of a share (L∞), in [0, 1].
    pub largest_gap: f64,
    /// Half the sum of all differences of shares (total variation), in [0, 1].
    pub total_variation: f64,
    /// Pearson's chi-square statistic of homogeneity, without Yates' correction.
    pub chi_square: f64,
    /// Its degrees of freedom: one less than the categories that occur.
    pub degrees: u64,
    /// Its p-value; 1 where only one category occurs.
    pub p_value: f64,
    /// Cramér's V, in [0, 1]: the effect that belongs to the chi-square.
    pub cramers_v: f64,
}

/// Compares two aligned columns of counts, each with one row or more.
///
/// - *What it answers.* Have the shares of the categories moved, by how much, and is it more than chance?
/// - *Assumptions.* None for the distances. For the p-value: independent rows and five expected rows in
///   each category and sample or more.
/// - *When it misleads.* Distances are above 0 without drift, more so with many rare categories. The
///   p-value of a large sample is tiny for shifts that matter to nobody.
/// - *Source.* Lin 1991 (Jensen–Shannon); Pearson 1900; Cramér 1946, section 21.9.
/// - *Checked against.* scipy 1.17.1 `jensenshannon(base=2)`, `chi2_contingency(correction=False)`.
pub fn category_drift(reference: &[u64], current: &[u64]) -> Result<CategoryDrift, BadInput> {
    input::same_length("current counts", current.len(), reference.len())?;
    let (p, q) = (shares("reference counts", reference)?, shares("current counts", current)?);
    let pairs = || p.iter().copied().zip(q.iter().copied());
    let js_divergence = sum(pairs().map(|(p, q)| towards_middle(p, q) + towards_middle(q, p))).max(0.0);
    let roots = sum(pairs().map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2)));
    let degrees = pairs().filter(|(p, q)| p + q > 0.0).count() as u64 - 1;
    let (chi_square, rows) = homogeneity(reference, current);
    Ok(CategoryDrift {
        js_divergence,
        js_distance: js_divergence.sqrt(),
        hellinger: (0.5 * roots).sqrt(),
        largest_gap: pairs().map(|(p, q)| (p - q).abs()).fold(0.0, f64::max),
        total_variation: 0.5 * sum(pairs().map(|(p, q)| (p - q).abs())),
        chi_square,
        degrees,
        p_value: if degrees == 0 { 1.0 } else { chi_square_upper(chi_square, degrees as f64) },
        // Two samples: the smaller side of the table less one is 1.
        cramers_v: if degrees == 0 { 0.0 } else { (chi_square / rows).sqrt().min(1.0) },
    })
}

/// The shares of counts that are not all 0.
pub(super) fn shares(what: &'static str, counts: &[u64]) -> Result<Vec<f64>, BadInput> {
    let total: f64 = counts.iter().map(|&c| c as f64).sum();
    input::parameter(what, total, "1 row or more", total >= 1.0)?;
    Ok(counts.iter().map(|&c| c as f64 / total).collect())
}

/// Half of p's divergence from the middle of p and q, in bits.
fn towards_middle(p: f64, q: f64) -> f64 {
    if p == 0.0 { 0.0 } else { 0.5 * p * (2.0 * p / (p + q)).log2() }
}

/// Pearson's statistic and the rows of both.
fn homogeneity(reference: &[u64], current: &[u64]) -> (f64, f64) {
    let total = |counts: &[u64]| counts.iter().map(|&c| c as f64).sum::<f64>();
    let (n, m) = (total(reference), total(current));
    let part = |(&a, &b): (&u64, &u64)| {
        let both = a as f64 + b as f64;
        let cell =
            |found: f64, rows: f64| (found - both * (rows / (n + m))).powi(2) / (both * (rows / (n + m)));
        if both == 0.0 { 0.0 } else { cell(a as f64, n) + cell(b as f64, m) }
    };
    (sum(reference.iter().zip(current).map(part)), n + m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn categories_that_never_meet_are_as_far_as_can_be() {
        let found = category_drift(&[5, 0], &[0, 9]).unwrap();
        for distance in [found.js_divergence, found.js_distance, found.hellinger, found.total_variation] {
            assert!((distance - 1.0).abs() < 1e-12, "{found:?}");
        }
        assert!((found.cramers_v - 1.0).abs() < 1e-12 && found.degrees == 1);
    }

    #[test]
    fn one_category_is_no_test_and_none_is_refused() {
        let found = category_drift(&[5, 0], &[9, 0]).unwrap();
        assert_eq!((found.p_value, found.degrees, found.js_distance), (1.0, 0, 0.0));
        assert!(category_drift(&[0, 0], &[1, 0]).is_err() && category_drift(&[1], &[1, 2]).is_err());
    }

    proptest! {
        #[test]
        fn equal_shares_are_no_distance_and_empty_categories_change_nothing(
            counts in prop::collection::vec((0u64..50, 0u64..50), 1..9), factor in 1u64..9,
        ) {
            let (mut a, mut b): (Vec<u64>, Vec<u64>) = counts.into_iter().unzip();
            a[0] += 1;
            b[0] += 1;
            let more: Vec<u64> = a.iter().map(|c| c * factor).collect();
            let same = category_drift(&a, &more).unwrap();
            prop_assert!(same.js_distance < 1e-7 && same.chi_square < 1e-9 && same.hellinger < 1e-7);
            let found = category_drift(&a, &b).unwrap();
            let most = found.total_variation + 1e-12;
            prop_assert!(found.largest_gap <= most && found.js_divergence <= most);
            a.push(0);
            b.push(0);
            prop_assert_eq!(found, category_drift(&a, &b).unwrap());
        }
    }
}
