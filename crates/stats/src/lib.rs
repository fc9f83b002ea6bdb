//! Pure statistics: numbers in, numbers out.
//!
//! No clock, no files, no serialisation, no randomness but a seed passed in. Not a rule in sight:
//! whether a number is good enough is decided in `domain`. The invariant of every function: its
//! numbers are finite and do not depend on the order of rows or the number of threads, or it says
//! in [`BadInput`] which argument it could not use; where a variance of 0 leaves no test of
//! two versions it returns `None`, never p = 0.
//!
//! Where to find what: row losses in [`metric`]; two versions on the same rows in [`paired`],
//! [`mcnemar`], [`bonett_price`], [`delong`] and [`diebold_mariano`], and [`bootstrap`] for any other
//! metric; how many rows in [`power`]; many questions in [`multiplicity`], [`budget`] and [`ladder`];
//! evidence while rows keep coming in [`sequential`] and [`srm`]; two arms of an experiment in
//! [`adjust`], [`ratio`] and [`welch`], what those methods do in [`simulate`]; a finished experiment's
//! effect in [`relative`] and [`detectable`]; another policy's value from a log in [`off_policy`]; two
//! samples in [`drift`], a stream of values in [`stream`], ageing and how often to retrain in [`decay`] and
//! [`cadence`]; people in [`agreement`], [`dawid_skene`] and [`alternative_annotator`]; probabilities made
//! honest in [`calibrate`] and judged in [`calibration`]; rows without labels in [`quality`], with drawn ones
//! in [`label_sampling`]; what a model answers alone in [`deferral`], what people look at in [`selection`], labels
//! that look wrong in [`confident_learning`]; teachers and students in [`distill`].

pub mod adjust;
pub mod agreement;
pub mod alternative_annotator;
pub mod autocorrelation;
pub mod backtest;
pub mod bonett_price;
pub mod bootstrap;
pub mod budget;
pub mod cadence;
pub mod calibrate;
pub mod calibration;
mod cholesky;
pub mod confident_learning;
pub mod confusion;
pub mod dawid_skene;
pub mod decay;
pub mod deferral;
pub mod delong;
pub mod detectable;
pub mod diebold_mariano;
pub mod distill;
pub mod distribution;
pub mod drift;
pub mod estimate;
pub mod forecast;
pub mod input;
pub mod label_sampling;
pub mod ladder;
pub mod mcnemar;
pub mod metric;
pub mod moments;
pub mod multiplicity;
pub mod nadeau_bengio;
pub mod off_policy;
pub mod paired;
pub mod power;
pub mod proportion;
pub mod quality;
pub mod quantile;
pub mod random;
pub mod ranking;
pub mod ratio;
pub mod regression;
pub mod relative;
pub mod selection;
pub mod sequential;
pub mod sign_flip;
pub mod simulate;
pub mod srm;
pub mod stream;
pub mod sum;
pub mod welch;
pub mod wilcoxon;

pub use estimate::{Estimate, TestResult};
pub use input::BadInput;
