//! The control plane: one file a stage. Each reads facts, asks the rule, and writes the event.
//!
//! Not here: the terminal, HTTP, or a rule of its own (rules stand in `domain`). Invariant: whatever a stage
//! decides can be replayed from the events that it wrote.

pub mod analyze;
pub mod baseline;
mod book;
pub mod choice;
pub mod cost;
pub mod data;
pub mod decay;
pub mod diagnose;
pub mod distill;
pub mod drift;
mod error;
pub mod experiment;
pub mod gate;
pub mod import;
pub mod labelling;
pub mod leak;
pub mod live;
pub mod maintenance;
pub mod measure;
pub mod off_policy;
pub mod people;
pub mod project;
mod refused;
pub mod retrain;
pub mod review;
pub mod score;
pub mod sheet;
pub mod slices;
pub mod train;
pub mod trainers;
pub mod up;
pub mod version;
pub mod watch;

pub use error::StageError;
pub use project::{Progress, Project, Silent};
