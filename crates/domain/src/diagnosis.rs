//! Why production disappoints: from the outcome of ordered checks to one cause and one action.
//!
//! Exact checks come before statistics, since a bug makes every statistic look like drift. Not here: running the
//! checks; [`Facts`] come measured. The rule reads the plan's `[watch]` section and the facts, and nothing else.
//! Invariant: exactly one cause; where the facts do not tell, it is [`Cause::Unknown`], never a guess.

mod facts;
mod findings;
mod words;

pub use facts::{
    AnswerFault, Change, DataFault, Exact, Facts, FaultKind, Fingerprint, Labels, Loss, Misbehaviour,
    Mismatch, Replay,
};

use crate::plan::Watch;
use serde::{Deserialize, Serialize};

/// A change of a share by less is no change of the process behind it.
const SHARE: f64 = 0.05;
/// The chance taken of calling such a change real, for each of the few that are asked.
const CHANGE_ALPHA: f64 = 0.001;
/// Faults in more of the columns than this share, or more than three, are no fault of one source.
const FEW_COLUMNS: f64 = 0.34;

/// What is the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing that was looked at is wrong.
    Healthy,
    /// What is answered is not what the version answers.
    ServingBug,
    /// Serving computes inputs differently from training.
    PreprocessingMismatch,
    /// The rows come broken.
    UpstreamDataBug,
    /// Inputs moved, and the model copes.
    PopulationShift,
    /// Inputs moved to where the model is worse.
    CovariateShift,
    /// The same inputs have other outcomes.
    ConceptDrift,
    /// It never was as good as the gate was told.
    OfflineEstimateWrong,
    /// Labels are made or delivered differently.
    LabelProcessChanged,
    /// The model does as promised, and the business does not.
    NotTheModel,
    /// Something is wrong, and the facts do not tell what.
    Unknown,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    None,
    /// Serve the version before, and look at the door.
    RollBack,
    /// Mend the serving transform; retraining would learn the mistake.
    FixTransform,
    /// Fall back or impute, and tell who owns the source.
    TellTheSource,
    /// Keep looking.
    KeepWatching,
    /// Train on newer rows, those like the live ones weighing more.
    RetrainOnNewInputs,
    /// Train on recent labels only.
    RetrainOnRecentLabels,
    /// Look for a leak, and judge again on rows that came after training.
    JudgeAgain,
    /// Have labels checked before anything is trained on them.
    AuditLabels,
    /// Ask who owns the product or the metric.
    AskTheProduct,
    /// Label more live rows.
    Label,
}

/// One check's outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which check: `golden rows`, `answers`, `behaviour`, `replay`, `schema`, `distribution`, `loss`, `labels`, `kpi`.
    pub check: String,
    /// Whether it found something wrong; `None` where it could not be made.
    pub wrong: Option<bool>,
    /// The numbers, in a sentence.
    pub found: String,
}

/// The one cause, the one action, and the checks that led there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is the matter.
    pub cause: Cause,
    /// What to do.
    pub action: Action,
    /// Whether somebody should be told now: harm is shown, or something is broken.
    pub alarm: bool,
    /// The sentence to say.
    pub why: String,
    /// Every check, in order.
    pub findings: Vec<Finding>,
}

/// Diagnoses.
///
/// The first row of this table whose left side is true decides:
///
/// | facts | cause |
/// | --- | --- |
/// | golden rows, logged answers or behaviour are wrong | serving bug |
/// | recomputed inputs differ from logged ones | preprocessing mismatch |
/// | rows come broken, in few columns and at once | upstream data bug |
/// | labels agree or arrive less than before | label process changed |
/// | worse by more than the tolerance, from the first day on, inputs as before | offline estimate wrong |
/// | worse, mostly on the same inputs | concept drift |
/// | worse, mostly by other inputs | covariate shift |
/// | worse, and neither part is shown | unknown |
/// | inputs moved, loss as promised | population shift |
/// | inputs moved, loss not known | unknown |
/// | the business counts less | not the model |
/// | none of these | healthy |
pub fn diagnose(rules: &Watch, facts: &Facts) -> Diagnosis {
    let cause = cause(rules, facts);
    Diagnosis {
        cause,
        action: action(cause, facts),
        alarm: alarm(cause, facts),
        why: words::why(cause, facts),
        findings: findings::all(rules, facts),
    }
}

