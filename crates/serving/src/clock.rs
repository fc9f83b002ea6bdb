//! The data plane's only sight of time. Not a scheduler: it tells and it waits, nothing more.
//!
//! Invariant: [`Clock::monotonic`] never goes back, so deadlines and breakers do not care when somebody
//! sets the machine's clock.

use domain::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A wait that ends at its time.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What tells the time; tests bring one that stands still.
pub trait Clock: Send + Sync {
    /// The time of day, for what is logged.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed start, for what is measured.
    fn monotonic(&self) -> Duration;

    /// Ends as soon as [`Clock::monotonic`] has reached `at`.
    fn sleep_until(&self, at: Duration) -> Sleep;
}

/// The machine's clock.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        Box::pin(tokio::time::sleep_until((self.start + at).into()))
    }
}
