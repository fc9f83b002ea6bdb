//! The sequential sample-ratio check: seldom a false alarm, and the power of an independent simulation.
//!
//! Reference: looks after every unit at α = 0.1%; 5,000 runs of 10,000 units at 50 to 50, 1,000 runs of
//! 20,000 units at 52 to 48.

use crate::rate::{rate, same_rate};
use stats::simulate::SampleRatio;

fn alarms(share: f64, prior: f64, units: u64, runs: u64) -> f64 {
    let ratio = SampleRatio::new(share, prior, units).unwrap();
    rate(runs, |run| ratio.run(91, run).is_some())
}

#[test]
fn a_sound_split_seldom_alarms_and_a_broken_one_nearly_always() {
    for (prior, null, broken) in [(100.0, 0.0012, 0.929), (1_000.0, 0.0006, 0.956)] {
        let found = alarms(0.5, prior, 10_000, 2_000);
        same_rate(&format!("50 to 50, k = {prior}"), found, 2_000, null, 5_000);
        let found = alarms(0.52, prior, 20_000, 1_000);
        same_rate(&format!("52 to 48, k = {prior}"), found, 1_000, broken, 1_000);
    }
}
