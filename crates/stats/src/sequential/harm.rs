//! Harm: is the challenger worse than its guardrail allows? A bet that may be settled at every request.
//!
//! Not for showing that something is better. The invariant: only counts matter, not their order, so a
//! stop can be replayed from an event that holds them; and under the null the evidence reaches 1/δ
//! with chance at most δ, ever. Bets are fixed beforehand, from one that stops a total break within
//! tens of requests down to one for small harm, and all of it is kept in logs.

use crate::distribution::bisect;
use crate::input::{self, BadInput};

/// The share of its capital that the boldest bet risks; each next bet risks half as much.
const BOLDEST: f64 = 0.9;

/// How many bets: the most timid risks 0.9/2⁹ = 0.2% of its capital.
const BETS: usize = 10;

/// 1 + 1/2 + … + 1/10. The bet number j starts with a share of the capital as 1/j: guardrails are mostly
/// on rare events, for which bold bets are the right ones.
const SHARES: f64 = 7381.0 / 2520.0;

/// Matched pairs of a challenger's and an incumbent's unit: how many went bad where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HarmCounts {
    /// Only the challenger's unit went bad.
    pub worse: u64,
    /// Both or neither went bad.
    pub same: u64,
    /// Only the incumbent's unit went bad.
    pub better: u64,
}

impl HarmCounts {
    /// All pairs.
    pub fn pairs(&self) -> u64 {
        self.worse + self.same + self.better
    }

    /// The excess of bad units under the challenger, as a share of the pairs; 0 without pairs.
    pub fn excess(&self) -> f64 {
        if self.pairs() == 0 { 0.0 } else { (self.worse as f64 - self.better as f64) / self.pairs() as f64 }
    }

    fn mirrored(&self) -> HarmCounts {
        HarmCounts { worse: self.better, same: self.same, better: self.worse }
    }
}

/// A guardrail on pairs: "the challenger's share of bad units exceeds the incumbent's by at most the
/// tolerance".
///
/// - *What it answers.* Is the challenger's rate of errors, invalid answers or slow answers higher than
///   the incumbent's by more than is tolerated, looked at after every request?
/// - *Assumptions.* Pairs whose members were assigned by chance; how a pair is made does not depend on
///   how its units end. Given the past, the mean excess under the null is at most the tolerance.
/// - *When it misleads.* A small e-value is no proof of safety: for that use
///   [`HarmLimit::highest_excess`]. With a generous tolerance each pair that ends alike costs a little.
/// - *Source.* Waudby-Smith and Ramdas 2024, section 4: betting, with a mixture of fixed bets,
///   on x = (1 + d)/2, d = bad(challenger) − bad(incumbent); Ville 1939 for the bound.
/// - *Checked against.* The product of the single bets; its size and speed by simulation
///   (`tests/simulation/harm.rs`), beside an independent simulation of adaptive bets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HarmLimit {
    tolerance: f64,
}

impl HarmLimit {
    /// With a tolerated excess in [0, 1), such as 0.01.
    pub fn new(tolerance: f64) -> Result<Self, BadInput> {
        let good = (0.0..1.0).contains(&tolerance);
        input::parameter("tolerated excess", tolerance, "a number in [0, 1)", good)?;
        Ok(HarmLimit { tolerance })
    }

    /// The natural logarithm of the evidence against "within the tolerance": stop at −ln δ or more.
    pub fn log_e_value(&self, counts: HarmCounts) -> f64 {
        log_e_pairs(counts, self.tolerance)
    }

    /// The least δ at which these pairs alone would stop the challenger, at most 1.
    pub fn p_value(&self, counts: HarmCounts) -> f64 {
        (-self.log_e_value(counts)).exp().min(1.0)
    }

    /// The bound that the true excess is not above, except with chance `delta` over all looks; 1 where
    /// nothing is known yet. Below the tolerance, the challenger is shown to be within it.
    pub fn highest_excess(counts: HarmCounts, delta: f64) -> Result<f64, BadInput> {
        input::open_unit("delta", delta)?;
        let mirrored = counts.mirrored();
        // Against "the excess is at least v" one bets on the mirrored pairs, whose excess is at most −v.
        Ok(bisect(-1.0, 1.0, |v| log_e_pairs(mirrored, -v) >= -delta.ln()))
    }

