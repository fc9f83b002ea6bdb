//! Has a stream changed: detectors that take one value at a time.
//!
//! Which of them may wake somebody is a rule of `domain`. Only [`RiskTracker`] (harm, where there are
//! labels) and [`SimpleJumper`] (any change of a score, without labels) hold a promised rate of false
//! alarms over a stream of any length. The rest are context: they name a time, and alarm on noise sooner
//! or later. [`pelt`] looks back over a finished series instead.
//!
//! The invariant: a value that is refused leaves the detector as it was; the same values in the same order
//! give the same alarms.

pub mod adwin;
pub mod cusum;
pub mod ddm;
pub mod eddm;
pub mod hddm;
pub mod martingale;
pub mod page_hinkley;
pub mod pelt;
pub mod risk_tracker;

pub use adwin::Adwin;
pub use cusum::Cusum;
pub use ddm::Ddm;
pub use eddm::Eddm;
pub use hddm::{HddmA, HddmW};
pub use martingale::{ConformalReference, SimpleJumper};
pub use page_hinkley::PageHinkley;
pub use pelt::{Change, change_points, one_change};
pub use risk_tracker::{Alarm, RiskTracker, reference_upper};
