//! How good a model is on rows without answers: guesses that stand on named assumptions.
//!
//! Not evidence. None of these may gate, promote or alarm alone: each is blind to a changed concept, which
//! is the failure that matters most. They say where labels are worth asking for. With labels drawn at
//! random, [`crate::label_sampling`] estimates the same without believing anything. The invariant: every
//! result carries its assumptions, and the first is [`Assumption::SameConcept`].
//!
//! [`mod@cbpe`] for classes, [`importance`] where the mix of rows has moved, [`dle`] for numbers.

pub mod assumption;
pub mod cbpe;
pub mod dle;
pub mod importance;

pub use assumption::Assumption;
pub use cbpe::{
    BinaryQuality, ClassQuality, ExpectedConfusion, ServedClasses, ServedYesNo, cbpe, cbpe_classes,
};
pub use dle::{DirectLoss, direct_loss};
pub use importance::{
    ReferenceClasses, ReferenceYesNo, Reweighted, reweighted_cbpe, reweighted_cbpe_classes,
};
