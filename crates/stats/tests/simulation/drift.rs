//! Drift: false alarms where nothing moves, alarms where something does, and bounds that cover.
//!
//! A rate that should be α is held within four standard errors of α for its number of runs.

use crate::rate::{normal, rate};
use stats::drift::{Ecdf, bin_counts, kolmogorov_smirnov, mmd, psi, quantile_edges, separation};
use stats::random;
use stats::stream::{ConformalReference, RiskTracker, SimpleJumper, one_change, reference_upper};

/// Four standard errors of a rate of `share` over `runs` runs.
fn reach(share: f64, runs: u64) -> f64 {
    4.0 * (share * (1.0 - share) / runs as f64).sqrt()
}

fn column(seed: u64, run: u64, rows: u64, shift: f64) -> Ecdf {
    Ecdf::of((0..rows).map(|row| normal(seed, run, row) + shift).collect()).unwrap()
}

/// The p-values of the gap and of the index for one pair of columns.
fn p_values(run: u64, rows: u64, shift: f64) -> [f64; 2] {
    let (reference, current) = (column(81, run, rows, 0.0), column(82, run, rows, shift));
    let edges = quantile_edges(&reference, 10).unwrap();
    let counts = [bin_counts(&reference, &edges), bin_counts(&current, &edges)];
    let index = psi(&counts[0], &counts[1], 1e-4).unwrap();
    [kolmogorov_smirnov(&reference, &current).p_value, index.p_value()]
}

#[test]
fn columns_that_did_not_move_have_even_p_values() {
    let runs = 1_500;
    let found: Vec<[f64; 2]> = (0..runs).map(|run| p_values(run, 1_000, 0.0)).collect();
    for level in [0.05, 0.2, 0.5] {
        for (which, what) in ["KS", "PSI"].iter().enumerate() {
            let share = found.iter().filter(|p| p[which] <= level).count() as f64 / runs as f64;
            // The gap is discrete and so a little conservative; the edges come from one of the samples.
            assert!((share - level).abs() <= reach(level, runs) + 0.02, "{what} at {level}: {share}");
        }
    }
}

#[test]
fn the_folklore_of_psi_alarms_on_noise_and_its_calibration_does_not() {
    let runs = 400;
    let (mut above, mut called) = (0, 0);
    for run in 0..runs {
        let (reference, current) = (column(83, run, 100, 0.0), column(84, run, 100, 0.0));
        let edges = quantile_edges(&reference, 10).unwrap();
        let found = psi(&bin_counts(&reference, &edges), &bin_counts(&current, &edges), 1e-4).unwrap();
        above += u32::from(found.value > 0.1);
        called += u32::from(found.value > found.critical(0.001).unwrap());
    }
    assert!(above > 250, "{above} of {runs} above 0.1 without drift");
    assert!(called <= 12, "{called} of {runs} above the 0.1% floor");
}

#[test]
fn a_fifth_of_a_standard_deviation_is_found() {
    let runs = 200;
    let found: Vec<[f64; 2]> = (0..runs).map(|run| p_values(run, 1_000, 0.2)).collect();
    for (which, least) in [(0, 0.9), (1, 0.75)] {
        let power = found.iter().filter(|p| p[which] <= 0.05).count() as f64 / runs as f64;
        assert!(power >= least, "{which}: {power}");
    }
}

#[test]
fn rows_as_a_whole_keep_their_size_and_have_power() {
    let runs = 200;
    let rows = |seed: u64, run: u64, shift: f64| -> Vec<f64> {
        (0..60).map(|i| normal(seed, run, i) + if i % 3 == 0 { shift } else { 0.0 }).collect()
    };
    let p =
        |run: u64, shift: f64| mmd(&rows(85, run, 0.0), &rows(86, run, shift), 3, 99, run).unwrap().p_value;
    let size = rate(runs, |run| p(run, 0.0) <= 0.1);
    assert!((size - 0.1).abs() <= reach(0.1, runs), "{size}");
    assert!(rate(runs, |run| p(run, 1.5) <= 0.1) > 0.9);
}

#[test]
fn the_auc_of_scores_that_know_nothing_keeps_its_size() {
    let runs = 1_000;
    let found = rate(runs, |run| {
        let current: Vec<bool> = (0..150).map(|row| row % 3 == 0).collect();
        // Ten scores only, so that ties count.
        let scores: Vec<f64> = (0..150).map(|row| random::below(10, 87, run, row) as f64).collect();
        separation(&current, &scores).unwrap().test.unwrap().p_greater <= 0.05
    });
    assert!((found - 0.05).abs() <= reach(0.05, runs), "{found}");
}

