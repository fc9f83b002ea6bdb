//! How a model ages: the loss that a model of some age has above a fresh one on the same rows.
//!
//! Not the measuring: pairs of age and paired excess loss come in, so that hard periods and seasons cancel.
//! The invariant: a curve that starts at 0, never falls and stays below its limit.

mod interval;

pub use interval::{DecayInterval, decay_draws, decay_interval, draws_interval};

use crate::input::{self, BadInput};
use std::f64::consts::LN_2;

/// Excess loss L(1 − 2^(−a/h)) at age a.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// What a very old model loses above a fresh one (L), above 0.
    pub limit: f64,
    /// The age at which half of it is lost (h), in the unit of the ages, above 0.
    pub half_life: f64,
}

/// A half-life beyond so many times the oldest age is a straight line as far as one can see.
const STRAIGHT: f64 = 64.0;

impl Decay {
    /// The least-squares fit to ages (0 or more, three different ones above 0) and excess losses; `None`
    /// where no ageing is seen: the best limit is not above 0.
    ///
    /// - *What it answers.* How fast does the model age, and where does that end?
    /// - *Assumptions.* Ageing slows down; the excess is paired with a fresh model on the same rows.
    /// - *When it misleads.* Ages that stop before the curve bends say nothing of the limit: the half-life is
    ///   then cut at 64 times the oldest age, a straight line, and only [`Decay::slope`] may be read. Points
    ///   of one origin move together, so resample origins, not points, for an interval.
    /// - *Source.* Vela et al. 2022 for the curves; for each h the best L has a closed form.
    /// - *Checked against.* scipy 1.17.1 `curve_fit`.
    pub fn fit(ages: &[f64], excess: &[f64]) -> Result<Option<Decay>, BadInput> {
        input::same_length("excess losses", excess.len(), ages.len())?;
        input::all("ages", ages, "a finite number, 0 or more", |a| a.is_finite() && a >= 0.0)?;
        input::all_finite("excess losses", excess)?;
        let mut distinct: Vec<f64> = ages.iter().copied().filter(|&a| a > 0.0).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        input::at_least("different ages above 0", distinct.len(), 3)?;
        let (youngest, oldest) = (distinct[0], distinct[distinct.len() - 1]);
        let worse = |log_h: f64| -Decay::best(ages, excess, log_h.exp()).1;
        let log_h = least(worse, (youngest / STRAIGHT).ln(), (oldest * STRAIGHT).ln());
        let decay = Decay::best(ages, excess, log_h.exp()).0;
        Ok((decay.limit > 0.0).then_some(decay))
    }

    /// The best limit for a half-life, and how much of the squares it explains.
    fn best(ages: &[f64], excess: &[f64], half_life: f64) -> (Decay, f64) {
        let shape = Decay { limit: 1.0, half_life };
        let (mut squares, mut product) = (0.0, 0.0);
        for (&age, y) in ages.iter().zip(excess) {
            let g = shape.at(age);
            squares += g * g;
            product += g * y;
        }
        (Decay { limit: product / squares, half_life }, product * product / squares)
    }

    /// The excess loss at this age (0 or more).
    pub fn at(&self, age: f64) -> f64 {
        -self.limit * (-age / self.half_life * LN_2).exp_m1()
    }

    /// The excess loss added up over ages from 0 to `age`.
    pub fn total(&self, age: f64) -> f64 {
        self.limit * age - self.at(age) * self.half_life / LN_2
    }

    /// The excess loss per unit of age of a fresh model.
    pub fn slope(&self) -> f64 {
        self.limit * LN_2 / self.half_life
    }
}

/// The lowest point of a function on an interval: the best of a grid, then thirds around it.
fn least(of: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    const GRID: u32 = 100;
    let step = (high - low) / f64::from(GRID);
    let at = |i: u32| low + step * f64::from(i);
    let best = (0..=GRID).min_by(|&a, &b| of(at(a)).total_cmp(&of(at(b)))).unwrap_or(0);
    let (mut from, mut to) = ((at(best) - step).max(low), (at(best) + step).min(high));
    for _ in 0..50 {
        let third = (to - from) / 3.0;
        if of(from + third) <= of(to - third) { to -= third } else { from += third }
    }
    0.5 * (from + to)
}

/// The closest values (by squared error) that never fall, for values in the order of age: the curve without
/// a shape.
///
/// - *What it answers.* What does ageing look like if it only never helps?
/// - *Assumptions.* One finite value or more, equally reliable.
/// - *When it misleads.* Its ends follow single points.
/// - *Source.* Ayer et al. 1955 (pool adjacent violators).
/// - *Checked against.* The property that defines it: pooled means that ascend.
pub fn never_falling(values: &[f64]) -> Result<Vec<f64>, BadInput> {
    input::at_least("values", values.len(), 1)?;
    input::all_finite("values", values)?;
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for &value in values {
        let mut pool = (value, 1);
        while let Some(last) = pools.pop_if(|last| last.0 >= pool.0) {
            let count = last.1 + pool.1;
            pool = ((last.0 * last.1 as f64 + pool.0 * pool.1 as f64) / count as f64, count);
        }
        pools.push(pool);
    }
    Ok(pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sum::sum;
    use proptest::prelude::*;

    #[test]
    fn a_model_that_does_not_age_has_no_curve() {
        assert_eq!(Decay::fit(&[0.0, 1.0, 2.0, 3.0], &[0.0, -0.01, -0.02, -0.01]), Ok(None));
        assert!(Decay::fit(&[0.0, 1.0, 1.0], &[0.0; 3]).is_err());
        assert!(Decay::fit(&[1.0, 2.0, 3.0], &[0.0, f64::NAN, 0.0]).is_err());
    }

    #[test]
    fn a_straight_line_keeps_its_slope() {
        let ages: Vec<f64> = (0..10).map(|i| f64::from(i) * 10.0).collect();
        let excess: Vec<f64> = ages.iter().map(|a| 0.0004 * a).collect();
        let decay = Decay::fit(&ages, &excess).unwrap().unwrap();
        assert!((decay.slope() - 0.0004).abs() < 1e-5 && decay.half_life > 60.0 * 90.0, "{decay:?}");
    }

    proptest! {
        #[test]
        fn a_true_curve_is_recovered(limit in 0.01..2.0f64, half_life in 5.0..100.0f64) {
            let truth = Decay { limit, half_life };
            let ages: Vec<f64> = (0..12).map(|i| f64::from(i) * 10.0).collect();
            let excess: Vec<f64> = ages.iter().map(|&a| truth.at(a)).collect();
            let found = Decay::fit(&ages, &excess).unwrap().unwrap();
            prop_assert!((found.limit / limit - 1.0).abs() < 1e-5, "{found:?}");
            prop_assert!((found.half_life / half_life - 1.0).abs() < 1e-5, "{found:?}");
            let parts = (0..30_000).map(|i| 0.001 * truth.at((f64::from(i) + 0.5) * 0.001));
            prop_assert!((truth.total(30.0) - sum(parts)).abs() < 1e-6);
        }

        #[test]
        fn pools_ascend_and_keep_the_total(values in prop::collection::vec(-5.0..5.0f64, 1..30)) {
            let found = never_falling(&values).unwrap();
            prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!((sum(found.iter().copied()) - sum(values.iter().copied())).abs() < 1e-9);
            prop_assert_eq!(never_falling(&found).unwrap().len(), values.len());
        }
    }
}
