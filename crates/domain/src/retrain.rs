//! When a challenger is trained on newer rows, and when it must not be.
//!
//! Four triggers: the schedule, an alarm, enough new labels, and a person. One retrain at a time; not while a release is
//! under way; never where the last diagnosis is a bug, since training would learn the mistake. Not here: the training
//! (`lifecycle::retrain`). Invariant: plan and facts alone decide, and every decision has its reason.

mod trigger;

use crate::ageing::Ageing;
use crate::cadence::Odds;
use crate::diagnosis::Cause;
use crate::experiment::ExperimentId;
use crate::model::VersionId;
use crate::plan::Retrain;
use crate::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};
pub use trigger::scheduled;

/// The budget counts retrains of so long a time.
pub const BUDGET_TIME: i64 = 30 * DAY;
/// Fewer rows cannot be parted into some to train on and some to judge on.
const LEAST_BY_HAND: u64 = 2;
/// A retrain that was cut short is tried again, but what fails each time waits for the next trigger.
const ATTEMPTS: u64 = 3;

/// What the rule is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrainFacts {
    /// The version that serves.
    pub incumbent: VersionId,
    /// What time it is, by the rows' own clock.
    pub now: Timestamp,
    /// When the last retraining was triggered; before the first, until when the incumbent's rows reach.
    pub last: Timestamp,
    /// Labelled rows that a version may be judged on, later than all that the incumbent was trained on.
    pub new_rows: u64,
    /// Labels that became known since the last retraining, whatever came of it; of people's those that teach.
    pub since_last: u64,
    /// People's labels that teach, known by now in all: the next retraining counts on from here.
    #[serde(default)]
    pub reviewed: u64,
    /// The fewest rows that the gate can judge on.
    pub least_rows: u64,
    /// Retrains within [`BUDGET_TIME`] that were not cut short, oldest first.
    pub recent: Vec<Timestamp>,
    /// Retrains in a row, the last ones, that were begun and came to no verdict.
    pub cut_short: u64,
    /// What the last diagnosis of the incumbent says.
    pub cause: Option<Cause>,
    /// How the trainer's models age, where it was measured.
    pub ageing: Option<Ageing>,
    /// How retrained challengers fared at the gate so far.
    pub odds: Odds,
    /// The release that is under way.
    pub release: Option<ExperimentId>,
    /// Whether a retrain is under way already.
    pub under_way: bool,
    /// Whether a person asks.
    pub by_hand: bool,
}

/// Whether to retrain, and why; or what it waits for; or why it must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrainDecision {
    /// Train a challenger now.
    Train(String),
    /// Not yet.
    Wait(String),
    /// Something else has to be mended first.
    Refuse(String),
}

impl RetrainDecision {
    /// The reason.
    pub fn why(&self) -> &str {
        let (RetrainDecision::Train(why) | RetrainDecision::Wait(why) | RetrainDecision::Refuse(why)) = self;
        why
    }
}

/// Decides.
///
/// The first row of this table whose left side is true decides:
///
/// | facts | decision |
/// | --- | --- |
/// | a retrain is under way | wait |
/// | a person asks, and there are two new labelled rows | train |
/// | the last diagnosis is a bug, or labels changed | refuse |
/// | the last retrain was cut short (twice at most), and the rows suffice | train |
/// | no trigger is due | wait |
/// | a release is under way | wait |
/// | the budget is used up | wait |
/// | too few new labelled rows to train on one half and judge on the other | wait |
/// | none of these | train |
pub fn retrain(rules: &Retrain, facts: &RetrainFacts) -> RetrainDecision {
    use RetrainDecision::{Refuse, Train, Wait};
    if facts.under_way {
        return Wait("a retrain is under way: one at a time".into());
    }
    if facts.by_hand {
        return by_hand(facts);
    }
    if let Some(cause) = facts.cause.filter(|cause| is_bug(*cause)) {
        return Refuse(format!(
            "the last diagnosis is `{cause}`: retraining would learn the mistake; mend it, or ask by hand"
        ));
    }
    let due = match again(facts).map_or_else(|| trigger::due(rules, facts), Ok) {
        Ok(due) => due,
        Err(waits) => return Wait(waits),
    };
    match held_up(rules, facts) {
        Some(why) => Wait(why),
        None => Train(format!("{due}; {} new labelled rows", facts.new_rows)),
    }
}

/// A person knows what a rule cannot, so nothing but the lack of rows keeps them; what speaks against it is said.
fn by_hand(facts: &RetrainFacts) -> RetrainDecision {
    if facts.new_rows < LEAST_BY_HAND {
        let found = facts.new_rows;
        return RetrainDecision::Wait(format!(
            "{found} labelled rows that the incumbent has not learned from"
        ));
    }
    RetrainDecision::Train(match facts.cause.filter(|cause| is_bug(*cause)) {
        Some(cause) => format!("asked for by hand, although the last diagnosis is `{cause}`"),
        None => "asked for by hand".into(),
    })
}

/// Whoever stopped the last retrain, its trigger is still owed an answer.
fn again(facts: &RetrainFacts) -> Option<String> {
    (1..ATTEMPTS)
        .contains(&facts.cut_short)
        .then(|| format!("the last retrain was cut short, attempt {} of {ATTEMPTS}", facts.cut_short + 1))
}

/// What is due and has to wait all the same.
fn held_up(rules: &Retrain, facts: &RetrainFacts) -> Option<String> {
    if let Some(release) = &facts.release {
        return Some(format!("release {release} is under way: one challenger at a time"));
    }
    let runs = facts.recent.len() as u64;
    if rules.budget > 0 && runs >= rules.budget {
        let first = facts.recent[facts.recent.len() - rules.budget as usize];
        let next = Timestamp(first.0.saturating_add(BUDGET_TIME));
        return Some(format!(
            "{runs} retrains within 30 days, at most {}; the next from {next} on",
            rules.budget
        ));
    }
    let needed = 2 * facts.least_rows;
    let found = facts.new_rows;
    (found < needed).then(|| format!("{found} of {needed} new labelled rows, half of them to judge on"))
}

/// What training cannot mend, and would hide.
fn is_bug(cause: Cause) -> bool {
    match cause {
        Cause::ServingBug
        | Cause::PreprocessingMismatch
        | Cause::UpstreamDataBug
        | Cause::LabelProcessChanged => true,
        Cause::Healthy
        | Cause::PopulationShift
        | Cause::CovariateShift
        | Cause::ConceptDrift
        | Cause::OfflineEstimateWrong
        | Cause::NotTheModel
        | Cause::Unknown => false,
    }
}

#[cfg(test)]
mod tests;
