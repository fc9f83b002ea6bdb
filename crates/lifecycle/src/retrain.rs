//! Lesson 5: the model renews itself. A challenger learns from the older half of the new labelled rows and all
//! before them, and is judged on the newer half, which nobody has learned from.

use crate::gate::{self, Trial};
use crate::live::{self, Live, LiveRow};
use crate::version::open;
use crate::{Progress, Project, StageError, train, trainers};
use domain::gate::Verdict;
use domain::retrain::{RetrainDecision, RetrainFacts, retrain};
use domain::{Event, Examples, History, Origin, Timestamp, VersionId};

/// One challenger and what the gate said of it.
pub type Judged = (VersionId, Verdict);

/// Asks the rule.
pub fn decide(project: &Project, history: &History, live: &Live) -> RetrainDecision {
    let (Some(now), Some(since)) = (live.now, trained_until(history)) else {
        return RetrainDecision::Wait("no incumbent, or no live rows yet".into());
    };
    let last = history.triggers.iter().rev().find(|t| t.action == "retrain").map_or(since, |t| t.at);
    let new_rows = new_rows(project, live, since).len() as u64;
    retrain(
        &project.plan.retrain,
        &RetrainFacts { now, last, new_rows, least_rows: project.plan.gate.min_rows },
    )
}

/// Trains and judges where the rule says so.
pub fn run(project: &Project, live: &Live, progress: &mut dyn Progress) -> Result<Vec<Judged>, StageError> {
    let history = project.history()?;
    match decide(project, &history, live) {
        RetrainDecision::Train(why) => now(project, live, &why, progress),
        RetrainDecision::Wait(_) => Ok(Vec::new()),
    }
}

/// Trains and judges now.
pub fn now(
    project: &Project,
    live: &Live,
    why: &str,
    progress: &mut dyn Progress,
) -> Result<Vec<Judged>, StageError> {
    let history = project.history()?;
    let (Some(incumbent), Some(since)) = (history.incumbent(), trained_until(&history)) else {
        return Err(StageError::TooEarly("there is no incumbent yet".into()));
    };
    let at = live.now.unwrap_or((project.now)());
    let trigger = Event::Triggered { action: "retrain".into(), why: why.into() };
    project.registry.record(at, &trigger)?;
    progress.say(&format!("retrain: {why}"));
    let (train, test) = rows(project, live, &incumbent.version, since)?;
    let digest = live::digest(&test);
    let mut judged = Vec::new();
    for name in names(project, &incumbent.origin) {
        progress.begin("retrain", &name);
        let fit = trainers::named(project, &name)?;
        let challenger = train::run(project, fit.as_ref(), &train, &live::digest(&train), progress)?;
        let trial = Trial { train: &train, test: &test, data: digest.clone(), now: at };
        let verdict = gate::run(project, &challenger, &trial)?;
        judged.push((challenger.id, verdict));
    }
    Ok(judged)
}

/// What is trained again: the incumbent's own trainer, or all of the plan's while a baseline serves.
fn names(project: &Project, incumbent: &Origin) -> Vec<String> {
    let all = trainers::names(&project.plan);
    match incumbent {
        Origin::Trained { trainer } if all.contains(trainer) => vec![trainer.clone()],
        _ => all,
    }
}

fn rows(
    project: &Project,
    live: &Live,
    incumbent: &VersionId,
    since: Timestamp,
) -> Result<(Examples, Examples), StageError> {
    let output = open(project, incumbent)?.model.signature().output.clone();
    let table = live::history_rows(project)?;
    let columns = table.rows.schema(0);
    let window = project.plan.retrain.window.0;
    let known = labelled(project, live);
    let new: Vec<&LiveRow> = known.iter().copied().filter(|row| row.at > since).collect();
    // No instant stands on both sides, as in the first split.
    let middle = new[new.len() / 2].at;
    let start = if window > 0 { Timestamp(middle.0 - window) } else { Timestamp(i64::MIN) };
    let older: Vec<&LiveRow> = known.iter().copied().filter(|row| row.at < middle).collect();
    let newer: Vec<&LiveRow> = new.iter().copied().filter(|row| row.at >= middle).collect();
    let joined = live::joined(
        &table,
        &live::examples(project, &older, &columns, &output)?,
        &project.plan.data.source,
    )?;
    let first = joined.at.as_ref().map_or(0, |at| at.partition_point(|t| *t < start));
    let train = joined.take(&(first..joined.len()).collect::<Vec<_>>());
    Ok((train, live::examples(project, &newer, &columns, &output)?))
}

/// Rows whose outcome is known by now, as it would be without the delay being cut short.
fn labelled<'a>(project: &Project, live: &'a Live) -> Vec<&'a LiveRow> {
    let until = live.now.map(|now| Timestamp(now.0 - project.plan.retrain.label_delay.0));
    live.rows.iter().filter(|row| until.is_none_or(|until| row.at <= until)).collect()
}

fn new_rows<'a>(project: &Project, live: &'a Live, since: Timestamp) -> Vec<&'a LiveRow> {
    labelled(project, live).into_iter().filter(|row| row.at > since).collect()
}

fn trained_until(history: &History) -> Option<Timestamp> {
    history.incumbent().and_then(|s| s.trained_on.until)
}
