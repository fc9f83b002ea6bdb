//! A big teacher, a small student: what it learns from, who it may be, and how it is chosen.
//!
//! Not the teacher, which is any model, most often of [`crate::ensemble`]; not the choice within a budget, which is a
//! rule's business. Three things must not happen, and the types see to them:
//!
//! - A student learns from answers of models that never saw the row: out of fold for training rows; bred rows are bred
//!   inside one fold and labelled by an ensemble without it ([`label_bred`]).
//! - A student is chosen on rows that no teacher saw: [`Guard`] takes them away before anything is fitted. Measured on
//!   Otto, validation on rows whose targets a teacher had seen flatters by 0.012 to 0.026 log loss, as much as
//!   distillation gains.
//! - A student is compared with its twin that learned the same rows from hard labels ([`Lesson::hard_twin`]): else
//!   capacity is credited to the teacher.

mod bagged;
mod breed;
mod guard;
mod label;
mod lesson;
mod search;
mod student;

pub use bagged::Bagged;
pub use breed::{Breed, munge, spunge};
pub use guard::Guard;
pub use label::{answers, label_bred};
pub use lesson::Lesson;
pub use search::{Halving, Tried, halve};
pub use student::{Kind, Student};

#[cfg(test)]
mod tests;
