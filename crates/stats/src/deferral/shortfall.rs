//! What it would take to certify something, where nothing could be.
//!
//! Not a promise: it supposes that errors stay as common as they were on the rows at hand, so about half of
//! the time a few more rows are needed.

use super::selective::{Calibration, Outcome, Promise, Step};
use crate::distribution::beta_cdf;

/// Above this many rows the answer is "never".
const MOST_ROWS: f64 = 1e9;

/// Why nothing was certified.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shortfall {
    /// At the easiest threshold errors are rare enough; this many calibration rows more, drawn alike, would
    /// show it if they stay as rare.
    Rows(u64),
    /// At no threshold that could have come first are errors rare enough. No number of rows would do; a
    /// better model or a looser limit would.
    TooManyErrors {
        /// The smallest error share observed among them.
        lowest: f64,
    },
}

/// Over the thresholds with which the sequence could have started, the fewest rows.
pub(super) fn of(rows: &Calibration<'_>, steps: &[Step], promise: Promise, need: f64) -> Shortfall {
    let first = steps.iter().filter(|step| matches!(step.outcome, Outcome::Skipped | Outcome::Failed));
    let rates: Vec<(f64, f64)> =
        first.map(|step| (rows.traffic_share(step.threshold), error_share(rows, step.threshold))).collect();
    let total = |&(share, rate): &(f64, f64)| {
        let accepted = accepted_needed(rate, promise)?.max(need);
        (share > 0.0).then(|| accepted / share)
    };
    match rates.iter().filter_map(total).min_by(f64::total_cmp) {
        Some(total) => {
            let (now, weight) = (rows.confidence.len() as f64, rows.whole_weight());
            Shortfall::Rows((now * total / weight - now).ceil().max(1.0) as u64)
        }
        None => Shortfall::TooManyErrors { lowest: rates.iter().map(|r| r.1).fold(1.0, f64::min) },
    }
}

/// The error share above a threshold; 0 where no row is.
fn error_share(rows: &Calibration<'_>, threshold: f64) -> f64 {
    let accepted = rows.accepted_weight(threshold);
    if accepted > 0.0 { rows.wrong_weight(threshold) / accepted } else { 0.0 }
}

/// How many accepted rows with this share of errors have a p-value of delta; `None` if none have.
fn accepted_needed(rate: f64, promise: Promise) -> Option<f64> {
    // The binomial tail, continued to any number of rows and errors.
    let shown = |n: f64| beta_cdf(1.0 - promise.alpha, n * (1.0 - rate), n * rate + 1.0) <= promise.delta;
    if rate >= promise.alpha {
        return None;
    }
    let mut high = 1.0;
    while !shown(high) {
        high *= 2.0;
        if high > MOST_ROWS {
            return None;
        }
    }
    let mut low = 0.5 * high;
    while high - low > 0.01 {
        let middle = 0.5 * (low + high);
        if shown(middle) { high = middle } else { low = middle }
    }
    Some(high.ceil())
}

#[cfg(test)]
mod tests {
    use super::super::{Start, binomial_p, certify, least_accepted};
    use super::*;
    use crate::proportion::Count;

    const PROMISE: Promise = Promise { alpha: 0.1, delta: 0.05 };

    fn shortfall(wrong: &[bool]) -> Option<Shortfall> {
        let confidence = vec![0.8; wrong.len()];
        let rows = Calibration { confidence: &confidence, wrong, draws: None, traffic: &confidence };
        certify(rows, &[0.8], PROMISE, Start::Accepted).unwrap().shortfall
    }

    #[test]
    fn without_errors_the_least_number_is_missing() {
        assert_eq!(shortfall(&[false; 10]), Some(Shortfall::Rows(19)));
        assert_eq!(shortfall(&[false; 28]), Some(Shortfall::Rows(1)));
        assert_eq!(shortfall(&[false; 29]), None);
    }

    #[test]
    fn what_was_missing_is_enough() {
        let wrong: Vec<bool> = (0..60).map(|i| i % 20 == 0).collect();
        let Some(Shortfall::Rows(missing)) = shortfall(&wrong) else { panic!("a twentieth is rare enough") };
        let trials = 60 + missing;
        let p = |trials: u64| binomial_p(Count { successes: trials / 20, trials }, 0.1).unwrap();
        assert!(p(trials) <= 0.05 && p(trials - 20) > 0.04, "{missing}");
    }

    #[test]
    fn errors_at_the_limit_are_too_many_for_any_number_of_rows() {
        let wrong: Vec<bool> = (0..60).map(|i| i % 5 == 0).collect();
        assert_eq!(shortfall(&wrong), Some(Shortfall::TooManyErrors { lowest: 0.2 }));
    }

    #[test]
    fn the_needed_rows_without_errors_are_the_least_accepted() {
        for (alpha, delta) in [(0.1, 0.05), (0.02, 0.05), (0.3, 0.01)] {
            let needed = accepted_needed(0.0, Promise { alpha, delta }).unwrap();
            assert_eq!(needed, least_accepted(alpha, delta).unwrap() as f64);
        }
    }
}
