//! Error rates, power and coverage by seeded simulation.
//!
//! Rates are compared with those of an independent simulation of the same methods (its number of
//! runs beside each), within four standard errors of the difference between the two.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod adjust;
mod coverage;
mod drift;
mod feedback;
mod folds;
mod gate;
mod harm;
mod monitor;
mod quality;
mod rate;
mod sample_ratio;
mod streaming;
