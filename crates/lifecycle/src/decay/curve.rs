//! From paired backtests to a curve, and how sure it is.
//!
//! Models of one origin move together, and so do those that are measured on one block: whole origins are drawn again,
//! then whole blocks, and the wider interval is told.

use super::paired::{Backtests, Point};
use crate::StageError;
use domain::ageing::{Ageing, Curve};
use domain::cadence::{Cadence, cheapest};
use stats::bootstrap::Resampling;
use stats::cadence::Costs;
use stats::decay::{Decay, decay_draws, draws_interval, never_falling};

const LEVEL: f64 = 0.95;
const REPLICATES: u32 = 400;

/// A curve with the draws behind its intervals.
pub struct Fitted {
    /// The curve and its intervals.
    pub ageing: Ageing,
    /// Curves of drawn origins, and of drawn blocks.
    draws: [Vec<Option<Curve>>; 2],
}

/// The models that are so many blocks old, taken together.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct AgeRow {
    /// Their mean age in days.
    pub age: f64,
    /// What they lose a row above a fresh one.
    pub excess: f64,
    /// The same, if ageing only never helps.
    pub never_falling: f64,
    /// What the curve says.
    pub curve: f64,
    /// How many models.
    pub models: usize,
    /// On how many rows.
    pub rows: u64,
}

/// Fits the curve and draws origins and blocks again.
pub fn fit(found: &Backtests, seed: u64) -> Result<Fitted, StageError> {
    let column = |of: &dyn Fn(&Point) -> f64| -> Vec<f64> { found.points.iter().map(of).collect() };
    let (ages, excess) = (column(&|p| p.age), column(&|p| p.excess));
    let whole = |decay: Decay| whole(decay, fresh_age(found));
    let plan = Resampling { replicates: REPLICATES, level: LEVEL, seed };
    let draws = |of: fn(&Point) -> usize| -> Result<Vec<Option<Curve>>, StageError> {
        let together: Vec<u64> = found.points.iter().map(|point| of(point) as u64).collect();
        let drawn = decay_draws(&together, &ages, &excess, plan).map_err(bad)?;
        Ok(drawn.into_iter().map(|decay| decay.map(whole)).collect())
    };
    let draws = [draws(|point| point.origin)?, draws(|point| point.block)?];
    let oldest = ages.iter().copied().fold(0.0, f64::max);
    let curve = Decay::fit(&ages, &excess).map_err(bad)?.map(whole);
    let at_oldest = wider(&draws, &|curve| curve.map_or(0.0, |c| c.decay().at(oldest)));
    let ageless = draws.iter().flatten().filter(|curve| curve.is_none()).count() as f64;
    let ageing = Ageing {
        curve,
        half_life: wider(&draws, &|curve| curve.map_or(f64::INFINITY, |c| c.half_life)),
        oldest,
        at_oldest: (at_oldest.0.unwrap_or(0.0), at_oldest.1.unwrap_or(f64::INFINITY)),
        ageless: ageless / draws.iter().flatten().count() as f64,
    };
    Ok(Fitted { ageing, draws })
}

impl Fitted {
    /// The interval of the cheapest cadence, in days; `None` at the upper end where it may be never.
    pub fn cadence_interval(&self, costs: Costs) -> (Option<f64>, Option<f64>) {
        wider(&self.draws, &|curve| match curve.map(|curve| cheapest(costs, curve)) {
            Some(Cadence::Every { best, .. }) => best,
            Some(Cadence::Never | Cadence::Unknown) | None => f64::INFINITY,
        })
    }
}

/// The mean over models of one age in blocks, youngest first.
pub fn by_age(found: &Backtests, ageing: &Ageing) -> Result<Vec<AgeRow>, StageError> {
    let mut rows: Vec<AgeRow> = (1..found.origins.len()).map(|blocks| row(found, ageing, blocks)).collect();
    rows.sort_by(|a, b| a.age.total_cmp(&b.age));
    let excess: Vec<f64> = rows.iter().map(|row| row.excess).collect();
    for (row, pooled) in rows.iter_mut().zip(never_falling(&excess).map_err(bad)?) {
        row.never_falling = pooled;
    }
    Ok(rows)
}

fn row(found: &Backtests, ageing: &Ageing, blocks: usize) -> AgeRow {
    let points: Vec<&Point> = found.points.iter().filter(|p| p.block - p.origin == blocks).collect();
    let mean = |of: &dyn Fn(&Point) -> f64| points.iter().map(|p| of(p)).sum::<f64>() / points.len() as f64;
    let age = mean(&|p| p.age);
    AgeRow {
        age,
        excess: mean(&|p| p.excess),
        never_falling: 0.0,
        curve: ageing.curve.map_or(0.0, |curve| curve.decay().at(age)),
        models: points.len(),
        rows: points.iter().map(|p| found.origins[p.block].rows).sum(),
    }
}

