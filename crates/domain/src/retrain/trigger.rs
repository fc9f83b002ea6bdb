//! What may start a retrain by itself: each trigger is due, or says what it waits for.

use super::RetrainFacts;
use crate::cadence::{Cadence, recommend};
use crate::diagnosis::Cause;
use crate::plan::{CadenceSource, Retrain, Span};
use crate::time::{DAY, Timestamp};

/// The triggers that are due, in a sentence; or what all of them wait for.
pub(super) fn due(rules: &Retrain, facts: &RetrainFacts) -> Result<String, String> {
    let asked = [alarm(rules, facts), schedule(rules, facts), labels(rules, facts)];
    let (due, waits): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
    if due.is_empty() {
        let waits: Vec<String> =
            waits.into_iter().filter_map(Result::err).filter(|w| !w.is_empty()).collect();
        return Err(waits.join("; "));
    }
    Ok(due.into_iter().filter_map(Result::ok).collect::<Vec<_>>().join("; "))
}

/// An alarm that stands trains again only once there are new rows to judge on, since the old ones said no.
fn alarm(rules: &Retrain, facts: &RetrainFacts) -> Result<String, String> {
    if !rules.on_alarm {
        return Err(String::new());
    }
    match facts.cause {
        Some(cause @ (Cause::CovariateShift | Cause::ConceptDrift)) => {
            if facts.since_last < facts.least_rows {
                let (found, needed) = (facts.since_last, facts.least_rows);
                return Err(format!(
                    "an alarm stands ({cause}): {found} of {needed} labelled rows since the last retrain"
                ));
            }
            Ok(format!("an alarm stands: {cause}"))
        }
        _ => Err("no alarm of the kind that training mends".into()),
    }
}

fn schedule(rules: &Retrain, facts: &RetrainFacts) -> Result<String, String> {
    let (every, how) = every(rules, facts)?;
    let next = scheduled(rules, facts)?;
    if facts.now < next {
        return Err(format!("next on {next}, every {every}{how}"));
    }
    Ok(format!("{every} passed since {}{how}", facts.last))
}

/// When the schedule is next due, by the rows' own clock; or why there is no schedule.
pub fn scheduled(rules: &Retrain, facts: &RetrainFacts) -> Result<Timestamp, String> {
    every(rules, facts).map(|(every, _)| Timestamp(facts.last.0.saturating_add(every.0)))
}

/// The cadence that holds, and where it comes from.
fn every(rules: &Retrain, facts: &RetrainFacts) -> Result<(Span, &'static str), String> {
    let measured = facts.ageing.as_ref().filter(|_| rules.cadence == CadenceSource::Measured);
    match measured.map(|ageing| recommend(rules, ageing, facts.odds).cadence) {
        Some(Cadence::Every { days, .. }) => {
            return Ok((Span(((days * DAY as f64) as i64).max(1)), " as measured ageing costs least"));
        }
        Some(Cadence::Never) => return Err("no schedule pays by how the model ages".into()),
        Some(Cadence::Unknown) | None => {}
    }
    if rules.every.0 == 0 {
        return Err("the plan has no retrain.every".into());
    }
    let unmeasured = rules.cadence == CadenceSource::Measured;
    Ok((rules.every, if unmeasured { " until ageing is measured" } else { "" }))
}

fn labels(rules: &Retrain, facts: &RetrainFacts) -> Result<String, String> {
    let (found, wanted) = (facts.since_last, rules.on_labels);
    match wanted {
        0 => Err(String::new()),
        _ if found < wanted => Err(format!("{found} of {wanted} labelled rows since the last retrain")),
        _ => Ok(format!("{found} labelled rows came since the last retrain, {wanted} are enough")),
    }
}
