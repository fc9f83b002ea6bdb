//! Lesson 5: the model renews itself. A challenger learns from the older half of the new labelled rows and all
//! before them, and is judged on the newer half, which nobody has learned from.
//!
//! Invariant: two never run at once, in whatever process, and each leaves the facts that it was decided on.

mod rows;
mod turn;

use crate::distill::Taught;
use crate::gate::{self, Trial};
use crate::live::{self, Live, LiveRow};
use crate::version::{Version, open, trained_on};
use crate::{Progress, Project, StageError, decay, review, train, trainers};
use domain::cadence::Odds;
use domain::gate::{Decision, Verdict};
use domain::history::{Retraining, Standing};
use domain::plan::CadenceSource;
use domain::retrain::{BUDGET_TIME, RetrainDecision, RetrainFacts, retrain};
use domain::{Event, Examples, History, Origin, Timestamp, TrainedOn, VersionId};
use rows::{Known, Parts};
use turn::Turn;

/// One challenger and what the gate said of it.
pub type Judged = (VersionId, Verdict);

/// What the rule said, and what came of it.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// What the rule said.
    pub decision: RetrainDecision,
    /// The challengers that were trained, and their verdicts; none where it waits.
    pub judged: Vec<Judged>,
}

/// What the rule would do now.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it was given; `None` before there are an incumbent and live rows.
    pub facts: Option<RetrainFacts>,
    /// What it says.
    pub decision: RetrainDecision,
}

/// Asks the rule, and trains nothing.
pub fn decide(project: &Project, history: &History, live: &Live) -> Result<Asked, StageError> {
    let turn = Turn::take(project)?;
    let facts = facts(project, history, live, turn.is_none(), false)?;
    let decision = facts.as_ref().map_or_else(too_early, |facts| retrain(&project.plan.retrain, facts));
    Ok(Asked { facts, decision })
}

/// Asks the rule, for a person where `by_hand`, and trains and judges where it says so.
pub fn run(
    project: &Project,
    live: &Live,
    by_hand: bool,
    progress: &mut dyn Progress,
) -> Result<Renewal, StageError> {
    let turn = Turn::take(project)?;
    if turn.is_some() && !by_hand && project.plan.retrain.cadence == CadenceSource::Measured {
        decay::renew(project, live, progress)?;
    }
    let history = project.history()?;
    let none = |decision| Renewal { decision, judged: Vec::new() };
    let Some(facts) = facts(project, &history, live, turn.is_none(), by_hand)? else {
        return Ok(none(too_early()));
    };
    let decision = retrain(&project.plan.retrain, &facts);
    if is_news(&history, &facts, &decision) {
        progress.say(&format!("retrain: {}", decision.why()));
        record(project, facts, &decision)?;
    }
    match decision {
        RetrainDecision::Train(_) => {
            let judged = renew(project, &history, live, progress)?;
            Ok(Renewal { decision, judged })
        }
        RetrainDecision::Wait(_) | RetrainDecision::Refuse(_) => Ok(none(decision)),
    }
}

/// Every training is; a refusal is where it has another reason than the last; waiting never is.
fn is_news(history: &History, facts: &RetrainFacts, decision: &RetrainDecision) -> bool {
    match decision {
        RetrainDecision::Train(_) => true,
        RetrainDecision::Wait(_) => false,
        RetrainDecision::Refuse(_) => {
            let last = history.retrains.last().map(|last| (&last.facts.incumbent, &last.decision));
            last != Some((&facts.incumbent, decision))
        }
    }
}

fn record(project: &Project, facts: RetrainFacts, decision: &RetrainDecision) -> Result<(), StageError> {
    let at = facts.now;
    let rules = serde_json::to_value(&project.plan.retrain).expect("a plan section is plain data");
    let mut events =
        vec![Event::RetrainDecided { facts: Box::new(facts), rules, decision: decision.clone() }];
    if let RetrainDecision::Train(why) = decision {
        events.push(Event::Triggered { action: "retrain".into(), why: why.clone() });
    }
    project.registry.record_all(at, &events)?;
    Ok(())
}

fn too_early() -> RetrainDecision {
    RetrainDecision::Wait("no incumbent whose rows have a time, or no live rows yet".into())
}

/// What the rule is given; `None` before there are an incumbent and live rows.
fn facts(
    project: &Project,
    history: &History,
    live: &Live,
    under_way: bool,
    by_hand: bool,
) -> Result<Option<RetrainFacts>, StageError> {
    let (Some(now), Some(incumbent)) = (live.now, history.incumbent()) else { return Ok(None) };
    let Some(since) = incumbent.trained_on.until else { return Ok(None) };
    let rows = Known::read(project, live)?;
    let runs = || history.triggers.iter().filter(|t| t.action == "retrain").map(|t| t.at);
    let last = runs().next_back();
    // an outcome that comes late belongs to the retrain after
    let known = last.map_or(since, |last| Timestamp(last.0 - project.plan.retrain.label_delay.0));
    let cut_short = cut_short(history);
    let mut recent: Vec<Timestamp> = runs().filter(|at| now.0.saturating_sub(at.0) < BUDGET_TIME).collect();
    recent.truncate(recent.len().saturating_sub(cut_short));
    let diagnosis = history.diagnoses.iter().rev().find(|d| d.facts.version == incumbent.version);
    let reviewed = rows.reviewed();
    Ok(Some(RetrainFacts {
        incumbent: incumbent.version.clone(),
        now,
        last: last.unwrap_or(since),
        new_rows: rows.judging(since).len() as u64,
        since_last: rows.observed(known) + reviewed.saturating_sub(reviewed_then(history)),
        reviewed,
        least_rows: project.plan.gate.min_rows,
        recent,
        cut_short: cut_short as u64,
        cause: diagnosis.map(|d| d.diagnosis.cause),
        ageing: decay::known(history),
        odds: odds(history),
        release: history.experiment().map(|release| release.id.clone()),
        under_way,
        by_hand,
    }))
}

