//! Confidence-based performance estimation: what calibrated probabilities say of the model's own quality.
//!
//! Not a calibrator ([`crate::calibrate`]) and never evidence on its own: see [`crate::quality`]. The
//! invariant: the expected cells add up to the number of rows, and a metric is `None` where it has nothing
//! to divide by.

mod auc;
mod classes;
mod yes_no;

pub use classes::{ClassQuality, ServedClasses, cbpe_classes};
pub use yes_no::{BinaryQuality, ExpectedConfusion, ServedYesNo, cbpe};

use super::Assumption;

/// What both forms believe.
pub(super) const ASSUMPTIONS: &[Assumption] =
    &[Assumption::SameConcept, Assumption::CalibratedRows, Assumption::IndependentAnswers];
