//! An alarm for a program: what is sent to the address that the plan names.

use crate::diagnosis::since;
use domain::diagnosis::{Diagnosis, Facts};
use serde_json::{Value, json};

/// The body of an alarm. Instants are text in UTC, such as `2026-03-01T08:00:00Z`.
///
/// | field | holds |
/// | --- | --- |
/// | `version` | the version that serves, its whole hash |
/// | `cause` | one of the causes, such as `upstream_data_bug` |
/// | `action` | one of the actions, such as `tell_the_source` |
/// | `advice` | the action as a sentence |
/// | `alarm` | whether somebody should be told now |
/// | `why` | the evidence in a sentence |
/// | `since` | when it began; null where nothing dates it |
/// | `from`, `to` | the first and last instant of the rows that were looked at |
/// | `rows` | how many they are |
/// | `findings` | every check in order: `check`, `wrong` (true, false, or null where it could not be made), `found` |
pub fn alarm(facts: &Facts, diagnosis: &Diagnosis) -> Value {
    json!({
        "version": facts.version,
        "cause": diagnosis.cause,
        "action": diagnosis.action,
        "advice": diagnosis.action.to_string(),
        "alarm": diagnosis.alarm,
        "why": diagnosis.why,
        "since": since(facts, diagnosis).map(|at| at.to_string()),
        "from": facts.from.to_string(),
        "to": facts.to.to_string(),
        "rows": facts.rows,
        "findings": diagnosis.findings,
    })
}
