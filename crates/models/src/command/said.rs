//! The lines between a command that talks and whoever watches it.

use std::sync::{Arc, Mutex, PoisonError};

/// Lines that wait to be shown; more than anybody would read are dropped, the log has them all.
#[derive(Debug, Clone, Default)]
pub struct Said(Arc<Mutex<Vec<String>>>);

const MOST_WAITING: usize = 1_000;

impl Said {
    /// Adds a line.
    pub(super) fn add(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST_WAITING {
            lines.push(line.to_string());
        }
    }

    /// Takes the lines that wait.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