    /// The bound that the true excess is not below, except with chance `delta` over all looks; −1 where
    /// nothing is known yet.
    pub fn lowest_excess(counts: HarmCounts, delta: f64) -> Result<f64, BadInput> {
        Ok(-HarmLimit::highest_excess(counts.mirrored(), delta)?)
    }
}

/// A guardrail on one arm: "its share of bad units is at most the limit".
///
/// - *What it answers.* Has the challenger's own failure rate passed a fixed limit, where there is no
///   incumbent to compare with (a shadow, a service level)?
/// - *Assumptions.* Given the past, the chance of a bad unit under the null is at most the limit.
/// - *When it misleads.* When everything fails, the incumbent's requests too: it cannot know whose
///   fault that is.
/// - *Source, checked against.* As [`HarmLimit`]: a bet of a share s of the capital on a rate r is the
///   likelihood ratio of the rate r + s(1 − r) against r.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    limit: f64,
}

impl RateLimit {
    /// With a limit strictly between 0 and 1, such as 0.01.
    pub fn new(limit: f64) -> Result<Self, BadInput> {
        input::open_unit("limit of the rate", limit)?;
        Ok(RateLimit { limit })
    }

    /// The natural logarithm of the evidence against "within the limit", of `bad` units out of `units`:
    /// stop at −ln δ or more.
    pub fn log_e_value(&self, bad: u64, units: u64) -> Result<f64, BadInput> {
        input::parameter("bad units", bad as f64, "at most the units", bad <= units)?;
        Ok(log_e_rate(bad, units - bad, self.limit))
    }

    /// The bound that the true rate is not above, except with chance `delta` over all looks.
    pub fn highest_rate(bad: u64, units: u64, delta: f64) -> Result<f64, BadInput> {
        input::open_unit("delta", delta)?;
        input::parameter("bad units", bad as f64, "at most the units", bad <= units)?;
        Ok(bisect(0.0, 1.0, |rate| log_e_rate(units - bad, bad, 1.0 - rate) >= -delta.ln()))
    }
}

/// Bets on pairs against "the mean of d is at most `null`", in (−1, 1). A bet that risks a share s of
/// the capital is worth 1 + s(1 − null)/(1 + null) on a worse pair, and so on.
fn log_e_pairs(counts: HarmCounts, null: f64) -> f64 {
    let (worse, same, better) = (counts.worse as f64, counts.same as f64, counts.better as f64);
    let (gain, cost) = ((1.0 - null) / (1.0 + null), null / (1.0 + null));
    mixture(|share| {
        times(worse, libm::log1p(share * gain))
            + times(same, libm::log1p(-share * cost))
            + times(better, libm::log1p(-share))
    })
}

/// Bets on single units against "the chance of a bad one is at most `null`", in (0, 1).
fn log_e_rate(bad: u64, good: u64, null: f64) -> f64 {
    let gain = (1.0 - null) / null;
    mixture(|share| times(bad as f64, libm::log1p(share * gain)) + times(good as f64, libm::log1p(-share)))
}

/// No unit of a kind is worth nothing, also where one unit would be worth infinity.
fn times(count: f64, log: f64) -> f64 {
    if count == 0.0 { 0.0 } else { count * log }
}

