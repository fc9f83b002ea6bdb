//! How sure a decay curve is: whole origins drawn again.

use super::Decay;
use crate::bootstrap::{Resampling, check, draw, groups, percentiles};
use crate::input::{self, BadInput};

/// What the curve may be, from curves fitted to origins drawn again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecayInterval {
    /// The lower end for the half-life; `None` where so few draws age at all that even that is not known.
    pub half_life_low: Option<f64>,
    /// Its upper end; `None` where it is not known, since too many draws do not age.
    pub half_life_high: Option<f64>,
    /// The lower end for the excess loss at the oldest age.
    pub oldest_low: f64,
    /// Its upper end: with no ageing seen, how much there may be all the same.
    pub oldest_high: f64,
    /// The share of draws that do not age.
    pub ageless: f64,
}

/// Percentile intervals for the half-life and for the excess loss at the oldest age, from draws of whole
/// origins. `origin` names for each point the moment at which its model was trained; two origins or more,
/// in practice eight.
///
/// - *What it answers.* How well do these origins know how the model ages?
/// - *Assumptions.* Independent origins; all the rest as for [`Decay::fit`].
/// - *When it misleads.* With few origins it is too narrow. Ages that overlap between origins are not
///   independent, and it does not know.
/// - *Source.* Efron and Tibshirani 1993, section 13.3, by cluster.
/// - *Checked against.* Its coverage by simulation.
pub fn decay_interval(
    origin: &[u64],
    ages: &[f64],
    excess: &[f64],
    plan: Resampling,
) -> Result<DecayInterval, BadInput> {
    let drawn = decay_draws(origin, ages, excess, plan)?;
    let oldest = ages.iter().copied().fold(0.0, f64::max);
    Ok(interval(&drawn, oldest, plan.level))
}

/// The curves behind [`decay_interval`], one a draw; `None` where a draw does not age. What follows from a curve,
/// such as a cadence, gets its interval from what follows from each of these: see [`draws_interval`].
pub fn decay_draws(
    origin: &[u64],
    ages: &[f64],
    excess: &[f64],
    plan: Resampling,
) -> Result<Vec<Option<Decay>>, BadInput> {
    input::same_length("origins", origin.len(), ages.len())?;
    check(plan)?;
    Decay::fit(ages, excess)?;
    let groups = groups(origin);
    input::at_least("different origins", groups.len(), 2)?;
    let one = |replicate: u32| {
        let rows = draw(&groups, plan.seed, u64::from(replicate));
        let of = |column: &[f64]| -> Vec<f64> { rows.iter().map(|&row| column[row]).collect() };
        // A draw whose origins hold too few ages to fit says nothing and is left out.
        Decay::fit(&of(ages), &of(excess)).ok()
    };
    let drawn: Vec<Option<Decay>> = (0..plan.replicates).filter_map(one).collect();
    input::at_least("draws of origins with three ages", drawn.len(), 1)?;
    Ok(drawn)
}

/// The percentile interval of what follows from each draw, infinite where nothing bounds it: whole draws, never
/// between two of them, and `None` for an end without bound. At least one value; `level` such as 0.95.
pub fn draws_interval(mut values: Vec<f64>, level: f64) -> (Option<f64>, Option<f64>) {
    values.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - level);
    let end = |share: f64| {
        let place = (share * (values.len() - 1) as f64).round() as usize;
        Some(values[place]).filter(|value| value.is_finite())
    };
    (end(tail), end(1.0 - tail))
}

fn interval(drawn: &[Option<Decay>], oldest: f64, level: f64) -> DecayInterval {
    let of = |of: &dyn Fn(&Decay) -> f64, ageless: f64| -> Vec<f64> {
        drawn.iter().map(|d| d.as_ref().map_or(ageless, of)).collect()
    };
    let (half_life_low, half_life_high) = draws_interval(of(&|decay| decay.half_life, f64::INFINITY), level);
    let (oldest_low, oldest_high) = percentiles(&of(&|decay| decay.at(oldest), 0.0), level);
    let ageless = drawn.iter().filter(|d| d.is_none()).count() as f64 / drawn.len() as f64;
    DecayInterval { half_life_low, half_life_high, oldest_low, oldest_high, ageless }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn plan(seed: u64) -> Resampling {
        Resampling { replicates: 60, level: 0.9, seed }
    }

    /// Ten origins of seven ages each, with noise that an origin's points share.
    fn series(truth: impl Fn(f64) -> f64, seed: u64) -> (Vec<u64>, Vec<f64>, Vec<f64>) {
        let points = || (0..10u64).flat_map(|origin| (0..7u64).map(move |i| (origin, 20.0 * i as f64)));
        let noise = |origin: u64, age: f64| {
            0.002 * (random::unit(seed, 0, origin) + random::unit(seed, origin + 1, age as u64) - 1.0)
        };
        let excess = points().map(|(origin, age)| truth(age) + noise(origin, age)).collect();
        (points().map(|p| p.0).collect(), points().map(|p| p.1).collect(), excess)
    }

    #[test]
    fn the_interval_mostly_covers_and_never_by_being_boundless() {
        let truth = Decay { limit: 0.04, half_life: 40.0 };
        let covered = (0..40).filter(|&seed| {
            let (origin, ages, excess) = series(|age| truth.at(age), seed);
            let found = decay_interval(&origin, &ages, &excess, plan(seed)).unwrap();
            let (low, high) = (found.half_life_low.unwrap(), found.half_life_high.unwrap());
            assert!(found.ageless == 0.0 && high < 120.0 && found.oldest_low <= found.oldest_high);
            low <= 40.0 && 40.0 <= high
        });
        // 90% of 40 is 36; ten origins and sixty draws cost a few.
        assert!(covered.count() >= 30);
    }

    #[test]
    fn a_model_that_grows_better_has_a_bound_and_no_half_life() {
        let (origin, ages, excess) = series(|age| -0.0005 * age, 3);
        let found = decay_interval(&origin, &ages, &excess, plan(1)).unwrap();
        assert_eq!((found.half_life_low, found.half_life_high, found.ageless), (None, None, 1.0));
        assert_eq!(found.oldest_high, 0.0);
        assert!(decay_interval(&origin[1..], &ages, &excess, plan(1)).is_err());
        assert!(decay_interval(&[1; 70], &ages, &excess, plan(1)).is_err());
    }
}
