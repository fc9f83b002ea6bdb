//! Every check's outcome in a sentence, in the order in which the checks are asked.

use super::words::percent;
use super::{Change, Exact, Facts, Finding};
use crate::plan::Watch;

/// All of them.
pub(super) fn all(rules: &Watch, facts: &Facts) -> Vec<Finding> {
    vec![
        exact("golden rows", "answered again by the kept bytes", &facts.golden),
        exact("answers", "logged and answered again", &facts.answers),
        behaviour(facts),
        replay(facts),
        schema(facts),
        distribution(rules, facts),
        loss(facts),
        labels(facts),
        kpi(facts),
    ]
}

fn finding(check: &str, wrong: Option<bool>, found: impl Into<String>) -> Finding {
    Finding { check: check.into(), wrong, found: found.into() }
}

fn exact(check: &str, what: &str, exact: &Exact) -> Finding {
    if exact.rows == 0 {
        return finding(check, None, "there are none");
    }
    let bound = match exact.wrong {
        // the rule of three
        0 => format!("; at most {} are wrong (95%)", percent(3.0 / exact.rows as f64)),
        _ => format!(", the worst by {:.2e}", exact.worst),
    };
    finding(check, Some(exact.broken()), format!("{} of {} {what} differ{bound}", exact.wrong, exact.rows))
}

fn behaviour(facts: &Facts) -> Finding {
    let said: Vec<String> = facts.misbehaviour.iter().map(ToString::to_string).collect();
    match said.is_empty() {
        true => finding("behaviour", Some(false), "alone, among others and again: the same answers"),
        false => finding("behaviour", Some(true), said.join("; ")),
    }
}

fn replay(facts: &Facts) -> Finding {
    let Some(replay) = &facts.replay else {
        return finding("replay", None, "the plan names no watch.transform to recompute inputs with");
    };
    let each =
        replay.columns.iter().map(|m| format!("{} in {}: {}", m.column, percent(m.share), m.fingerprint));
    match replay.columns.is_empty() {
        true => {
            finding("replay", Some(false), format!("{} rows recomputed, every column as logged", replay.rows))
        }
        false => finding("replay", Some(true), each.collect::<Vec<_>>().join("; ")),
    }
}

fn schema(facts: &Facts) -> Finding {
    let said: Vec<String> = facts.faults.iter().map(ToString::to_string).collect();
    match said.is_empty() {
        true => finding("schema", Some(false), format!("{} columns are as they were", facts.columns)),
        false => finding("schema", Some(true), said.join("; ")),
    }
}

fn distribution(rules: &Watch, facts: &Facts) -> Finding {
    let each = facts.moved.iter().map(|c| format!("{} by {:.3}", c.column, c.distance.max(c.largest)));
    let together = facts
        .told_apart
        .as_ref()
        .map(|t| format!("told apart with AUC {:.3} [{:.3}, {:.3}]", t.auc.value, t.auc.low, t.auc.high));
    let found = match facts.moved.is_empty() {
        true => format!("none of {} columns moved", facts.columns),
        false => format!("moved: {}", each.collect::<Vec<_>>().join(", ")),
    };
    let found = [Some(found), together].into_iter().flatten().collect::<Vec<_>>().join("; ");
    finding("distribution", Some(super::moved(rules, facts)), found)
}

fn loss(facts: &Facts) -> Finding {
    let Some(loss) = &facts.loss else {
        let more = facts.labels.missing.map(|n| format!(", {n} more are needed")).unwrap_or_default();
        return finding("loss", None, format!("{} outcomes are known{more}", facts.labels.known));
    };
    let since = loss.since.map(|at| format!(", since {at}")).unwrap_or_default();
    let alarmed = loss.alarmed.map(|at| format!("; always-valid alarm at {at}")).unwrap_or_default();
    let found = format!(
        "{} {:.4} live, {:.4} promised: {:+.4} [{:+.4}, {:+.4}], tolerance {:.4}; {:+.4} by inputs, {:+.4} by the relation, {} of the rows like none before{since}{alarmed}",
        loss.metric,
        loss.live.value,
        loss.reference.value,
        loss.worse.value,
        loss.worse.low,
        loss.worse.high,
        loss.tolerance,
        loss.inputs.value,
        loss.relation.value,
        percent(loss.unseen),
    );
    finding("loss", Some(loss.harm()), found)
}

fn labels(facts: &Facts) -> Finding {
    let told =
        |what: &str, c: &Change| format!("{what} {} before, {} now", percent(c.before), percent(c.now));
    let arrival = facts.labels.arrival.as_ref().map(|c| told("known in time", c));
    let agreement = facts.labels.agreement.as_ref().map(|c| told("agreeing", c));
    let said: Vec<String> = [arrival, agreement].into_iter().flatten().collect();
    match said.is_empty() {
        true => {
            finding("labels", None, format!("{} outcomes are known, too few to tell", facts.labels.known))
        }
        false => finding("labels", Some(facts.labels.changed()), said.join("; ")),
    }
}

fn kpi(facts: &Facts) -> Finding {
    let Some(kpi) = &facts.kpi else { return finding("kpi", None, "nobody said what the business counts") };
    let fell = kpi.now < kpi.before && kpi.p < super::CHANGE_ALPHA;
    finding("kpi", Some(fell), format!("{:.4} before, {:.4} now (p {:.2e})", kpi.before, kpi.now, kpi.p))
}
