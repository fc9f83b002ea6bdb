//! What the data plane counts about itself. Counters only grow; whoever shows them takes differences.

use crate::failure::Reason;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// Everything counted, for one engine.
#[derive(Debug, Default)]
pub struct Counters {
    /// Rows that the intended version answered.
    pub intended_rows: Counter,
    /// Rows that a version further down the chain answered.
    pub fallback_rows: Counter,
    /// Rows that the floor answered.
    pub floor_rows: Counter,
    /// Rows flagged as unlike the training data.
    pub out_of_domain_rows: Counter,
    /// Rows whose answer is for people to look at.
    pub review_rows: Counter,
    /// Requests turned away because all permits were out.
    pub overloaded: Counter,
    /// Requests whose rows did not fit the signature.
    pub invalid: Counter,
    /// Predictions that are durable in the journal.
    pub journaled: Counter,
    /// Predictions answered but not logged, since the queue was full.
    pub dropped_full: Counter,
    /// Predictions answered but not logged, since the journal could not be written.
    pub dropped_failed: Counter,
    /// Outcomes that are durable in the journal.
    pub outcomes: Counter,
    /// Shadow answers that are durable in the journal.
    pub shadows: Counter,
    /// Shadow answers lost on the way there: their share of the queue was full, or the journal failed.
    pub shadows_dropped: Counter,
    /// From arrival to answer.
    pub latency: Histogram,
    failures: [Counter; Reason::ALL.len()],
}

/// How many durations fell under each bound.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    total_us: AtomicU64,
}

/// The upper bounds of the histogram's buckets, in seconds; the last bucket has none.
pub const BOUNDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// How often a link did not answer, by reason. One request may count more than once.
    pub fn failures(&self, reason: Reason) -> &Counter {
        &self.failures[reason as usize]
    }

    /// Predictions answered but not logged, for either reason.
    pub fn dropped(&self) -> u64 {
        self.dropped_full.get() + self.dropped_failed.get()
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS.partition_point(|bound| *bound < seconds);
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        self.total_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many durations were at most each bound, in the order of [`BOUNDS`], then how many there are.
    pub fn cumulative(&self) -> Vec<u64> {
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        counts
            .scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            })
            .collect()
    }

    /// All durations together, in seconds.
    pub fn total_seconds(&self) -> f64 {
        self.total_us.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// The bound that at least this share of the durations stayed under, in seconds. `None` without
    /// durations, or where the share is only reached beyond the last bound.
    pub fn quantile_bound(&self, share: f64) -> Option<f64> {
        let counts = self.cumulative();
        let wanted = share * *counts.last()? as f64;
        let place = counts.iter().position(|count| *count > 0 && *count as f64 >= wanted)?;
        BOUNDS.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_a_bound_counts_under_it() {
        let histogram = Histogram::default();
        [100, 101, 9_000_000].into_iter().for_each(|us| histogram.observe(Duration::from_micros(us)));
        let counts = histogram.cumulative();
        assert_eq!((counts[0], counts[1], counts[13], counts[14]), (1, 2, 2, 3));
        assert!((histogram.total_seconds() - 9.000201).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_is_told_by_the_bound_above_it() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile_bound(0.5), None);
        (0..99).for_each(|_| histogram.observe(Duration::from_micros(200)));
        histogram.observe(Duration::from_millis(40));
        assert_eq!(histogram.quantile_bound(0.99), Some(0.00025));
        assert_eq!(histogram.quantile_bound(1.0), Some(0.05));
    }

    #[test]
    fn each_reason_has_its_own_counter() {
        let counters = Counters::default();
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(place, reason as usize);
            counters.failures(reason).add(place as u64);
        }
        assert_eq!(Reason::ALL.map(|r| counters.failures(r).get()), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
