//! What the data plane counts of one experiment, for metrics and the page. The experiment is not judged by these: that
//! is done from the journal, which also knows what other processes answered.

use crate::counters::Counter;
use domain::Arm;

/// Counts of one experiment in this process, over all its phases.
#[derive(Debug, Default)]
pub struct Tally {
    rows: [Counter; 2],
    fell_back: [Counter; 2],
    /// Rows without a unit, which take no part.
    pub without_unit: Counter,
    /// Rows that the challenger answered in shadow.
    pub shadow_answered: Counter,
    /// Rows that it was asked in shadow and did not answer, or not well.
    pub shadow_failed: Counter,
    /// Rows that it was not asked in shadow, since all permits were out or their predictions were not logged.
    pub shadow_left_out: Counter,
}

impl Tally {
    /// Rows assigned to an arm and answered, by whom ever.
    pub fn rows(&self, arm: Arm) -> &Counter {
        &self.rows[arm as usize]
    }

    /// Those of them that another version or the floor had to answer.
    pub fn fell_back(&self, arm: Arm) -> &Counter {
        &self.fell_back[arm as usize]
    }
}
