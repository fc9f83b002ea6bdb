//! Sample-ratio mismatch: did the arms get the shares of units they were meant to?
//!
//! A mismatch means that the experiment is broken (lost exposures, a biased join) and nothing else
//! in it may be read. [`SequentialSrm`] may be looked at after every unit; [`srm_chi_square`] is
//! for a final report. The invariant: only counts matter, not their order in time.

use crate::distribution::chi_square_upper;
use crate::input::{self, BadInput};
use crate::sum::sum;
use libm::lgamma;

/// The chi-square test of counts against intended shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// The statistic.
    pub statistic: f64,
    /// Its p-value, with one degree of freedom less than there are arms.
    pub p: f64,
}

/// Pearson's chi-square test of `counts` against `weights`, which need not sum to 1.
///
/// - *What it answers.* At the end of an experiment: are the arm sizes those intended?
/// - *Assumptions.* One look; five expected units or more in each arm.
/// - *When it misleads.* Looked at again and again it cries wolf: over 10,000 units at 0.1% it
///   alarms in 2.4% of sound experiments.
/// - *Source.* Pearson 1900; Fabijan et al. 2019 on its use here.
/// - *Checked against.* scipy 1.17.1 `chisquare`, gbstats 0.8.0 `check_srm`.
pub fn srm_chi_square(counts: &[u64], weights: &[f64]) -> Result<ChiSquare, BadInput> {
    let shares = shares(weights)?;
    input::same_length("counts", counts.len(), weights.len())?;
    let total = counts.iter().sum::<u64>() as f64;
    input::parameter("units", total, "1 or more", total >= 1.0)?;
    let part = |(&count, share): (&u64, &f64)| (count as f64 - total * share).powi(2) / (total * share);
    let statistic = sum(counts.iter().zip(&shares).map(part));
    Ok(ChiSquare { statistic, p: chi_square_upper(statistic, counts.len() as f64 - 1.0) })
}

/// The Bayes factor of "other shares than intended" against "the intended shares": an e-value at
/// every moment.
///
/// - *What it answers.* During an experiment, however often one looks: are the arms off?
/// - *Assumptions.* Units fall into arms independently with fixed shares.
/// - *When it misleads.* It needs units: a 52 to 48 split is found with chance 0.93 within 20,000.
/// - *Source.* Lindon and Malek 2022, equation 9: a Dirichlet prior with weight k on the intended
///   shares.
/// - *Checked against.* savvi 0.3.1 `Multinomial`; the closed form on 1.6 million units.
#[derive(Debug, Clone, PartialEq)]
pub struct SequentialSrm {
    shares: Vec<f64>,
    weight: f64,
}

impl SequentialSrm {
    /// For intended `weights` of the arms (two or more, each above 0). `prior` is k: 100, or 1,000
    /// when more than 100,000 units are expected; larger finds smaller mismatches later.
    pub fn new(weights: &[f64], prior: f64) -> Result<Self, BadInput> {
        input::parameter("prior weight", prior, "a number above 0", prior.is_finite() && prior > 0.0)?;
        Ok(SequentialSrm { shares: shares(weights)?, weight: prior })
    }

    /// The natural logarithm of the Bayes factor at these counts: alarm at −ln α or more, once.
    pub fn log_bayes_factor(&self, counts: &[u64]) -> Result<f64, BadInput> {
        input::same_length("counts", counts.len(), self.shares.len())?;
        let total = counts.iter().sum::<u64>() as f64;
        let arm = |(share, &count): (&f64, &u64)| {
            let (prior, count) = (self.weight * share, count as f64);
            lgamma(prior + count) - lgamma(prior) - count * share.ln()
        };
        let whole = lgamma(self.weight) - lgamma(self.weight + total);
        Ok(sum(self.shares.iter().zip(counts).map(arm).chain([whole])))
    }

    /// The p-value that holds at every look: 1 over the largest Bayes factor so far, at most 1.
    /// `so_far` is that of the look before (1 at the first).
    pub fn anytime_p(&self, counts: &[u64], so_far: f64) -> Result<f64, BadInput> {
        let good = (0.0..=1.0).contains(&so_far);
        input::parameter("p-value so far", so_far, "a number in [0, 1]", good)?;
        Ok((-self.log_bayes_factor(counts)?).exp().min(so_far))
    }
}

fn shares(weights: &[f64]) -> Result<Vec<f64>, BadInput> {
    input::at_least("arms", weights.len(), 2)?;
    input::all("arm weights", weights, "a finite number above 0", |w| w.is_finite() && w > 0.0)?;
    let total = sum(weights.iter().copied());
    Ok(weights.iter().map(|w| w / total).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn check(found: f64, expected: f64, relative: f64) {
        assert!((found - expected).abs() <= relative * expected.abs(), "found {found}, expected {expected}");
    }

    #[test]
    fn large_counts_keep_their_digits() {
        let found = srm_chi_square(&[821_588, 815_482], &[0.5, 0.5]).unwrap();
        check(found.statistic, 22.77436884189436, 1e-12);
        check(found.p, 1.8217928726191858e-6, 1e-9);
        for (prior, expected) in [(100.0, 6.532367666251957), (1_000.0, 7.679379289736971)] {
            let srm = SequentialSrm::new(&[1.0, 1.0], prior).unwrap();
            check(srm.log_bayes_factor(&[821_588, 815_482]).unwrap(), expected, 1e-8);
        }
    }

    #[test]
    fn evidence_gathers_as_in_savvi() {
        let srm = SequentialSrm::new(&[0.5, 0.5], 100.0).unwrap();
        let steps = [
            ([60, 40], 0.6588918180465697),
            ([115, 85], 0.9565736741950133),
            ([185, 135], 2.2709618492193187),
            ([315, 225], 5.428887556842383),
            ([515, 375], 8.79384231916201),
        ];
        for (counts, expected) in steps {
            check(srm.log_bayes_factor(&counts).unwrap(), expected, 1e-10);
        }
        // Evidence once gathered stays, and no evidence is p = 1.
        assert_eq!(srm.anytime_p(&[5_000, 5_000], 0.004), Ok(0.004));
        assert_eq!(srm.anytime_p(&[5_000, 5_000], 1.0), Ok(1.0));
        assert!(srm.anytime_p(&[1, 2], f64::NAN).is_err());
    }

    #[test]
    fn no_units_are_no_evidence_and_arms_must_match() {
        let srm = SequentialSrm::new(&[0.9, 0.1], 100.0).unwrap();
        assert!(srm.log_bayes_factor(&[0, 0]).unwrap().abs() < 1e-12);
        assert!(srm.log_bayes_factor(&[1, 2, 3]).is_err());
        assert!(SequentialSrm::new(&[1.0, 0.0], 100.0).is_err());
        assert!(srm_chi_square(&[0, 0], &[0.5, 0.5]).is_err());
    }

    #[test]
    fn looking_after_every_unit_keeps_the_size_and_finds_a_broken_split() {
        let srm = SequentialSrm::new(&[0.5, 0.5], 100.0).unwrap();
        let alarms = |share: f64, alpha: f64| {
            let alarmed = |run: u64| {
                let mut counts = [0, 0];
                (0..2_000).any(|unit| {
                    counts[usize::from(random::unit(51, run, unit) >= share)] += 1;
                    srm.log_bayes_factor(&counts).unwrap() >= -alpha.ln()
                })
            };
            (0..400).filter(|&run| alarmed(run)).count()
        };
        // 5% of 400 is 20; three standard errors more is 33.
        assert!(alarms(0.5, 0.05) <= 33);
        assert!(alarms(0.6, 0.001) >= 390);
    }
}
