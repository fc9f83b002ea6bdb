//! Intervals cover the truth about as often as they say.

use crate::rate::{normal, rate};
use stats::bootstrap::{Resampling, cluster_bootstrap};
use stats::delong::{auc_interval, delong};
use stats::diebold_mariano::{Kernel, diebold_mariano};
use stats::proportion::{Count, clopper_pearson, wilson};
use stats::random;
use stats::ranking::auc;

#[track_caller]
fn near_95(what: &str, found: f64, reach: f64) {
    assert!((found - 0.95).abs() <= reach, "{what}: {found}");
}

/// 60 yes and 90 no rows; yes scores are one standard deviation higher in both versions, whose
/// scores share half of their variance.
fn scores(run: u64) -> (Vec<bool>, Vec<f64>, Vec<f64>) {
    let yes: Vec<bool> = (0..150).map(|row| row < 60).collect();
    let version = |seed: u64| -> Vec<f64> {
        let noise = |row: u64| 0.5f64.sqrt() * (normal(41, run, row) + normal(seed, run, row));
        (0..150).map(|row| f64::from(u8::from(row < 60)) + noise(row)).collect()
    };
    (yes, version(42), version(43))
}

#[test]
fn delong_covers_the_auc_and_the_difference() {
    // P(Z > −1/√2), for scores one standard deviation apart.
    let truth = stats::distribution::normal_cdf(0.5f64.sqrt());
    let single = rate(3_000, |run| {
        let (yes, first, _) = scores(run);
        auc_interval(&yes, &first, 0.95).unwrap().unwrap().covers(truth)
    });
    near_95("AUC", single, 0.02);
    let difference = rate(3_000, |run| {
        let (yes, first, second) = scores(run);
        delong(&yes, &first, &second).unwrap().estimate(0.95).unwrap().unwrap().covers(0.0)
    });
    near_95("difference", difference, 0.015);
}

#[test]
fn the_bootstrap_agrees_with_delong() {
    let difference = rate(200, |run| {
        let (yes, first, second) = scores(run);
        let clusters: Vec<u64> = (0..150).collect();
        let plan = Resampling { replicates: 400, level: 0.95, seed: run };
        let found = cluster_bootstrap(&clusters, plan, |rows| {
            let take = |column: &[f64]| rows.iter().map(|&r| column[r]).collect::<Vec<f64>>();
            let labels: Vec<bool> = rows.iter().map(|&r| yes[r]).collect();
            Some(auc(&labels, &take(&second), None).ok()? - auc(&labels, &take(&first), None).ok()?)
        });
        found.unwrap().estimate.covers(0.0)
    });
    near_95("bootstrap", difference, 0.06);
}

#[test]
fn intervals_of_a_share_cover_it() {
    for truth in [0.03, 0.3, 0.7] {
        let covered = |run: u64, interval: fn(Count, f64) -> Result<stats::Estimate, stats::BadInput>| {
            let successes = (0..120).filter(|&row| random::unit(44, run, row) < truth).count() as u64;
            interval(Count { successes, trials: 120 }, 0.95).unwrap().covers(truth)
        };
        near_95("Wilson", rate(4_000, |run| covered(run, wilson)), 0.03);
        let exact = rate(4_000, |run| covered(run, clopper_pearson));
        assert!(exact >= 0.94, "Clopper and Pearson at {truth}: {exact}");
    }
}

#[test]
fn diebold_mariano_allows_for_overlapping_errors() {
    // Loss differences three steps ahead share their shocks: a moving average of three.
    let shock = |run: u64, t: u64| normal(45, run, t);
    let losses = |run: u64| -> Vec<f64> {
        (0..120).map(|t| shock(run, t) + shock(run, t + 1) + shock(run, t + 2)).collect()
    };
    let none = vec![0.0; 120];
    let rejects = |run: u64, horizon: usize, kernel: Kernel| {
        let found = diebold_mariano(&losses(run), &none, horizon, kernel, true).unwrap();
        found.test(0.0).is_some_and(|test| test.p_two_sided <= 0.05)
    };
    let honest = rate(2_000, |run| rejects(run, 3, Kernel::Rectangular));
    assert!((honest - 0.05).abs() < 0.025, "{honest}");
    // Bartlett's weights halve the covariances, so it stays above its size; ignoring them is worse.
    let bartlett = rate(2_000, |run| rejects(run, 3, Kernel::Bartlett));
    let ignoring = rate(2_000, |run| rejects(run, 1, Kernel::Bartlett));
    assert!(honest < bartlett && bartlett < 0.15 && ignoring > 0.2, "{bartlett} {ignoring}");
}