/// People's labels that the last retraining knew of.
fn reviewed_then(history: &History) -> u64 {
    let last = history.retrains.iter().rfind(|r| matches!(r.decision, RetrainDecision::Train(_)));
    last.map_or(0, |last| last.facts.reviewed)
}

/// Retrains that were begun after the last verdict: none of them came to one.
fn cut_short(history: &History) -> usize {
    let last = history.verdicts.last().map_or(0, |judged| judged.sequence);
    let begun = |r: &&Retraining| r.sequence > last && matches!(r.decision, RetrainDecision::Train(_));
    history.retrains.iter().filter(begun).count()
}

/// How retrained challengers fared: verdicts since the first retrain that is remembered with its facts.
pub fn odds(history: &History) -> Odds {
    let trained = |r: &&Retraining| matches!(r.decision, RetrainDecision::Train(_));
    let Some(first) = history.retrains.iter().find(trained) else { return Odds::default() };
    let judged = history.verdicts.iter().filter(|judged| judged.sequence > first.sequence);
    let passed = |judged: &&domain::history::Judged| judged.verdict.decision == Decision::Pass;
    Odds { passed: judged.clone().filter(passed).count() as u64, judged: judged.count() as u64 }
}

/// Trains and judges now.
fn renew(
    project: &Project,
    history: &History,
    live: &Live,
    progress: &mut dyn Progress,
) -> Result<Vec<Judged>, StageError> {
    let (Some(incumbent), Some(since)) = (history.incumbent(), trained_until(history)) else {
        return Err(StageError::TooEarly("there is no incumbent yet".into()));
    };
    let at = live.now.unwrap_or((project.now)());
    let output = open(project, &incumbent.version)?.model.signature().output.clone();
    let Parts { train, test, lessons } = Known::read(project, live)?.parts(project, &output, since)?;
    let reviewed = review::keep(project, &lessons)?;
    let learned = TrainedOn { reviewed, ..trained_on(&live::digest(&train), &train) };
    let digest = live::digest(&test);
    let trial = Trial { train: &train, test: &test, data: digest, now: at };
    let mut judged = Vec::new();
    for again in again(project, history, incumbent) {
        progress.begin("retrain", again.name());
        let challenger = again.learn(project, &train, learned.clone(), progress)?;
        let verdict = gate::run(project, &challenger, &trial)?;
        judged.push((challenger.id, verdict));
    }
    Ok(judged)
}

/// What learns again.
enum Again {
    /// A trainer of the plan.
    Trainer(String),
    /// The student that serves, from its teacher.
    Student(Box<Taught>),
}

/// The student that serves; else trainers, as [`names`] says.
fn again(project: &Project, history: &History, incumbent: &Standing) -> Vec<Again> {
    match Taught::serving(project, history) {
        Some(student) => vec![Again::Student(Box::new(student))],
        None => names(project, &incumbent.origin).into_iter().map(Again::Trainer).collect(),
    }
}

impl Again {
    fn name(&self) -> &str {
        match self {
            Again::Trainer(name) => name,
            Again::Student(student) => student.name(),
        }
    }

    fn learn(
        &self,
        project: &Project,
        rows: &Examples,
        learned: TrainedOn,
        progress: &mut dyn Progress,
    ) -> Result<Version, StageError> {
        match self {
            Again::Student(student) => student.teach(project, rows, learned, progress),
            Again::Trainer(name) => {
                let fit = trainers::named(project, name)?;
                train::run(project, fit.as_ref(), rows, learned, progress)
            }
        }
    }
}

/// Live rows that may judge and are later than a moment, oldest first.
pub(crate) fn judging<'a>(
    project: &Project,
    live: &'a Live,
    since: Timestamp,
) -> Result<Vec<&'a LiveRow>, StageError> {
    Ok(Known::read(project, live)?.judging(since))
}

/// What is trained again: the incumbent's own trainer, or all of the plan's while a baseline serves.
pub(crate) fn names(project: &Project, incumbent: &Origin) -> Vec<String> {
    let all = trainers::names(&project.plan);
    match incumbent {
        Origin::Trained { trainer } if all.contains(trainer) => vec![trainer.clone()],
        _ => all,
    }
}

fn trained_until(history: &History) -> Option<Timestamp> {
    history.incumbent().and_then(|s| s.trained_on.until)
}
