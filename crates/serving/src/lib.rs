//! The data plane: one request in, one answer out, always. No HTTP here, no database, no decisions about
//! which version should serve: it serves the snapshot that it was given.
//!
//! A request passes `admit`, `validate`, the chain in `predict`, and `record`, in this order, and nothing
//! returns for more. It reads no store and takes no lock that a writer holds.

pub mod admit;
pub mod answer;
mod arms;
mod batch;
pub mod breaker;
pub mod clock;
pub mod counters;
pub mod deferral;
pub mod doubt;
pub mod engine;
pub mod failure;
#[cfg(any(test, feature = "faults"))]
pub mod faults;
pub mod floor;
#[cfg(test)]
mod house;
mod lane;
pub mod link;
pub mod outcome;
pub mod output;
mod predict;
pub mod record;
mod row;
mod shadow;
pub mod snapshot;
pub mod tally;
pub mod trial;
pub mod tripwire;
#[cfg(any(test, feature = "faults"))]
pub mod twin;
pub mod validate;

pub use answer::{Answer, Part};
pub use clock::{Clock, SystemClock};
pub use deferral::Deferral;
pub use engine::{Engine, Refusal, Request, Settings};
pub use floor::Floor;
pub use link::{Limits, Link};
pub use outcome::{About, Claim, Noted, OutcomeError, Receipt};
pub use record::WhenFull;
pub use snapshot::{Snapshot, SnapshotError};
pub use tally::Tally;
pub use trial::Trial;
pub use tripwire::Tripped;

/// How a request's pictures become numbers: as training files did.
pub use store::image;

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
