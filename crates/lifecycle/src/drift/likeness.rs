//! Columns that hold what another held, or the same in another unit.
//!
//! Likeness is only held against two coarse limits: long columns are compared by some of their quantiles.

use super::faults::Pair;
use super::profile::{Profile, Shape};
use domain::diagnosis::{DataFault, FaultKind};
use stats::drift::{Ecdf, category_drift, kolmogorov_smirnov};

/// Quantiles that stand for a long column: shares are off by less than a four-thousandth.
pub(super) const POINTS: usize = 4096;
/// Distributions closer than this are one.
const ALIKE: f64 = 0.08;
/// Distributions farther apart than this are two.
const APART: f64 = 0.2;
/// Factors and offsets between units that people mix up; each also the other way round.
const UNITS: [(f64, f64); 12] = [
    (10.0, 0.0),
    (100.0, 0.0),
    (1000.0, 0.0),
    (1e6, 0.0),
    (3.280_84, 0.0),
    (2.54, 0.0),
    (1.609_344, 0.0),
    (2.204_62, 0.0),
    (60.0, 0.0),
    (3600.0, 0.0),
    (24.0, 0.0),
    (1.8, 32.0),
];

/// Pairs of columns of which each holds what the other held.
pub(super) fn swapped(pairs: &[&Pair]) -> Vec<DataFault> {
    let mut found = Vec::new();
    let moved: Vec<&&Pair> = pairs.iter().filter(|pair| apart(&pair.1, &pair.2) > APART).collect();
    for (place, a) in moved.iter().enumerate() {
        for b in &moved[place + 1..] {
            if apart(&a.1, &b.2) < ALIKE && apart(&b.1, &a.2) < ALIKE {
                for (own, other) in [(a, b), (b, a)] {
                    let kind = FaultKind::Swapped { with: other.0.clone() };
                    let column = own.0.clone();
                    found.push(DataFault { column, kind, before: 0.0, now: 1.0, since: None, step: true });
                }
            }
        }
    }
    found
}

/// How far apart two columns are, 0 to 1; columns that cannot be compared are as far apart as can be.
fn apart(a: &Profile, b: &Profile) -> f64 {
    match (&a.shape, &b.shape) {
        (Shape::Numbers(a), Shape::Numbers(b)) => {
            kolmogorov_smirnov(&a.thinned(POINTS), &b.thinned(POINTS)).statistic
        }
        (Shape::Categories(a), Shape::Categories(b)) => {
            let (_, a, b) = super::column::aligned(a, b);
            category_drift(&a, &b).map_or(1.0, |d| d.js_distance)
        }
        _ => 1.0,
    }
}

/// A column that became another unit.
pub(super) fn scaled((name, reference, current): &Pair) -> Option<DataFault> {
    let (Shape::Numbers(before), Shape::Numbers(now)) = (&reference.shape, &current.shape) else {
        return None;
    };
    let (before, now) = (before.thinned(POINTS), now.thinned(POINTS));
    if kolmogorov_smirnov(&before, &now).statistic < APART {
        return None;
    }
    let ways = UNITS.iter().flat_map(|&(by, plus)| [(by, plus), (1.0 / by, -plus / by)]);
    let fits = |(by, plus): &(f64, f64)| {
        let moved = before.runs().map(|(x, rows)| (x * by + plus, rows)).collect();
        Ecdf::weighted(moved).is_ok_and(|moved| kolmogorov_smirnov(&moved, &now).statistic < ALIKE)
    };
    let (by, _) = ways.into_iter().find(fits)?;
    let kind = FaultKind::Scaled { by };
    Some(DataFault { column: name.clone(), kind, before: 0.0, now: 1.0, since: None, step: true })
}
