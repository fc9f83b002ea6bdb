//! When a challenger is trained on newer rows.

use crate::plan::Retrain;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the rule is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrainFacts {
    /// What time it is, by the rows' own clock.
    pub now: Timestamp,
    /// When the last retraining was triggered; before the first, until when the incumbent's rows reach.
    pub last: Timestamp,
    /// Labelled rows that are later than all that the incumbent was trained on.
    pub new_rows: u64,
    /// The fewest rows that the gate can judge on.
    pub least_rows: u64,
}

/// Whether to retrain, and why; or what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrainDecision {
    /// Train a challenger now.
    Train(String),
    /// Not yet.
    Wait(String),
}

/// Retrains on schedule, once there are enough new labels to train on one half and judge on the other.
pub fn retrain(rules: &Retrain, facts: &RetrainFacts) -> RetrainDecision {
    if rules.every.0 == 0 {
        return RetrainDecision::Wait("the plan has no retrain.every".into());
    }
    let next = Timestamp(facts.last.0.saturating_add(rules.every.0));
    if facts.now < next {
        return RetrainDecision::Wait(format!("next on {next}, every {}", rules.every));
    }
    let needed = 2 * facts.least_rows;
    if facts.new_rows < needed {
        let found = facts.new_rows;
        return RetrainDecision::Wait(format!(
            "{found} of {needed} new labelled rows, half of them to judge on"
        ));
    }
    RetrainDecision::Train(format!(
        "{} passed since {} and {} new labelled rows came",
        rules.every, facts.last, facts.new_rows
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Span;
    use crate::time::DAY;

    fn decide(days: i64, new_rows: u64) -> RetrainDecision {
        let rules = Retrain { every: Span(30 * DAY), ..Retrain::default() };
        retrain(
            &rules,
            &RetrainFacts { now: Timestamp(days * DAY), last: Timestamp(0), new_rows, least_rows: 200 },
        )
    }

    #[test]
    fn it_waits_for_the_day_and_for_the_rows() {
        assert!(matches!(decide(29, 9_999), RetrainDecision::Wait(why) if why.contains("every 30d")));
        assert!(matches!(decide(30, 399), RetrainDecision::Wait(why) if why.contains("399 of 400")));
        assert!(matches!(decide(30, 400), RetrainDecision::Train(_)));
    }

    #[test]
    fn a_plan_without_a_cadence_never_retrains() {
        let facts = RetrainFacts { now: Timestamp(DAY), last: Timestamp(0), new_rows: 9_999, least_rows: 2 };
        assert!(matches!(retrain(&Retrain::default(), &facts), RetrainDecision::Wait(_)));
    }
}
