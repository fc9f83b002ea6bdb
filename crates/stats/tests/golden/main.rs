//! Expected values from named reference packages, every case of them: a case that vanishes from a
//! file, or that no branch handles, fails the count.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod ab;
mod baselines;
mod boundaries;
mod distill;
mod drift;
mod drift_reference;
mod estimation;
mod feedback;
mod file;
mod gate;
mod human;
mod metrics;
mod off_policy;
mod online;
mod stream;
