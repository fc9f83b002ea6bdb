//! A big teacher and a small student: soft targets, the loss between them, and what the student kept.
//!
//! Not the choice of a student: the frontier and the budget's pick are facts, whether to ship is a gate's
//! business. The invariant: probabilities are row-major, `width` a row, and rows that are given back sum to 1.
//!
//! Where to find what: targets in [`softmax`] and [`soften`]; what a student learns by in [`hinton`] and, for
//! boosted trees, [`soft_target_derivatives`]; how like its teacher it is in [`fidelity()`] and [`fidelity_estimate`]; how much of the
//! teacher's gain it kept in [`gain_kept`]; which of many students in [`frontier()`] and [`cheapest_best`];
//! several models as one in [`Blend`] and [`fit_blend`].

pub mod blend;
pub mod fidelity;
pub mod frontier;
pub mod gain;
pub mod hinton;
pub mod temperature;
pub mod weights;

pub use blend::{Blend, Group};
pub use fidelity::{Fidelity, FidelityEstimate, fidelity, fidelity_estimate};
pub use frontier::{Point, cheapest_best, frontier};
pub use gain::{gain_kept, share_of_gain};
pub use hinton::{Hinton, hinton, soft_target_derivatives};
pub use temperature::{soften, softmax};
pub use weights::{Pool, fit_blend, fit_weights};