/// The row at which the tracker alarms, if it does.
fn tracked(run: u64, rows: u64, rate: impl Fn(u64) -> f64) -> Option<u64> {
    let mut tracker = RiskTracker::new(0.1, 0.02, 0.05).unwrap();
    (0..rows).find(|&row| {
        let loss = f64::from(u8::from(random::unit(88, run, row) < rate(row)));
        tracker.observe(loss).unwrap().is_some()
    })
}

#[test]
fn a_loss_at_the_limit_seldom_alarms_and_one_above_it_soon_does() {
    let runs = 300;
    let falsely = rate(runs, |run| tracked(run, 20_000, |_| 0.12).is_some());
    // Half of δ is for the stream.
    assert!(falsely <= 0.025 + reach(0.025, runs), "{falsely}");
    let mut delays: Vec<u64> = (0..100)
        .map(|run| tracked(run, 20_000, |row| if row < 1_000 { 0.08 } else { 0.25 }).unwrap_or(20_000))
        .collect();
    delays.sort_unstable();
    assert!(delays[0] >= 1_000 && delays[50] <= 2_000, "{} {}", delays[0], delays[50]);
}

#[test]
fn the_bound_of_the_reference_loss_covers() {
    let runs = 1_000;
    let missed = |loss: &dyn Fn(u64, u64) -> f64, truth: f64| {
        rate(runs, |run| {
            let losses: Vec<f64> = (0..200).map(|row| loss(run, row)).collect();
            reference_upper(&losses, 0.05).unwrap() < truth
        })
    };
    let yes_no = missed(&|run, row| f64::from(u8::from(random::unit(89, run, row) < 0.1)), 0.1);
    let smooth = missed(&|run, row| random::unit(90, run, row).powi(3), 0.25);
    assert!(yes_no <= 0.05 + reach(0.05, runs) && smooth <= 0.05 + reach(0.05, runs), "{yes_no} {smooth}");
}

fn jumper(reference: &ConformalReference) -> SimpleJumper {
    let tolerance = reference.tolerance(0.01).unwrap();
    SimpleJumper::new(&[-1.0, 0.0, 1.0], 0.01).unwrap().with_tolerance(tolerance).unwrap()
}

/// The row at which capital of 100 is reached on scores that move by `shift` at row 500.
fn jumped(run: u64, rows: u64, shift: f64) -> Option<u64> {
    let scores = (0..1_000).map(|i| normal(91, run, i)).collect();
    let reference = ConformalReference::new(scores, run).unwrap();
    let mut jumper = jumper(&reference);
    (0..rows).find(|&row| {
        let score = normal(92, run, row) + if row < 500 { 0.0 } else { shift };
        jumper.observe(reference.p_value(score, row).unwrap()).unwrap() >= 100f64.ln()
    })
}

#[test]
fn the_martingale_seldom_reaches_100_without_a_change() {
    let runs = 400;
    // Even p-values: Ville's 1 in 100. A fixed reference ten times shorter than the stream: as much again.
    let even = rate(runs, |run| {
        let mut jumper = SimpleJumper::new(&[-1.0, 0.0, 1.0], 0.01).unwrap();
        (0..5_000).any(|row| jumper.observe(random::unit(93, run, row)).unwrap() >= 100f64.ln())
    });
    assert!(even <= 0.01 + reach(0.01, runs), "{even}");
    let fixed = rate(runs, |run| jumped(run, 10_000, 0.0).is_some());
    assert!(fixed <= 0.02 + reach(0.02, runs), "{fixed}");
}

#[test]
fn the_martingale_sees_scores_move() {
    let mut rows: Vec<u64> = (0..60).map(|run| jumped(run, 3_000, 1.0).unwrap_or(3_000)).collect();
    rows.sort_unstable();
    assert!(rows[30] > 500 && rows[30] < 700, "{}", rows[30]);
}

#[test]
fn a_change_is_dated_near_where_it_was() {
    let near = rate(200, |run| {
        let series: Vec<f64> =
            (0..200u64).map(|i| normal(94, run, i) + if i < 120 { 0.0 } else { 1.5 }).collect();
        one_change(&series, 5).unwrap().is_some_and(|change| change.at.abs_diff(120) <= 5)
    });
    assert!(near > 0.85, "{near}");
}
