//! Betting on non-inferiority with a look after every row.

use crate::rate::{row_difference, same_rate};
use stats::sequential::Bettor;

const ROWS: u64 = 5_000;
const MARGIN: f64 = 0.01;

/// What a number of runs came to.
struct Outcome {
    /// The share that ever reached 1/0.05.
    ever: f64,
    /// The share that stood there at the end.
    standing: f64,
    /// The median row of first reaching it; one past the end for never.
    median_stop: u64,
}

fn bets(effect: f64, runs: u64) -> Outcome {
    let threshold = -0.05f64.ln();
    let bettor = Bettor::non_inferiority(MARGIN).unwrap().with_fixed_bet(0.5, 0.02).unwrap();
    let (mut stops, mut standing) = (Vec::new(), 0);
    for run in 0..runs {
        let mut bettor = bettor;
        let mut stop = ROWS + 1;
        for row in 0..ROWS {
            let log = bettor.observe_difference(row_difference(0.08, effect, 21, run, row)).unwrap();
            if log >= threshold && stop > ROWS {
                stop = row + 1;
            }
        }
        stops.push(stop);
        standing += u64::from(bettor.log_e_value() >= threshold);
    }
    stops.sort_unstable();
    let ever = stops.iter().filter(|&&stop| stop <= ROWS).count() as f64 / runs as f64;
    Outcome { ever, standing: standing as f64 / runs as f64, median_stop: stops[stops.len() / 2] }
}

#[test]
fn looking_after_every_row_keeps_the_size() {
    let runs = 2_000;
    let found = bets(-MARGIN, runs);
    assert!(found.ever < 0.05, "{}", found.ever);
    same_rate("ever", found.ever, runs, 0.0296, 5_000);
    same_rate("at the end", found.standing, runs, 0.0054, 5_000);
}

#[test]
fn the_price_of_looking_is_as_computed() {
    let runs = 1_000;
    let equal = bets(0.0, runs);
    same_rate("ever, equal", equal.ever, runs, 0.574, 2_000);
    same_rate("at the end, equal", equal.standing, runs, 0.422, 2_000);
    let better = bets(0.01, runs);
    same_rate("ever, better", better.ever, runs, 0.9915, 2_000);
    assert!(better.median_stop.abs_diff(1_420) < 140, "{}", better.median_stop);
}
