//! Releases as JSON: the same at `/api/experiments` and behind `incumbent experiment --json`.

use super::{State, name, next, state};
use domain::history::{History, Looked, Release};
use domain::model::VersionId;
use serde_json::{Value, json};

/// One release with its last look.
pub fn summary(history: &History, release: &Release) -> Value {
    let version = |id: &VersionId| json!({"version": id, "number": history.version(id).map(|s| s.number)});
    let state = state(release);
    let reason = match state {
        State::Stopped(reason) => Some(reason),
        _ => None,
    };
    json!({
        "experiment": release.id,
        "incumbent": version(&release.incumbent),
        "challenger": version(&release.challenger),
        "state": state.word(),
        "reason": reason,
        "said": format!("{} against {}: {state}", name(history, &release.challenger), name(history, &release.incumbent)),
        "phase": release.phase,
        "since": release.since.to_string(),
        "started": release.at.to_string(),
        "why": release.why,
        "promoted": release.promoted,
        "ended": release.ended.map(|at| at.to_string()),
        "waits_for": next(release).map(|next| next.waits_for),
        "looks": release.looks.len(),
        "last": release.last().map(look),
    })
}

/// One release with every look and the rules that each was decided by.
pub fn full(history: &History, release: &Release) -> Value {
    let mut all = summary(history, release);
    all["looks"] = release.looks.iter().map(with_rules).collect();
    all
}

/// What was known at a look, and what the rule said.
pub fn look(look: &Looked) -> Value {
    json!({
        "sequence": look.sequence, "at": look.at.to_string(), "facts": look.facts,
        "mode": look.mode, "decision": look.decision,
    })
}

fn with_rules(looked: &Looked) -> Value {
    let mut all = look(looked);
    all["rules"] = looked.rules.clone();
    all
}
