//! The adjusted stream: honest through a ramp, and sharper with a covariate.

use crate::rate::{normal, rate};
use stats::adjust::{AdjustedStream, StreamUnit, Units, cuped, lin};
use stats::moments::Moments;
use stats::paired::MeanDifference;
use stats::random;
use stats::sequential::{Monitor, Peek};

const UNITS: u64 = 6_000;

/// 5%, 20% and 50% of the traffic, each for a third of the units.
fn ramp(unit: u64) -> f64 {
    [0.05, 0.2, 0.5][(3 * unit / UNITS) as usize]
}

/// A metric that falls while the challenger's share rises, and a covariate that explains most of the rest.
fn unit(run: u64, unit: u64) -> (f64, f64, bool) {
    let before = normal(81, run, unit);
    let outcome = 1.0 - 3.0 * ramp(unit) + before + 0.5 * normal(82, run, unit);
    (outcome, before, random::unit(83, run, unit) < ramp(unit))
}

/// Whether a stream of equals is ever shipped.
fn shipped(run: u64, covariates: usize, peek: Peek) -> bool {
    let monitor = Monitor::new(UNITS, 0.05, peek).unwrap();
    let mut stream = AdjustedStream::new(covariates);
    (0..UNITS).any(|at| {
        let (outcome, before, challenger) = unit(run, at);
        let covariates = &[before][..covariates];
        let next = StreamUnit { challenger, propensity: ramp(at), outcome, covariates };
        stream.observe(next).unwrap();
        monitor.look(stream.seen()).unwrap().is_some_and(|look| look.low > 0.0)
    })
}

#[test]
fn a_ramp_over_moving_times_ships_no_equals_where_pooled_means_do_harm() {
    let runs = 400;
    for (covariates, peek) in [(0, Peek::Any), (1, Peek::Any), (1, Peek::Planned)] {
        let found = rate(runs, |run| shipped(run, covariates, peek));
        // Four standard errors of 400 runs at 5% are 4.4 points.
        assert!(found <= 0.094, "{covariates} covariates, {peek:?}: {found}");
    }
    // Pooled over the stages, the challenger got the bad times and looks far worse than it is.
    let mut arms = [Moments::default(); 2];
    (0..UNITS).for_each(|at| {
        let (outcome, _, challenger) = unit(0, at);
        arms[usize::from(challenger)].observe(outcome).unwrap();
    });
    assert!(arms[1].mean() - arms[0].mean() < -0.3);
}

#[test]
fn rare_failures_on_a_ramp_ship_no_equals_although_the_arm_is_small() {
    // 5% fail; without regard to skewness the firm end ships 6.5% of equals here.
    let (runs, units) = (600, 12_000u64);
    let monitor = Monitor::new(units, 0.05, Peek::Planned).unwrap();
    let found = rate(runs, |run| {
        let (mut stream, mut failures) = (AdjustedStream::new(0), [0u64; 2]);
        (0..units).any(|at| {
            let propensity = [0.05, 0.2, 0.5][(3 * at / units) as usize];
            let challenger = random::unit(87, run, 2 * at) < propensity;
            let failed = random::unit(87, run, 2 * at + 1) < 0.05;
            failures[usize::from(challenger)] += u64::from(failed);
            let outcome = -f64::from(u8::from(failed));
            stream.observe(StreamUnit { challenger, propensity, outcome, covariates: &[] }).unwrap();
            let seen = stream.seen().with_events(failures[0].min(failures[1]));
            monitor.look(seen).unwrap().is_some_and(|look| look.low > 0.0)
        })
    });
    // Four standard errors of 600 runs at 5% are 3.6 points.
    assert!((0.01..0.086).contains(&found), "{found}");
}

#[test]
fn a_covariate_takes_away_the_noise_that_it_explains() {
    let variance = |run: u64, covariates: usize| {
        let mut stream = AdjustedStream::new(covariates);
        (0..3_000).for_each(|at| {
            let before = normal(88, run, at);
            let outcome = before + 0.5 * normal(89, run, at);
            let covariates = &[before][..covariates];
            let challenger = random::unit(90, run, at) < 0.5;
            stream.observe(StreamUnit { challenger, propensity: 0.5, outcome, covariates }).unwrap();
        });
        stream.seen().sd.powi(2)
    };
    // Of a variance of 1.25, 1 is explained.
    let ratio = (0..20).map(|run| variance(run, 1) / variance(run, 0)).sum::<f64>() / 20.0;
    assert!((0.19..0.22).contains(&ratio), "{ratio}");
}

#[test]
fn adjusted_intervals_cover_the_effect_and_are_narrower() {
    let runs = 1_500;
    let experiment = |run: u64| {
        let units = (0..200u64).map(|unit| {
            let (before, challenger) = (normal(84, run, unit), random::unit(85, run, unit) < 0.4);
            let outcome = before + 0.5 * normal(86, run, unit) + if challenger { 0.3 } else { 0.0 };
            (challenger, (outcome, before))
        });
        let (challenger, columns): (Vec<bool>, Vec<(f64, f64)>) = units.unzip();
        let (outcome, before): (Vec<f64>, Vec<f64>) = columns.into_iter().unzip();
        (challenger, outcome, before)
    };
    let covered = |adjusted: fn(Units<'_>, &[f64]) -> MeanDifference| {
        rate(runs, |run| {
            let (challenger, outcome, before) = experiment(run);
            let units = Units { challenger: &challenger, outcome: &outcome };
            adjusted(units, &before).estimate(0.95).unwrap().covers(0.3)
        })
    };
    let by_cuped = covered(|units, before| cuped(units, before).unwrap());
    let by_lin = covered(|units, before| lin(units, &[before]).unwrap());
    assert!((by_cuped - 0.95).abs() < 0.025 && (by_lin - 0.95).abs() < 0.025, "{by_cuped} {by_lin}");
    let (challenger, outcome, before) = experiment(0);
    let units = Units { challenger: &challenger, outcome: &outcome };
    let plain = lin(units, &[]).unwrap().se;
    assert!(
        lin(units, &[&before]).unwrap().se < 0.6 * plain && cuped(units, &before).unwrap().se < 0.6 * plain
    );
}
