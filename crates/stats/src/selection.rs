//! What people should look at: which rows teach most, and with what chance each is drawn.
//!
//! Not who looks at it or when. A ranking alone is no sample: rows below the cut can never be labelled and
//! no estimate repairs that, so a score becomes a chance by [`inclusion()`] and a coin decides. The
//! invariant: equal rows have equal scores, and ties go to the lowest index.
//!
//! Which one: [`margin`] as a rule, [`least_confidence`], [`entropy`] and [`bald`] beside it; [`k_center`]
//! to spread a batch over the inputs, best on the rows of smallest margin.

pub mod inclusion;
pub mod k_center;
pub mod uncertainty;

pub use inclusion::{inclusion, poisson_draw};
pub use k_center::{KCenter, k_center};
pub use uncertainty::{bald, entropy, least_confidence, margin};
