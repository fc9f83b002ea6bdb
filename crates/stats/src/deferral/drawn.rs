//! Evidence that an error rate is below a limit, from rows drawn with known but unequal chances.
//!
//! Labels of a review queue are such rows: unsure rows were drawn more. An exact binomial test of them
//! would judge the queue and not the traffic. The invariant: the p-value does not depend on the order of
//! rows, and with all chances alike it needs no fewer rows than [`super::least_accepted`].

use crate::input::{self, BadInput};
use crate::label_sampling::all_possible;
use crate::sum::sum;

/// How many stakes are bet side by side.
const STAKES: u32 = 20;

/// How the labelled rows were drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draws<'a> {
    /// The logged chance of each labelled row, from `floor` to 1.
    pub probabilities: &'a [f64],
    /// The least chance that any row of the traffic had, above 0: set beforehand, not read off the rows.
    pub floor: f64,
}

/// The p-value against "`alpha` or more of the traffic's rows are wrong", from labelled rows drawn by coins
/// of unequal chances.
///
/// - *What it answers.* As [`super::binomial_p`], where unsure rows were labelled more than others.
/// - *Assumptions.* Each row of the traffic was labelled by its own coin with the logged chance, whatever its
///   answer; rows are independent; the floor was set beforehand.
/// - *When it misleads.* Never towards a promise, but it is slow: a row counts as floor/chance of a row, so a
///   queue that labels sure rows seldom takes long to say anything of them.
/// - *Source.* The bounded mean of Waudby-Smith and Ramdas 2024, section 4, on the weighted excess
///   (wrong − alpha)·floor/chance, whose mean is that of the traffic times the floor. The capital is the
///   average over 20 constant stakes, which makes it free of the order; the p-value is one over it.
/// - *Checked against.* Its size by simulation; the exact binomial for equal chances without errors.
///
/// # Errors
/// Columns of different lengths, a chance below the floor or above 1, a floor that is not in (0, 1], or an
/// `alpha` outside (0, 1).
pub fn drawn_p(wrong: &[bool], draws: Draws<'_>, alpha: f64) -> Result<f64, BadInput> {
    input::open_unit("limit of the error rate", alpha)?;
    draws.check(wrong.len())?;
    let rows = (0..wrong.len()).map(|row| (wrong[row], draws.weight(row)));
    Ok(weighted_p(rows, alpha))
}

/// One over the capital against an error rate of `alpha` or more; rows are (wrong, weight in (0, 1]).
pub(super) fn weighted_p(rows: impl Iterator<Item = (bool, f64)> + Clone, alpha: f64) -> f64 {
    let gain = alpha / (1.0 - alpha);
    let log_capital = |stake: u32| {
        // The whole capital at the last stake, lost at the first wrong row of full weight.
        let stake = f64::from(stake) / f64::from(STAKES);
        sum(rows.clone().map(|(wrong, weight)| libm::log1p(stake * weight * if wrong { -1.0 } else { gain })))
    };
    let logs: Vec<f64> = (1..=STAKES).map(log_capital).collect();
    let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = sum(logs.iter().map(|log| (log - high).exp())) / f64::from(STAKES);
    (-(high + mean.ln())).exp().min(1.0)
}

impl Draws<'_> {
    pub(super) fn check(&self, rows: usize) -> Result<(), BadInput> {
        let good = self.floor > 0.0 && self.floor <= 1.0;
        input::parameter("least chance of a label", self.floor, "a number above 0 and at most 1", good)?;
        input::same_length("chances of a label", self.probabilities.len(), rows)?;
        all_possible("chances of a label", self.probabilities)?;
        let expected = "at least the floor that was set beforehand";
        input::all("chances of a label", self.probabilities, expected, |p| p >= self.floor)
    }

    /// How many rows of full weight the row counts for.
    pub(super) fn weight(&self, row: usize) -> f64 {
        self.floor / self.probabilities[row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chances_that_were_not_agreed_are_refused() {
        let p = |probabilities, floor| drawn_p(&[true, false], Draws { probabilities, floor }, 0.1);
        assert!(p(&[0.5, 0.2], 0.2).is_ok());
        let error = p(&[0.5, 0.1], 0.2).unwrap_err().to_string();
        assert_eq!(
            error,
            "chances of a label, row 1: found 0.1, expected at least the floor that was set beforehand"
        );
        assert!(p(&[0.5, f64::NAN], 0.2).is_err() && p(&[0.5], 0.2).is_err() && p(&[0.5, 0.5], 0.0).is_err());
    }

    #[test]
    fn no_rows_are_no_evidence_and_many_errors_do_not_overflow() {
        assert_eq!(drawn_p(&[], Draws { probabilities: &[], floor: 1.0 }, 0.1), Ok(1.0));
        let many = vec![true; 20_000];
        let p = drawn_p(&many, Draws { probabilities: &vec![1.0; 20_000], floor: 1.0 }, 0.1);
        assert_eq!(p, Ok(1.0));
    }

    proptest! {
        #[test]
        fn equal_chances_without_errors_cost_at_most_the_stakes(rows in 1usize..300, alpha in 0.01..0.4f64) {
            let (wrong, probabilities) = (vec![false; rows], vec![0.3; rows]);
            let p = drawn_p(&wrong, Draws { probabilities: &probabilities, floor: 0.3 }, alpha).unwrap();
            let exact = (1.0 - alpha).powi(rows as i32);
            prop_assert!(p >= exact * (1.0 - 1e-9) && p <= (20.0 * exact * (1.0 + 1e-9)).min(1.0));
        }

        #[test]
        fn an_error_never_helps_and_order_does_not_count(
            mut rows in prop::collection::vec((any::<bool>(), 0.1..=1.0f64), 1..40), at in 0usize..40,
        ) {
            let p = |rows: &[(bool, f64)]| {
                let (wrong, probabilities): (Vec<bool>, Vec<f64>) = rows.iter().copied().unzip();
                drawn_p(&wrong, Draws { probabilities: &probabilities, floor: 0.1 }, 0.2).unwrap()
            };
            let (first, at) = (p(&rows), at % rows.len());
            rows.reverse();
            prop_assert!((p(&rows) - first).abs() < 1e-12);
            rows[at].0 = true;
            prop_assert!(p(&rows) >= first - 1e-12);
        }
    }
}
