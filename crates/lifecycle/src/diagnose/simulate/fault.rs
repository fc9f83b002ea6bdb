//! The faults, each with the place where it is injected and the cause that must be named.

use domain::diagnosis::Cause;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What must be named.
    pub expected: Cause,
    /// Where it sits.
    pub(super) kind: Kind,
}

/// Where a fault sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In the transform that serves.
    Serving(Serving),
    /// In the source of events, before anything of ours.
    Source(Source),
    /// Between the model and the caller.
    Answer(Answer),
    /// In how labels are made or delivered.
    Label(Label),
    /// In the world.
    Real(Real),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serving {
    Unit,
    Zone,
    Swapped,
    Vocabulary,
    Stale,
    Default,
    Truncated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Missing,
    Code,
    Unit,
    Swapped,
    Frozen,
    NewCategory,
    Repeated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    OtherVersion,
    Transposed,
    Rounded,
    Shifted,
    Constant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Late,
    Disputed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Real {
    HarmfulShift,
    HarmlessShift,
    SlowShift,
    Flip,
    SlowFlip,
    FlipFromStart,
    FewerSales,
}

const fn fault(name: &'static str, expected: Cause, kind: Kind) -> Fault {
    Fault { name, expected, kind }
}

/// Every fault.
pub const FAULTS: &[Fault] = &[
    fault("unit changed in serving", Cause::PreprocessingMismatch, Kind::Serving(Serving::Unit)),
    fault("time zone in serving", Cause::PreprocessingMismatch, Kind::Serving(Serving::Zone)),
    fault("columns swapped in serving", Cause::PreprocessingMismatch, Kind::Serving(Serving::Swapped)),
    fault("unseen words in serving", Cause::PreprocessingMismatch, Kind::Serving(Serving::Vocabulary)),
    fault("stale feature", Cause::PreprocessingMismatch, Kind::Serving(Serving::Stale)),
    fault("default in place of missing", Cause::PreprocessingMismatch, Kind::Serving(Serving::Default)),
    fault("digits cut off in serving", Cause::PreprocessingMismatch, Kind::Serving(Serving::Truncated)),
    fault("source stops filling a column", Cause::UpstreamDataBug, Kind::Source(Source::Missing)),
    fault("source sends a default code", Cause::UpstreamDataBug, Kind::Source(Source::Code)),
    fault("source changes a unit", Cause::UpstreamDataBug, Kind::Source(Source::Unit)),
    fault("source swaps columns", Cause::UpstreamDataBug, Kind::Source(Source::Swapped)),
    fault("source freezes a column", Cause::UpstreamDataBug, Kind::Source(Source::Frozen)),
    fault("source sends a new category", Cause::UpstreamDataBug, Kind::Source(Source::NewCategory)),
    fault("source repeats rows", Cause::UpstreamDataBug, Kind::Source(Source::Repeated)),
    fault("wrong model file", Cause::ServingBug, Kind::Answer(Answer::OtherVersion)),
    fault("output transposed", Cause::ServingBug, Kind::Answer(Answer::Transposed)),
    fault("output rounded", Cause::ServingBug, Kind::Answer(Answer::Rounded)),
    fault("answers handed to the next row", Cause::ServingBug, Kind::Answer(Answer::Shifted)),
    fault("always the same answer", Cause::ServingBug, Kind::Answer(Answer::Constant)),
    fault("labels delayed", Cause::LabelProcessChanged, Kind::Label(Label::Late)),
    fault("labels disputed", Cause::LabelProcessChanged, Kind::Label(Label::Disputed)),
    fault("covariate shift that hurts", Cause::CovariateShift, Kind::Real(Real::HarmfulShift)),
    fault("covariate shift that does not", Cause::PopulationShift, Kind::Real(Real::HarmlessShift)),
    fault("slow shift that does not hurt", Cause::PopulationShift, Kind::Real(Real::SlowShift)),
    fault("concept flips", Cause::ConceptDrift, Kind::Real(Real::Flip)),
    fault("concept flips slowly", Cause::ConceptDrift, Kind::Real(Real::SlowFlip)),
    fault("promised too much", Cause::OfflineEstimateWrong, Kind::Real(Real::FlipFromStart)),
    fault("sales fall, model as before", Cause::NotTheModel, Kind::Real(Real::FewerSales)),
];
