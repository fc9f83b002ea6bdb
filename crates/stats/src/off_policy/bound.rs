//! A lower bound of a policy's value that holds at every moment of the log, for finitely many rows.
//!
//! Not an interval: an upper bound would need the largest weight that can ever come. The invariant:
//! the bound is never above what the largest weights and rewards allow, and never below 0.

use crate::input::{self, BadInput};
use crate::sequential::Bettor;

/// How many nulls are asked before the edge between rejected and kept is searched for.
const GRID: u32 = 64;
/// Halvings of the interval that holds the edge.
const HALVINGS: u32 = 40;

/// The value below which the target's is not, except with chance `alpha`, whenever one looks.
///
/// `weights` are 0 or more, `rewards` in [0, 1], both in the order in which the decisions were made;
/// `clip` is the largest weight that counts, set before the rewards were seen.
///
/// - *What it answers.* What does the target earn at least, without a normal approximation?
/// - *Assumptions.* Each reward lies in [0, 1]; the propensities are those that drew the actions,
///   and may have depended on everything before. A clipped weighted reward has at most the value's
///   mean, so a bound for it holds for the value.
/// - *When it misleads.* It does not, but it can be useless: with few rewards or a large clip it is
///   near 0. A lower clip often gives a higher bound.
/// - *Source.* Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022, section 3, with the bets of
///   [`Bettor`]: the smallest mean against which the capital never reached 1/α.
/// - *Checked against.* Its coverage at every moment, by simulation.
pub fn anytime_lower_bound(weights: &[f64], rewards: &[f64], clip: f64, alpha: f64) -> Result<f64, BadInput> {
    super::check(weights, rewards)?;
    super::check_limit(clip)?;
    input::open_unit("alpha", alpha)?;
    input::all_unit("rewards", rewards)?;
    let values: Vec<f64> = weights.iter().zip(rewards).map(|(w, r)| w.min(clip) / clip * r).collect();
    let edge = smallest_kept(|null| rejected(&values, null, -alpha.ln()), ceiling(&values));
    Ok(edge * clip)
}

/// Whether the capital against this mean ever reached 1/α. The capital of a null that the data
/// exceed need not fall evenly as the null rises, so the edge is looked for from below.
fn rejected(values: &[f64], null: f64, needed: f64) -> bool {
    if null <= 0.0 || null >= 1.0 {
        return null <= 0.0;
    }
    let mut bettor = Bettor::new(null).expect("the null lies strictly between 0 and 1");
    values.iter().any(|&v| bettor.observe(v).expect("values lie in [0, 1]") >= needed)
}

/// The bound is not looked for above the largest mean of the values so far: it could only be higher
/// by luck of the bets, and a lower bound that is cut down stays one.
fn ceiling(values: &[f64]) -> f64 {
    let (mut total, mut highest) = (0.0, 0.0f64);
    for (rows, value) in (1u32..).zip(values) {
        total += value;
        highest = highest.max(total / f64::from(rows));
    }
    highest
}

fn smallest_kept(rejected: impl Fn(f64) -> bool, ceiling: f64) -> f64 {
    let null = |step: u32| ceiling * f64::from(step) / f64::from(GRID);
    let Some(first) = (1..=GRID).find(|&step| !rejected(null(step))) else { return ceiling };
    let (mut low, mut high) = (null(first - 1), null(first));
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if rejected(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use proptest::prelude::*;

    /// The log takes either of two actions evenly, the target the first with 0.9; the first is
    /// rewarded with 0.3, the second with 0.1.
    fn drawn(run: u64, rows: u64) -> (Vec<f64>, Vec<f64>) {
        let row = |i: u64| {
            let first = random::unit(run, i, 0) < 0.5;
            let (weight, chance) = if first { (1.8, 0.3) } else { (0.2, 0.1) };
            (weight, f64::from(u8::from(random::unit(run, i, 1) < chance)))
        };
        (0..rows).map(row).unzip()
    }

    const VALUE: f64 = 0.9 * 0.3 + 0.1 * 0.1;

    #[test]
    fn the_bound_holds_at_every_moment_and_comes_near() {
        let bounds: Vec<f64> = (0..300)
            .map(|run| {
                let (weights, rewards) = drawn(run, 1_000);
                anytime_lower_bound(&weights, &rewards, 2.0, 0.05).unwrap()
            })
            .collect();
        // The bound is the highest of all moments; 5% of 300 is 15, three standard errors more 26.
        let above = bounds.iter().filter(|&&b| b > VALUE).count();
        assert!(above <= 26, "{above}");
        let mean = bounds.iter().sum::<f64>() / 300.0;
        assert!((0.75 * VALUE..VALUE).contains(&mean), "{mean}");
    }

    #[test]
    fn no_reward_leaves_no_bound_and_a_reward_beyond_1_is_refused() {
        assert_eq!(anytime_lower_bound(&[1.0; 50], &[0.0; 50], 20.0, 0.05), Ok(0.0));
        let error = anytime_lower_bound(&[1.0; 2], &[0.5, 3.0], 20.0, 0.05).unwrap_err();
        assert_eq!(error.to_string(), "rewards, row 1: found 3, expected a number in [0, 1]");
    }

    proptest! {
        #[test]
        fn more_doubt_never_raises_the_bound(run in 0u64..1_000) {
            let (weights, rewards) = drawn(run, 200);
            let at = |alpha| anytime_lower_bound(&weights, &rewards, 2.0, alpha).unwrap();
            prop_assert!(at(0.01) <= at(0.05) + 1e-9 && at(0.05) <= at(0.2) + 1e-9);
            prop_assert!((0.0..=2.0).contains(&at(0.05)));
        }
    }
}