fn cause(rules: &Watch, facts: &Facts) -> Cause {
    if facts.golden.broken() || facts.answers.broken() || !facts.misbehaviour.is_empty() {
        return Cause::ServingBug;
    }
    if facts.replay.as_ref().is_some_and(|replay| !replay.columns.is_empty()) {
        return Cause::PreprocessingMismatch;
    }
    if upstream(facts) {
        return Cause::UpstreamDataBug;
    }
    if facts.labels.changed() {
        return Cause::LabelProcessChanged;
    }
    match &facts.loss {
        Some(loss) if loss.harm() => of_harm(facts, loss, moved(rules, facts)),
        loss if moved(rules, facts) => loss.as_ref().map_or(Cause::Unknown, |_| Cause::PopulationShift),
        _ if facts.kpi.as_ref().is_some_and(|kpi| kpi.now < kpi.before && kpi.p < CHANGE_ALPHA) => {
            Cause::NotTheModel
        }
        _ => Cause::Healthy,
    }
}

/// Faults that came at once into few columns are a source's; many columns that change together are a population.
fn upstream(facts: &Facts) -> bool {
    let mut columns: Vec<&str> = facts.faults.iter().filter(|f| f.step).map(|f| f.column.as_str()).collect();
    columns.sort_unstable();
    columns.dedup();
    let few = (FEW_COLUMNS * facts.columns as f64).max(3.0);
    !columns.is_empty() && columns.len() as f64 <= few
}

/// Whether inputs moved: a column by itself, or all together.
fn moved(rules: &Watch, facts: &Facts) -> bool {
    let together = |t: &crate::drift::ToldApart| t.auc.value >= rules.told_apart && t.auc.low > 0.5;
    !facts.moved.is_empty() || facts.told_apart.as_ref().is_some_and(together)
}

fn of_harm(facts: &Facts, loss: &Loss, moved: bool) -> Cause {
    let (inputs, relation) = (loss.inputs.low > 0.0, loss.relation.low > 0.0);
    if loss.from_start && !moved && facts.faults.is_empty() {
        return Cause::OfflineEstimateWrong;
    }
    match (inputs, relation) {
        (true, true) if loss.inputs.value > loss.relation.value => Cause::CovariateShift,
        (_, true) => Cause::ConceptDrift,
        (true, false) => Cause::CovariateShift,
        (false, false) => Cause::Unknown,
    }
}

impl Labels {
    /// Whether labels are made or delivered differently from before.
    pub fn changed(&self) -> bool {
        self.arrival.is_some_and(|c| c.fell()) || self.agreement.is_some_and(|c| c.fell())
    }
}

impl Change {
    /// Whether a share fell by enough to matter, and not by chance.
    pub fn fell(&self) -> bool {
        self.before - self.now >= SHARE && self.p < CHANGE_ALPHA
    }
}

fn action(cause: Cause, facts: &Facts) -> Action {
    match cause {
        Cause::Healthy => Action::None,
        Cause::ServingBug => Action::RollBack,
        Cause::PreprocessingMismatch => Action::FixTransform,
        Cause::UpstreamDataBug => Action::TellTheSource,
        Cause::PopulationShift => Action::KeepWatching,
        Cause::CovariateShift => Action::RetrainOnNewInputs,
        Cause::ConceptDrift => Action::RetrainOnRecentLabels,
        Cause::OfflineEstimateWrong => Action::JudgeAgain,
        Cause::LabelProcessChanged => Action::AuditLabels,
        Cause::NotTheModel => Action::AskTheProduct,
        Cause::Unknown if facts.labels.missing.is_some() => Action::Label,
        Cause::Unknown => Action::KeepWatching,
    }
}

/// Change alone pages nobody: harm does, and what is broken.
fn alarm(cause: Cause, facts: &Facts) -> bool {
    match cause {
        Cause::Healthy | Cause::PopulationShift | Cause::NotTheModel => false,
        Cause::Unknown => facts.loss.as_ref().is_some_and(Loss::harm),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
