//! Evidence that may be looked at after every row.
//!
//! Not for one planned look: that is sharper and stands in [`crate::paired`] and [`crate::welch`].
//! The invariant of every method here: whatever moment the reader picks to stop at, having seen the
//! data, the promised error rate holds.
//!
//! What callers use: [`Monitor`] for the mean of a stream of units, [`harm`] for guardrails. Under
//! them: [`asymptotic`] (any values, no last look), [`planned`] (any values, a firm last look),
//! [`betting`], [`hedged`] and [`beta_binomial`] (bounded values, no approximation), [`mixture`] and
//! [`empirical_bernstein`] (boundaries for bounded values in closed form), [`pairing`].

pub mod asymptotic;
pub mod beta_binomial;
pub mod betting;
pub mod empirical_bernstein;
pub mod harm;
pub mod hedged;
pub mod mixture;
pub mod monitor;
pub mod pairing;
pub mod planned;
pub mod seen;

pub use asymptotic::{always_valid_bound_reach, always_valid_reach, always_valid_rows};
pub use betting::Bettor;
pub use empirical_bernstein::{ConjugateBernstein, PredictableBernstein};
pub use harm::{HarmCounts, HarmLimit, RateLimit};
pub use hedged::Hedged;
pub use monitor::{Looked, Monitor, Peek};
pub use pairing::{Arm, Pairing};
pub use planned::{planned_power, planned_reach, planned_rows};
pub use seen::Seen;
