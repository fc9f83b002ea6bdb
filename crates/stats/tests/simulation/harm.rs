//! The harm process: seldom a false alarm at the tolerance, soon a true one.
//!
//! Reference: an independent simulation of adaptive bets at δ = 1% over 10,000 pairs, tolerance 0; 5,000
//! runs at the null, 1,000 with harm. The method differs: ours are fixed bets, so that order does not
//! matter; they may take a fifth longer and no more.

use crate::rate::rate;
use stats::random;
use stats::sequential::{Arm, HarmLimit, Pairing, RateLimit};

const PAIRS: u64 = 10_000;

/// The pair at which the harm process stops a challenger; one past the end for never.
fn stop(tolerance: f64, incumbent: f64, challenger: f64, run: u64) -> u64 {
    let limit = HarmLimit::new(tolerance).unwrap();
    let mut pairing = Pairing::default();
    let bad = |arm: u64, unit, share| random::unit(71 + arm, run, unit) < share;
    let stopped = (1..=PAIRS).find(|&unit| {
        pairing.observe(Arm::Incumbent, bad(0, unit, incumbent));
        let counts = pairing.observe(Arm::Challenger, bad(1, unit, challenger));
        // Nothing new is known after a pair that ends alike, except that time has passed.
        limit.log_e_value(counts) >= -0.01f64.ln()
    });
    stopped.unwrap_or(PAIRS + 1)
}

fn median(tolerance: f64, incumbent: f64, challenger: f64, runs: u64) -> u64 {
    let mut stops: Vec<u64> = (0..runs).map(|run| stop(tolerance, incumbent, challenger, run)).collect();
    stops.sort_unstable();
    stops[stops.len() / 2]
}

#[test]
fn equals_are_seldom_stopped() {
    let runs = 600;
    for (tolerance, incumbent, challenger) in [(0.0, 0.01, 0.01), (0.02, 0.05, 0.07)] {
        let found = rate(runs, |run| stop(tolerance, incumbent, challenger, run) <= PAIRS);
        // δ is 1%; four standard errors of 600 runs are 1.6 points.
        assert!(found <= 0.026, "tolerance {tolerance}: {found}");
    }
}

#[test]
fn harm_is_stopped_about_as_soon_as_by_the_independent_simulation() {
    // Medians of pairs: 2,696, 366 and 22 there.
    for (challenger, reference, runs) in [(0.02, 2_696, 101), (0.05, 366, 401), (0.5, 22, 401)] {
        let found = median(0.0, 0.01, challenger, runs);
        assert!(found as f64 <= 1.2 * reference as f64, "1% to {challenger}: {found}");
    }
}

#[test]
fn a_total_break_and_five_points_too_many_are_stopped_in_time() {
    for (tolerance, incumbent) in [(0.0, 0.0), (0.01, 0.01), (0.02, 0.1), (0.05, 0.02)] {
        assert!(median(tolerance, incumbent, 1.0, 51) <= 50, "total break, tolerance {tolerance}");
        let five_more = median(tolerance, incumbent, incumbent + tolerance + 0.05, 101);
        assert!(five_more <= 1_500, "tolerance {tolerance}: {five_more}");
    }
}

#[test]
fn bounds_of_the_excess_and_of_a_rate_hold_at_every_look() {
    let runs = 150;
    let missed = rate(runs, |run| {
        let mut pairing = Pairing::default();
        let (mut bad, mut missed) = (0, false);
        for unit in 1..=1_000u64 {
            let fails = random::unit(74, run, unit) < 0.1;
            bad += u64::from(fails);
            pairing.observe(Arm::Incumbent, random::unit(73, run, unit) < 0.04);
            let counts = pairing.observe(Arm::Challenger, fails);
            if unit % 20 == 0 {
                missed |= HarmLimit::highest_excess(counts, 0.05).unwrap() < 0.06;
                missed |= HarmLimit::lowest_excess(counts, 0.05).unwrap() > 0.06;
                missed |= RateLimit::highest_rate(bad, unit, 0.05).unwrap() < 0.1;
            }
        }
        missed
    });
    // Three bounds at 5% each, that together fail in at most 15%.
    assert!(missed <= 0.15, "{missed}");
}
