//! Evidence that an error rate is below a limit, from independent rows.
//!
//! Not for rows that were drawn with unequal chances ([`super::drawn_p`]). The invariant: no normal
//! approximation, so each statement holds for any number of rows.

use crate::distribution::binomial_cdf;
use crate::input::{self, BadInput};
use crate::proportion::{Count, clopper_pearson};

/// The chance of at most this many errors if the error rate were `alpha`: the p-value against "the error
/// rate is `alpha` or more". `errors.successes` counts the errors, `errors.trials` the rows; 1 for no rows.
///
/// - *What it answers.* Do these rows show an error rate below the limit?
/// - *Assumptions.* Independent rows with one common error rate; the rows were not picked by their errors.
/// - *When it misleads.* Clustered rows (one user, one day) count for fewer than they are.
/// - *Source.* The exact binomial test, as in Angelopoulos et al. 2021 (Learn then Test), section 4.
/// - *Checked against.* scipy `binom.cdf`, in the vector `ltt_p_values` of the reference file.
///
/// # Errors
/// More errors than rows, or an `alpha` outside (0, 1).
pub fn binomial_p(errors: Count, alpha: f64) -> Result<f64, BadInput> {
    input::open_unit("limit of the error rate", alpha)?;
    let possible = errors.successes <= errors.trials;
    input::parameter("errors", errors.successes as f64, "at most the number of rows", possible)?;
    Ok(binomial_cdf(errors.successes, errors.trials, alpha))
}

/// The one-sided upper bound of the error rate by Clopper and Pearson, wrong with chance at most `delta`.
///
/// - *What it answers.* How high could the error rate be?
/// - *Assumptions.* Those of [`binomial_p`], and one set of rows chosen beforehand: over several thresholds,
///   share `delta` among them or use [`super::certify`].
/// - *When it misleads.* Read at the best of many thresholds, it holds at none.
/// - *Source.* Clopper and Pearson 1934; Geifman and El-Yaniv 2017, lemma 3.1.
/// - *Checked against.* The vector `selective_risk_upper_bound` of the reference file.
///
/// # Errors
/// No rows, more errors than rows, or a `delta` outside (0, ½).
pub fn error_upper_bound(errors: Count, delta: f64) -> Result<f64, BadInput> {
    let good = delta > 0.0 && delta < 0.5;
    input::parameter("delta", delta, "a number strictly between 0 and 1/2", good)?;
    // Each side of a two-sided interval misses with half of what is left of its level.
    Ok(clopper_pearson(errors, 1.0 - 2.0 * delta)?.high)
}

/// The Hoeffding–Bentkus p-value against "the mean loss is `alpha` or more", for losses in [0, 1] with mean
/// `mean_loss` over `rows`.
///
/// - *What it answers.* As [`binomial_p`], for losses that are not only 0 or 1.
/// - *Assumptions.* Independent rows, losses in [0, 1].
/// - *When it misleads.* For 0/1 losses it costs up to a factor e against the exact [`binomial_p`]. It knows
///   nothing of the variance, so with losses far from 0 and 1 a bet ([`crate::sequential::Bettor`]) is sharper.
/// - *Source.* Bates et al. 2021, theorem 3; Angelopoulos et al. 2021, proposition 1.
/// - *Checked against.* The vector `ltt_p_values` of the reference file.
///
/// # Errors
/// No rows, a mean loss outside [0, 1], or an `alpha` outside (0, 1).
pub fn hoeffding_bentkus_p(mean_loss: f64, rows: u64, alpha: f64) -> Result<f64, BadInput> {
    input::open_unit("limit of the loss", alpha)?;
    input::at_least("rows", usize::try_from(rows).unwrap_or(usize::MAX), 1)?;
    let good = (0.0..=1.0).contains(&mean_loss);
    input::parameter("mean loss", mean_loss, "a number in [0, 1]", good)?;
    let hoeffding = (-(rows as f64) * divergence(mean_loss.min(alpha), alpha)).exp();
    let losses = (mean_loss * rows as f64).ceil() as u64;
    let bentkus = std::f64::consts::E * binomial_cdf(losses, rows, alpha);
    Ok(hoeffding.min(bentkus).min(1.0))
}

/// How many rows without a single error it takes to show an error rate below `alpha` at `delta`: with fewer,
/// no outcome can.
///
/// # Errors
/// An `alpha` or a `delta` outside (0, 1).
pub fn least_accepted(alpha: f64, delta: f64) -> Result<u64, BadInput> {
    input::open_unit("limit of the error rate", alpha)?;
    input::open_unit("delta", delta)?;
    Ok((delta.ln() / libm::log1p(-alpha)).ceil() as u64)
}

/// The relative entropy of two coins.
fn divergence(a: f64, b: f64) -> f64 {
    let part = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a * (a / b).ln() };
    part(a, b) + part(1.0 - a, 1.0 - b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(successes: u64, trials: u64) -> Count {
        Count { successes, trials }
    }

    #[test]
    fn impossible_input_is_refused() {
        assert!(binomial_p(count(3, 2), 0.1).is_err() && binomial_p(count(0, 2), f64::NAN).is_err());
        assert!(
            error_upper_bound(count(0, 0), 0.05).is_err() && error_upper_bound(count(0, 9), 0.5).is_err()
        );
        assert!(hoeffding_bentkus_p(f64::NAN, 9, 0.1).is_err() && hoeffding_bentkus_p(0.1, 0, 0.1).is_err());
        assert!(least_accepted(1.0, 0.05).is_err() && least_accepted(0.1, f64::INFINITY).is_err());
    }

    #[test]
    fn no_rows_are_no_evidence() {
        assert_eq!(binomial_p(count(0, 0), 0.1), Ok(1.0));
    }

    proptest! {
        #[test]
        fn the_test_and_the_bound_agree(k in 0u64..40, more in 1u64..200, alpha in 0.01..0.5f64) {
            let errors = count(k, k + more);
            let (p, bound) = (binomial_p(errors, alpha).unwrap(), error_upper_bound(errors, 0.05).unwrap());
            prop_assume!((p - 0.05).abs() > 1e-9);
            prop_assert_eq!(p < 0.05, bound < alpha);
        }

        #[test]
        fn a_bound_for_all_losses_is_no_sharper_than_the_exact_one(k in 0u64..40, more in 1u64..200) {
            let p = hoeffding_bentkus_p(k as f64 / (k + more) as f64, k + more, 0.1).unwrap();
            prop_assert!(p >= binomial_p(count(k, k + more), 0.1).unwrap() - 1e-12 && p <= 1.0);
        }

        #[test]
        fn the_least_number_of_rows_is_the_least(alpha in 0.005..0.6f64, delta in 0.01..0.3f64) {
            let least = least_accepted(alpha, delta).unwrap();
            prop_assert!(binomial_p(count(0, least), alpha).unwrap() <= delta * (1.0 + 1e-9));
            prop_assert!(binomial_p(count(0, least - 1), alpha).unwrap() > delta * (1.0 - 1e-9));
        }
    }
}
