//! The nouns and the rules of incumbent: facts in, decision out.
//!
//! Nothing here reads a file, a clock, a socket or a random number. Whatever decides is a pure
//! function of plan and facts, so that every past decision can be replayed from the events.

pub mod ageing;
pub mod analysis;
pub mod baseline;
pub mod cadence;
pub mod diagnosis;
pub mod distill;
pub mod drift;
pub mod event;
pub mod experiment;
pub mod gate;
pub mod history;
pub mod model;
pub mod off_policy;
pub mod plan;
pub mod prediction;
pub mod retrain;
pub mod review;
pub mod table;
pub mod time;

pub use event::{Event, Recorded, Score, TrainedOn};
pub use experiment::{Arm, Assignment, ExperimentId};
pub use history::History;
pub use model::{Origin, OutputKind, Outputs, Signature, Stage, Task, VersionId};
pub use plan::Plan;
pub use prediction::{Outcome, Prediction, PredictionId, ServedBy, ShadowAnswer, Source, Story};
pub use table::{Column, Domain, Examples, Field, Kind, Schema, Table, Target, Values};
pub use time::Timestamp;
