//! Maintenance for programs, and what its page shares with that: the past retrains with what came of them.
//!
//! Not a rule, and no counting of its own: what is due stands in `domain`, what was gathered in `lifecycle`.

use crate::state::App;
use domain::history::{Certified, History, Judged, Retraining, Standing};
use domain::retrain::RetrainDecision;
use domain::review::Why;
use lifecycle::maintenance::{Day, Maintenance};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A retrain and the verdicts that it came to.
pub struct Run<'a> {
    /// The decision to train.
    pub retraining: &'a Retraining,
    /// What the gate said before the next retrain, oldest first.
    pub judged: Vec<&'a Judged>,
}

/// Every retrain, newest first.
pub fn runs<'a>(history: &'a History) -> Vec<Run<'a>> {
    let trained = |r: &&Retraining| matches!(r.decision, RetrainDecision::Train(_));
    let mut before = u64::MAX;
    let mut run = |retraining: &'a Retraining| {
        let own = |judged: &&Judged| (retraining.sequence..before).contains(&judged.sequence);
        let judged = history.verdicts.iter().filter(own).collect();
        before = retraining.sequence;
        Run { retraining, judged }
    };
    history.retrains.iter().rev().filter(trained).map(&mut run).collect()
}

/// Versions that people's labels taught, oldest first.
pub fn taught(history: &History) -> impl DoubleEndedIterator<Item = &Standing> {
    history.versions.iter().filter(|version| version.trained_on.reviewed.is_some())
}

/// The certificate in force.
pub fn certified(history: &History) -> Option<&Certified> {
    history.incumbent().and_then(|standing| history.certificates_of(&standing.version).next_back())
}

/// Microseconds from the last row that the incumbent learned from to the latest live row; `None` where either is
/// not known.
pub fn age(history: &History, found: &Maintenance) -> Option<i64> {
    let until = history.incumbent().and_then(|standing| standing.trained_on.until)?;
    Some((found.now?.0 - until.0).max(0))
}

/// All of it.
pub fn twin(app: &App) -> Value {
    let (history, found) = (app.source.history(), app.source.maintenance());
    let incumbent = history.incumbent().map(|standing| {
        let deployed = history.deployment.as_ref().map(|deployment| deployment.at.to_string());
        let until = standing.trained_on.until.map(|until| until.to_string());
        json!({"version": standing.version, "number": standing.number, "served_since": deployed, "rows_until": until})
    });
    let retrains = runs(&history).into_iter().map(|run| retrain(&history, &run));
    let taught = taught(&history).map(|version| version_taught(&history, version));
    json!({
        "incumbent": incumbent,
        "looked": found.as_deref().map(|found| looked(&history, found)),
        "certificate": certified(&history).map(certificate),
        "retrains": retrains.collect::<Vec<_>>(),
        "taught": taught.collect::<Vec<_>>(),
    })
}

fn looked(history: &History, found: &Maintenance) -> Value {
    let time = |at: Option<domain::Timestamp>| at.map(|at| at.to_string());
    let live = found.live.as_ref().map(|loss| {
        json!({
            "all": loss.all, "audit": loss.audit, "alone": loss.alone, "naive": loss.naive, "rows": loss.rows,
            "waiting": loss.waiting,
        })
    });
    json!({
        "now": time(found.now), "age_seconds": age(history, found).map(|age| age as f64 / 1e6),
        "ageing": found.ageing, "cadence": found.cadence,
        "retrains_by_itself": found.by_itself, "decision": found.asked.decision, "facts": found.asked.facts,
        "scheduled": time(found.scheduled),
        "promise": found.promise, "delta": found.delta, "live_error": live,
        "labels": found.spend.iter().map(day).collect::<Vec<_>>(),
    })
}

fn day(day: &Day) -> Value {
    let sum = |of: &BTreeMap<Why, u64>| of.values().sum::<u64>();
    json!({
        "day": day.day.to_string(), "budget": day.budget, "drawn": day.drawn, "labelled": day.labelled,
        "drawn_in_all": sum(&day.drawn), "labelled_in_all": sum(&day.labelled),
    })
}

fn certificate(certified: &Certified) -> Value {
    json!({
        "version": certified.facts.version, "at": certified.at.to_string(), "basis": certified.facts.basis,
        "labels": certified.facts.labels, "certificate": certified.certificate,
    })
}

fn retrain(history: &History, run: &Run<'_>) -> Value {
    let judged = run.judged.iter().map(|judged| {
        let version = history.version(&judged.facts.challenger);
        json!({
            "version": judged.facts.challenger, "verdict": judged.verdict.decision,
            "stage": version.map(|v| v.stage), "reviewed": version.and_then(|v| v.trained_on.reviewed.as_ref()),
        })
    });
    let (at, why) = (run.retraining.at.to_string(), run.retraining.decision.why());
    json!({"at": at, "why": why, "judged": judged.collect::<Vec<_>>()})
}

fn version_taught(history: &History, version: &Standing) -> Value {
    let verdict = history.verdict(&version.version).map(|judged| judged.verdict.decision);
    json!({
        "version": version.version, "number": version.number, "reviewed": version.trained_on.reviewed,
        "verdict": verdict, "stage": version.stage,
    })
}
