//! The boundary for yes and no, and the interval of a share that holds at every look.
//!
//! Not an approximation, and so for any number of trials. The invariant: a sum beyond what its variance allows
//! is never asked for.
//!
//! - *What it answers.* Between what bounds is a share, however few trials there are and however often I look?
//! - *Assumptions.* Given the past, the chance of a yes is always the same.
//! - *When it misleads.* Where the share moves. It is tightest at about the planned number of trials.
//! - *Source.* Howard, Ramdas, McAuliffe and Sekhon 2021, propositions 7 and 8.
//! - *Checked against.* confseq 0.0.11 `beta_binomial_mixture_bound`, `bernoulli_confidence_interval`.

use super::mixture::{Sides, Tuning, positive};
use crate::Estimate;
use crate::distribution::{beta_cdf, bisect};
use crate::input::{self, BadInput};
use crate::proportion::Count;
use libm::lgamma;

/// The boundary for sums of values that are `−below` or `above` their mean, or between.
pub fn beta_binomial_bound(
    variance: f64,
    alpha: f64,
    tuning: Tuning,
    (below, above): (f64, f64),
    sides: Sides,
) -> Result<f64, BadInput> {
    positive("variance", variance)?;
    positive("reach below the mean", below)?;
    positive("reach above the mean", above)?;
    input::open_unit("alpha", alpha)?;
    let mixture = BetaBinomial::tuned(tuning, below, above, sides)?;
    // A sum beyond this is impossible at this variance.
    let most = variance / below;
    let reached = |sum: f64| mixture.log(sum, variance) >= -alpha.ln();
    Ok(if reached(most) { bisect(0.0, most, reached) } else { most })
}

/// An interval for a share that holds at every look, tightest at about `planned` trials.
pub fn bernoulli_interval(count: Count, planned: f64, tuning: f64, alpha: f64) -> Result<Estimate, BadInput> {
    input::open_unit("alpha", alpha)?;
    positive("planned trials", planned)?;
    let (yes, trials) = (count.successes as f64, count.trials as f64);
    input::parameter("trials", trials, "1 or more", trials >= 1.0)?;
    input::parameter("successes", yes, "at most the trials", yes <= trials)?;
    Tuning { variance: planned, alpha: tuning }.precision(Sides::Two)?;
    let share = yes / trials;
    let rejected = |p: f64| {
        let tuning = Tuning { variance: p * (1.0 - p) * planned, alpha: tuning };
        BetaBinomial::tuned(tuning, p, 1.0 - p, Sides::Two)
            .is_ok_and(|m| m.log((share - p) * trials, p * (1.0 - p) * trials) >= -alpha.ln())
    };
    let low = if yes == 0.0 { 0.0 } else { bisect(0.0, share, |p| !rejected(p)) };
    let high = if yes == trials { 1.0 } else { bisect(share, 1.0, rejected) };
    Ok(Estimate { value: share, low, high, rows: count.trials })
}

/// The mixture over a beta prior, for values `below` under or `above` over the mean.
struct BetaBinomial {
    prior: f64,
    below: f64,
    above: f64,
    /// Up to where the prior reaches.
    reach: f64,
    normaliser: f64,
}

impl BetaBinomial {
    fn tuned(tuning: Tuning, below: f64, above: f64, sides: Sides) -> Result<Self, BadInput> {
        let product = below * above;
        let prior = (tuning.precision(sides)? - product).max(1e-3 * product);
        let range = below + above;
        let reach = if sides == Sides::One { above / range } else { 1.0 };
        let normaliser = log_beta(prior / (below * range), prior / (above * range), reach);
        Ok(BetaBinomial { prior, below, above, reach, normaliser })
    }

    fn log(&self, sum: f64, variance: f64) -> f64 {
        let (below, above, range) = (self.below, self.above, self.below + self.above);
        let whole = self.prior + variance;
        variance / (below * above) * range.ln()
            - (variance + above * sum) / (above * range) * below.ln()
            - (variance - below * sum) / (below * range) * above.ln()
            + log_beta(
                (whole - below * sum) / (below * range),
                (whole + above * sum) / (above * range),
                self.reach,
            )
            - self.normaliser
    }
}

/// ln of the incomplete beta function B(x; a, b).
fn log_beta(a: f64, b: f64, x: f64) -> f64 {
    let part = if x == 1.0 { 0.0 } else { beta_cdf(x, a, b).ln() };
    part + lgamma(a) + lgamma(b) - lgamma(a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_of_no_trials_is_refused() {
        let interval = |successes, trials| bernoulli_interval(Count { successes, trials }, 100.0, 0.05, 0.05);
        assert!(interval(1, 0).is_err() && interval(6, 5).is_err());
        assert_eq!(interval(0, 5).unwrap().low, 0.0);
        assert_eq!(interval(5, 5).unwrap().high, 1.0);
    }

    proptest! {
        #[test]
        fn the_interval_encloses_the_share_and_is_its_own_mirror(yes in 0u64..200, no in 0u64..200) {
            prop_assume!(yes + no > 0);
            let interval = |successes| {
                bernoulli_interval(Count { successes, trials: yes + no }, 100.0, 0.05, 0.05).unwrap()
            };
            let (here, there) = (interval(yes), interval(no));
            prop_assert!(here.low <= here.value && here.value <= here.high);
            prop_assert!((here.low + there.high - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_boundary_rises_with_time_and_with_strictness(variance in 0.1..1e4f64, alpha in 0.001..0.2f64) {
            let tuning = Tuning { variance: 100.0, alpha: 0.05 };
            for sides in [Sides::One, Sides::Two] {
                let bound = |variance, alpha| {
                    beta_binomial_bound(variance, alpha, tuning, (0.5, 0.5), sides).unwrap()
                };
                let here = bound(variance, alpha);
                prop_assert!(here <= bound(1.5 * variance, alpha) && here <= bound(variance, 0.5 * alpha));
            }
        }
    }
}
