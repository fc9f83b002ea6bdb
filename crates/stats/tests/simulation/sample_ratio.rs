//! The sequential sample-ratio check: seldom a false alarm, and the power of an independent simulation.
//!
//! Reference: looks after every unit at α = 0.1%; 5,000 runs of 10,000 units at 50 to 50, 1,000 runs of
//! 20,000 units at 52 to 48.

use crate::rate::{rate, same_rate};
use stats::random;
use stats::srm::SequentialSrm;

/// The share of runs that alarm at any unit.
fn alarms(prior: f64, share: f64, units: u64, seed: u64, runs: u64) -> f64 {
    let least = least_distances(prior, units);
    rate(runs, |run| {
        let mut first = 0u64;
        (1..=units).any(|total| {
            first += u64::from(random::unit(seed, run, total) < share);
            (2 * first).abs_diff(total) >= least[total as usize]
        })
    })
}

/// The least distance between two arms of equal weight that alarms, for each total; it grows with the
/// total, by at most 1 a unit.
fn least_distances(prior: f64, units: u64) -> Vec<u64> {
    let srm = SequentialSrm::new(&[0.5, 0.5], prior).unwrap();
    let alarms = |total: u64, distance: u64| {
        let counts = [(total + distance) / 2, (total - distance) / 2];
        srm.log_bayes_factor(&counts).unwrap() >= -0.001f64.ln()
    };
    let mut least = vec![u64::MAX];
    let mut distance = 0;
    for total in 1..=units {
        // A total and a distance are both even or both odd.
        let from = distance - u64::from(distance > 0);
        let found = (from..=total).filter(|d| (d + total) % 2 == 0).find(|&d| alarms(total, d));
        least.push(found.unwrap_or(u64::MAX));
        distance = found.unwrap_or(total);
    }
    least
}

#[test]
fn a_sound_split_seldom_alarms_and_a_broken_one_nearly_always() {
    for (prior, null, broken) in [(100.0, 0.0012, 0.929), (1_000.0, 0.0006, 0.956)] {
        let found = alarms(prior, 0.5, 10_000, 91, 2_000);
        same_rate(&format!("50 to 50, k = {prior}"), found, 2_000, null, 5_000);
        let found = alarms(prior, 0.52, 20_000, 92, 500);
        same_rate(&format!("52 to 48, k = {prior}"), found, 500, broken, 1_000);
    }
}