/// A fresh model is as old as half its block by the time it is compared with. The loss of that age is missing from every
/// excess by the same factor, as long as a block is no longer than a half-life.
fn whole(decay: Decay, fresh_age: f64) -> Curve {
    let missing = (fresh_age / decay.half_life).min(1.0).exp2();
    Curve { limit: decay.limit * missing, half_life: decay.half_life }
}

fn fresh_age(found: &Backtests) -> f64 {
    found.origins.iter().map(|origin| origin.fresh_age).sum::<f64>() / found.origins.len().max(1) as f64
}

/// The wider of two intervals at each end; an end that either does not know is not known.
fn wider(draws: &[Vec<Option<Curve>>; 2], of: &dyn Fn(Option<Curve>) -> f64) -> (Option<f64>, Option<f64>) {
    let [a, b] = [0, 1].map(|way| draws_interval(draws[way].iter().map(|curve| of(*curve)).collect(), LEVEL));
    let low = [a.0, b.0].into_iter().flatten().min_by(f64::total_cmp);
    (low, a.1.zip(b.1).map(|(a, b)| a.max(b)))
}

fn bad(why: stats::BadInput) -> StageError {
    StageError::Measure { metric: "ageing".into(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decay::paired::Origin;
    use domain::Timestamp;
    use domain::time::DAY;

    /// Twelve origins 10 days apart; every excess is what models of those ages lose on average over a block.
    fn backtests(truth: Decay) -> Backtests {
        let origin = |place: i64| Origin {
            at: Timestamp(10 * place * DAY),
            trained: 1000,
            rows: 100,
            fresh_age: 5.0,
            fresh_loss: 0.3,
        };
        let on_block = |age: f64| {
            let day = |i: u32| age + 0.1 * (f64::from(i) + 0.5);
            (0..100).map(|i| truth.at(day(i)) - truth.at(day(i) - age)).sum::<f64>() / 100.0
        };
        let point = |origin: usize, block: usize| {
            let age = 10.0 * (block - origin) as f64;
            Point { origin, block, age, excess: on_block(age) }
        };
        let points = (0..12).flat_map(|block| (0..block).map(move |origin| point(origin, block)));
        Backtests { points: points.collect(), origins: (0..12).map(origin).collect() }
    }

    #[test]
    fn a_curve_is_found_whole_although_fresh_models_age_over_their_block() {
        let found = backtests(Decay { limit: 0.05, half_life: 35.0 });
        let fitted = fit(&found, 1).expect("it can be fitted");
        let curve = fitted.ageing.curve.expect("it ages");
        assert!((curve.half_life / 35.0 - 1.0).abs() < 1e-3, "{curve:?}");
        assert!((curve.limit / 0.05 - 1.0).abs() < 0.01, "{curve:?}");
        let (low, high) = fitted.ageing.half_life;
        assert!((low.expect("known") / high.expect("known") - 1.0).abs() < 0.01);
        let rows = by_age(&found, &fitted.ageing).expect("eleven ages");
        assert!(
            rows.len() == 11 && rows.windows(2).all(|pair| pair[0].never_falling <= pair[1].never_falling)
        );
        assert_eq!((rows[0].models, rows[0].rows, rows[10].models), (11, 1100, 1));
    }

    #[test]
    fn a_cadence_is_as_sure_as_the_curve() {
        let mut found = backtests(Decay { limit: 0.05, half_life: 35.0 });
        for (place, point) in found.points.iter_mut().enumerate() {
            point.excess += 0.01 * ((place * 37 % 11) as f64 / 5.0 - 1.0);
        }
        let fitted = fit(&found, 1).expect("it can be fitted");
        let costs = Costs { retrain: 100.0, loss_per_day: 1_000.0 };
        let Cadence::Every { best, .. } = cheapest(costs, fitted.ageing.curve.expect("it ages")) else {
            panic!("it pays")
        };
        let (low, high) = fitted.cadence_interval(costs);
        let (low, high) = (low.expect("known"), high.expect("known"));
        assert!(low < best && best < high, "{low} {best} {high}");
        let dear = fitted.cadence_interval(Costs { retrain: 1e6, loss_per_day: 1.0 });
        assert_eq!(dear, (None, None));
    }

    #[test]
    fn models_that_grow_better_have_no_curve() {
        let mut found = backtests(Decay { limit: 0.05, half_life: 35.0 });
        found.points.iter_mut().for_each(|point| point.excess = -point.excess);
        let fitted = fit(&found, 1).expect("it can be fitted");
        assert_eq!((fitted.ageing.curve, fitted.ageing.half_life), (None, (None, None)));
        assert_eq!(fitted.ageing.ageless, 1.0);
    }
}
