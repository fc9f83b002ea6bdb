//! Admission: a request gets a permit now or is told "overloaded" now. Nothing waits here, since a queue
//! in front of a deadline only turns too much work into late work.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests may be under way at once.
pub struct Admission {
    permits: Arc<Semaphore>,
    limit: usize,
}

/// The right to be worked on; given back when dropped.
pub struct Permit {
    _held: OwnedSemaphorePermit,
}

impl Admission {
    /// At most `limit` requests at once, and at least one.
    pub fn new(limit: usize) -> Admission {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        Admission { permits: Arc::new(Semaphore::new(limit)), limit }
    }

    /// A permit, unless all are out.
    pub fn enter(&self) -> Option<Permit> {
        let held = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Permit { _held: held })
    }

    /// The number of permits there are.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The number of permits that are out.
    pub fn in_flight(&self) -> usize {
        self.limit - self.permits.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_too_many_is_turned_away_until_a_permit_returns() {
        let admission = Admission::new(2);
        let first = admission.enter();
        let second = admission.enter();
        assert!(first.is_some() && second.is_some() && admission.enter().is_none());
        drop(first);
        assert_eq!(admission.in_flight(), 1);
        assert!(admission.enter().is_some());
    }
}
