//! The sign-flip test: a mean of paired differences without normality.
//!
//! A cross-check of [`crate::paired`] on few or skewed rows. The invariant: the p-value is never 0,
//! since the arrangement observed is one of those counted.

use crate::bootstrap::groups;
use crate::input::{self, BadInput};
use crate::random;
use crate::sum::sum;

/// The two-sided p-value of "the differences are symmetric about 0", by flipping the signs of
/// whole clusters at random.
///
/// - *What it answers.* As the paired t-test, without asking for normality.
/// - *Assumptions.* Independent clusters; under the null swapping the versions changes nothing.
/// - *When it misleads.* It tests symmetry: a skewed difference with mean 0 may be rejected.
/// - *Source.* Fisher 1935; the observed arrangement counts as one (Phipson and Smyth 2010).
/// - *Checked against.* scipy 1.17.1 `permutation_test(permutation_type="samples")`.
pub fn sign_flip(differences: &[f64], cluster: &[u64], replicates: u32, seed: u64) -> Result<f64, BadInput> {
    input::at_least("replicates", replicates as usize, 1)?;
    input::same_length("clusters", cluster.len(), differences.len())?;
    input::all_finite("differences", differences)?;
    let groups = groups(cluster);
    input::at_least("clusters", groups.len(), 2)?;
    let totals: Vec<f64> = groups.iter().map(|g| sum(g.iter().map(|&row| differences[row]))).collect();
    // Equal up to rounding is equal: flipped sums add the same numbers in other signs.
    let observed = sum(totals.iter().copied()).abs() * (1.0 - 1e-12);
    let flipped = |replicate: u32| {
        let sign = |i: usize| {
            if random::bits(seed, u64::from(replicate), i as u64) >> 63 == 0 { 1.0 } else { -1.0 }
        };
        totals.iter().enumerate().map(|(i, t)| sign(i) * t).sum::<f64>().abs()
    };
    let as_large = (0..replicates).filter(|&r| flipped(r) >= observed).count();
    Ok((as_large + 1) as f64 / (f64::from(replicates) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(differences: &[f64]) -> f64 {
        let clusters: Vec<u64> = (0..differences.len() as u64).collect();
        sign_flip(differences, &clusters, 2_000, 7).unwrap()
    }

    #[test]
    fn a_shifted_mean_is_found_and_a_symmetric_one_is_not() {
        let d: Vec<f64> = (0..40).map(|i| f64::from(i % 7) - 3.0).collect();
        let shifted: Vec<f64> = d.iter().map(|x| x + 2.0).collect();
        assert!(p(&d) > 0.3);
        assert!(p(&shifted) < 0.002);
    }

    #[test]
    fn all_arrangements_of_four_equal_differences_are_as_likely() {
        // 2 of the 16 arrangements are as far from 0 as the one observed.
        assert!((p(&[1.0; 4]) - 0.125).abs() < 0.03);
        assert_eq!(p(&[0.0; 4]), 1.0);
    }

    #[test]
    fn turning_every_sign_changes_nothing() {
        let d = [0.4, -0.1, 0.9, 0.3, -0.2, 0.8];
        assert_eq!(p(&d), p(&d.map(|x| -x)));
    }
}