/// The log of the capital of all bets together, which start with 1.
fn mixture(log_capital: impl Fn(f64) -> f64) -> f64 {
    let logs: [f64; BETS] = std::array::from_fn(|bet| {
        let share = BOLDEST * 0.5f64.powi(bet as i32);
        log_capital(share) - (SHARES * (bet + 1) as f64).ln()
    });
    let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high.is_infinite() {
        return high;
    }
    high + logs.iter().map(|log| (log - high).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(worse: u64, same: u64, better: u64) -> HarmCounts {
        HarmCounts { worse, same, better }
    }

    fn log_e(counts: HarmCounts, tolerance: f64) -> f64 {
        HarmLimit::new(tolerance).unwrap().log_e_value(counts)
    }

    #[test]
    fn the_evidence_is_what_the_bets_have_won_together() {
        let (tolerance, share) = (0.02, |bet: i32| 0.9 * 0.5f64.powi(bet));
        let together = |capital: &dyn Fn(i32) -> f64| {
            let part = |bet: i32| 1.0 / f64::from(bet + 1);
            (0..10).map(|bet| part(bet) * capital(bet)).sum::<f64>() / (0..10).map(part).sum::<f64>()
        };
        let m = 0.5 * (1.0 + tolerance);
        let product = |x: f64, n: i32, bet: i32| (1.0 + share(bet) / m * (x - m)).powi(n);
        let capital = |bet: i32| product(1.0, 5, bet) * product(0.5, 90, bet) * product(0.0, 2, bet);
        let expected = together(&capital);
        assert!((log_e(counts(5, 90, 2), tolerance).exp() - expected).abs() < 1e-12 * expected);
        let unit = |bet: i32| (1.0 + share(bet) / 0.1 * 0.9).powi(6) * (1.0 - share(bet)).powi(30);
        let expected = together(&unit);
        let found = RateLimit::new(0.1).unwrap().log_e_value(6, 36).unwrap().exp();
        assert!((found - expected).abs() < 1e-12 * expected);
    }

    #[test]
    fn a_total_break_stops_within_tens_of_requests() {
        for tolerance in [0.0, 0.01, 0.05, 0.1] {
            let stop = (1..1_000).find(|&n| log_e(counts(n, 0, 0), tolerance) >= -0.01f64.ln()).unwrap();
            assert!(stop <= 20, "tolerance {tolerance}: {stop}");
        }
        let alone = RateLimit::new(0.05).unwrap();
        assert!((1..20).any(|n| alone.log_e_value(n, n).unwrap() >= -0.01f64.ln()));
    }

    #[test]
    fn nothing_seen_is_nothing_known() {
        let none = HarmCounts::default();
        assert!(log_e(none, 0.01).abs() < 1e-15);
        assert_eq!(HarmLimit::new(0.01).unwrap().p_value(none), 1.0);
        assert_eq!(HarmLimit::highest_excess(none, 0.05), Ok(1.0));
        assert_eq!(HarmLimit::lowest_excess(none, 0.05), Ok(-1.0));
        assert_eq!(RateLimit::highest_rate(0, 0, 0.05), Ok(1.0));
    }

    #[test]
    fn millions_of_requests_neither_overflow_nor_vanish() {
        assert!(log_e(counts(5_000_000, 0, 0), 0.0) > 1e6);
        assert!(log_e(counts(0, 0, 5_000_000), 0.0) < -1_000.0);
        let clean = HarmLimit::highest_excess(counts(0, 1_000_000, 0), 0.05).unwrap();
        assert!((0.0..1e-4).contains(&clean), "{clean}");
    }

    #[test]
    fn what_is_no_tolerance_is_refused() {
        assert!(HarmLimit::new(1.0).is_err() && HarmLimit::new(f64::NAN).is_err());
        assert!(RateLimit::new(0.0).is_err());
        assert!(RateLimit::new(0.1).unwrap().log_e_value(3, 2).is_err());
    }

    proptest! {
        #[test]
        fn more_harm_is_more_evidence(w in 0u64..200, s in 0u64..2_000, b in 0u64..200, t in 0.0..0.2f64) {
            let here = log_e(counts(w, s, b), t);
            prop_assert!(log_e(counts(w + 1, s, b), t) > here);
            prop_assert!(log_e(counts(w, s, b + 1), t) < here);
            prop_assert!(log_e(counts(w, s, b), t + 0.05) <= here);
        }

        #[test]
        fn the_bounds_enclose_the_excess_and_decide_as_the_evidence(
            w in 0u64..200, s in 0u64..2_000, b in 0u64..200, t in 0.0..0.2f64,
        ) {
            let pairs = counts(w, s, b);
            let low = HarmLimit::lowest_excess(pairs, 0.05).unwrap();
            let high = HarmLimit::highest_excess(pairs, 0.05).unwrap();
            prop_assert!(low <= pairs.excess() && pairs.excess() <= high);
            prop_assume!((low - t).abs() > 1e-9);
            prop_assert_eq!(low > t, log_e(pairs, t) >= -0.05f64.ln());
        }

        #[test]
        fn a_rate_is_below_its_bound(bad in 0u64..100, good in 0u64..5_000) {
            let high = RateLimit::highest_rate(bad, bad + good, 0.05).unwrap();
            prop_assert!(high >= bad as f64 / (bad + good).max(1) as f64);
        }
    }
}
