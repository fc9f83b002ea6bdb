//! The release's stage: reads what the journal tells, asks the rule, records what it said and does it.
//!
//! One release runs at a time; a challenger that passes the gate meanwhile waits for its turn. Invariant: the request
//! path follows the registry, so whatever this stage decides is served within a tick, and a stopped challenger never
//! costs a request: the incumbent has stood behind it all the time.

mod collect;
mod goal;
mod guardrail;
mod ratio;
pub mod replay;

pub use guardrail::judged;

use crate::version::check_golden;
use crate::{Project, StageError, gate};
use collect::Traffic;
use domain::experiment::{
    ArmFacts, Decision, ExperimentFacts, ExperimentId, Guardrail, Phase, Reason, Step, decide,
};
use domain::history::{Looked, Release};
use domain::plan::OverBaseline;
use domain::time::DAY;
use domain::{Arm, Event, History, Origin, Stage, Timestamp, VersionId};

/// A served answer may differ by this much from the one that was kept with the version.
const GOLDEN_TOLERANCE: f64 = 1e-5;
/// Between two decisions a look is recorded when this share of units came in addition, and at least so many.
const NEWS: f64 = 0.05;
const LEAST_NEWS: u64 = 20;

/// What a tick of the release came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Which release.
    pub experiment: ExperimentId,
    /// What the rule said.
    pub decision: Decision,
}

/// Looks at the running release, or begins the next one that waits. `seen` is what the data plane saw for itself and
/// need not wait for the journal.
pub fn run(project: &Project, seen: &[Guardrail]) -> Result<Option<Told>, StageError> {
    let history = project.history()?;
    let Some(release) = history.experiment() else {
        return begin_next(project, &history).map(|()| None);
    };
    let traffic = collect::read(project, release)?;
    let facts = facts(project, &history, release, &traffic, seen)?;
    let (rules, mode) = (&project.plan.release, project.plan.gate.mode);
    let decision = decide(rules, mode, &facts);
    if !matches!(decision, Decision::Continue { .. }) || news(release.last(), &facts) {
        record(project, &history, release, facts, &decision)?;
    }
    Ok(Some(Told { experiment: release.id.clone(), decision }))
}

/// The events that begin a release in its first phase; none where the plan has no steps, or where it lets a baseline
/// be replaced at once. `now` is the time by the rows' own clock.
pub fn begin(
    project: &Project,
    history: &History,
    challenger: &VersionId,
    now: Timestamp,
    why: &str,
) -> Vec<Event> {
    let rules = &project.plan.release;
    let Some(incumbent) = history.incumbent() else { return Vec::new() };
    let baseline = matches!(incumbent.origin, Origin::Baseline { .. });
    let at_once = baseline && rules.over_baseline == OverBaseline::AtOnce;
    match Phase::all(rules).first() {
        Some(&phase) if !at_once => started(history, &incumbent.version, challenger, phase, now, why),
        _ => Vec::new(),
    }
}

/// Begins a release, whoever asks for it; the same as what a passed gate does.
pub fn start(project: &Project, challenger: &VersionId, why: &str) -> Result<ExperimentId, StageError> {
    let history = project.history()?;
    if let Some(running) = history.experiment() {
        let found = format!("release {} is under way; stop it first, or wait", running.id);
        return Err(StageError::TooEarly(found));
    }
    let incumbent =
        history.incumbent().ok_or_else(|| StageError::TooEarly("there is no incumbent yet".into()))?;
    let Some(&phase) = Phase::all(&project.plan.release).first() else {
        let hint = "add for example release.steps = [\"shadow\", \"canary\", \"ab\"]";
        return Err(StageError::data("incumbent.toml", "the plan has no release.steps to go through", hint));
    };
    parity(project, challenger)?;
    let events = started(&history, &incumbent.version, challenger, phase, now(project)?, why);
    project.record(&events)?;
    Ok(ExperimentId::new(history.experiments.len() + 1, &incumbent.version, challenger))
}

/// Ends the running release: a person's decision, recorded with what was known.
pub fn stop(project: &Project, why: &str) -> Result<Told, StageError> {
    let history = project.history()?;
    let none = || StageError::TooEarly("no release is under way".into());
    let release = history.experiment().ok_or_else(none)?;
    let traffic = collect::read(project, release)?;
    let facts = facts(project, &history, release, &traffic, &[])?;
    let decision = Decision::Stop { reason: Reason::ByHand, why: why.into() };
    record(project, &history, release, facts, &decision)?;
    Ok(Told { experiment: release.id.clone(), decision })
}

/// Keeps what was known, what was decided, and what follows from it: all or nothing.
fn record(
    project: &Project,
    history: &History,
    release: &Release,
    facts: ExperimentFacts,
    decision: &Decision,
) -> Result<(), StageError> {
    let rules = serde_json::to_value(&project.plan.release).expect("a plan section is plain data");
    let (facts, mode, decision) = (Box::new(facts), project.plan.gate.mode, decision.clone());
    let follows = consequences(history, release, &decision);
    let mut events = vec![Event::Decided { facts, rules, mode, decision }];
    events.extend(follows);
    project.record(&events)?;
    Ok(())
}

fn started(
    history: &History,
    incumbent: &VersionId,
    challenger: &VersionId,
    phase: Phase,
    since: Timestamp,
    why: &str,
) -> Vec<Event> {
    let experiment = ExperimentId::new(history.experiments.len() + 1, incumbent, challenger);
    let (incumbent, challenger, why) = (incumbent.clone(), challenger.clone(), why.to_string());
    let moved =
        Event::Moved { version: challenger.clone(), stage: phase.step.stage(), why: format!("{phase}") };
    vec![Event::Started { experiment, incumbent, challenger, phase, since, why }, moved]
}

/// The newest challenger that passed against the present incumbent, and was never released.
fn begin_next(project: &Project, history: &History) -> Result<(), StageError> {
    let incumbent = history.incumbent().map(|s| &s.version);
    let waits = |s: &&domain::history::Standing| {
        let against = history.verdict(&s.version).map(|judged| &judged.facts.incumbent);
        s.stage == Stage::Passed && against == incumbent && !released(history, &s.version)
    };
    let Some(next) = history.versions.iter().rev().find(waits) else { return Ok(()) };
    parity(project, &next.version)?;
    let events =
        begin(project, history, &next.version, now(project)?, "it passed the gate and waited for its turn");
    project.record(&events)?;
    Ok(())
}

/// Whether the version has had its release: what was stopped once goes out again only when a person says so.
pub(crate) fn released(history: &History, version: &VersionId) -> bool {
    history.experiments.iter().any(|release| &release.challenger == version)
}

/// Whether the version still answers as when it was kept: a release must not compare a broken copy.
fn parity(project: &Project, challenger: &VersionId) -> Result<(), StageError> {
    let difference = check_golden(project, challenger)?.worst;
    if difference <= GOLDEN_TOLERANCE {
        return Ok(());
    }
    let why = format!("its golden rows come out differently, by up to {difference}");
    Err(StageError::Load { version: challenger.short().into(), why })
}

/// The rows' own clock: the latest moment that live traffic speaks of.
fn now(project: &Project) -> Result<Timestamp, StageError> {
    Ok(crate::live::read(project)?.now.unwrap_or((project.now)()))
}

fn facts(
    project: &Project,
    history: &History,
    release: &Release,
    traffic: &Traffic,
    seen: &[Guardrail],
) -> Result<ExperimentFacts, StageError> {
    let phase = release.phase;
    let shadow = phase.step == Step::Shadow;
    let held_back;
    let traffic = match phase.step {
        // the arms were drawn anew at the promotion
        Step::HoldBack => {
            held_back = since(traffic, release.entered);
            &held_back
        }
        _ => traffic,
    };
    let measured = goal::goal(project, release, traffic, shadow)?;
    let means = measured.as_ref().map_or([None, None], |m| m.means);
    let mut guardrails = guardrail::guardrails(&project.plan.release, traffic, shadow)?;
    guardrails.extend_from_slice(seen);
    let control = phase.allocation().control;
    let sample_ratios = if shadow { Vec::new() } else { ratio::sample_ratios(traffic, control)? };
    Ok(ExperimentFacts {
        experiment: release.id.clone(),
        phase,
        since: release.since,
        now: traffic.now.unwrap_or(release.since).max(release.since),
        arms: [Arm::Control, Arm::Treatment].map(|arm| arm_facts(release, traffic, arm, means[arm as usize])),
        goal: measured.map(|m| m.look),
        guardrails,
        sample_ratios,
        breaker_openings: openings(project, history, release),
        without_unit: traffic.without_unit,
        dropped: history.dropped,
    })
}

fn since(traffic: &Traffic, wall: Timestamp) -> Traffic {
    let rows = traffic.rows.iter().filter(|row| row.wall >= wall).cloned().collect();
    Traffic { rows, ..*traffic }
}

fn arm_facts(release: &Release, traffic: &Traffic, arm: Arm, mean: Option<f64>) -> ArmFacts {
    let shadow = release.phase.step == Step::Shadow;
    let rows: Vec<&collect::Row> = traffic
        .rows
        .iter()
        .filter(|row| if shadow { row.shadow.is_some() } else { row.in_arm(arm) })
        .collect();
    let units = |holds: &dyn Fn(&collect::Row) -> bool| {
        let of = rows.iter().filter(|row| holds(row)).map(|row| row.unit.as_str());
        of.collect::<std::collections::BTreeSet<_>>().len() as u64
    };
    let fell = |row: &&&collect::Row| match (shadow, arm) {
        (true, Arm::Treatment) => row.shadow.as_ref().is_some_and(|s| s.answer.is_err()),
        _ => !row.intended,
    };
    let version = if arm == Arm::Control { &release.incumbent } else { &release.challenger };
    ArmFacts {
        arm,
        version: version.clone(),
        units: units(&|_| true),
        phase_units: units(&|row| row.wall >= release.entered),
        rows: rows.len() as u64,
        fallen_back: rows.iter().filter(fell).count() as u64,
        labelled: units(&|row| row.labelled),
        mean,
    }
}

/// How often the challenger's breaker opened within a day, since the release entered this phase.
fn openings(project: &Project, history: &History, release: &Release) -> u64 {
    let from = release.entered.max(Timestamp((project.now)().0 - DAY));
    let ours = |(at, version): &&(Timestamp, VersionId)| version == &release.challenger && *at >= from;
    history.openings.iter().filter(ours).count() as u64
}

/// Whether a look is worth keeping: the page draws the interval from those that were kept.
fn news(last: Option<&Looked>, facts: &ExperimentFacts) -> bool {
    let Some(last) = last.filter(|last| last.facts.phase == facts.phase) else { return true };
    let more = |now: u64, then: u64| now >= then + LEAST_NEWS.max((then as f64 * NEWS) as u64);
    let units = |facts: &ExperimentFacts| facts.goal.as_ref().map_or(0, |goal| goal.units);
    more(units(facts), units(&last.facts))
        || more(facts.arm(Arm::Treatment).units, last.facts.arm(Arm::Treatment).units)
}

/// What follows from a decision.
fn consequences(history: &History, release: &Release, decision: &Decision) -> Vec<Event> {
    let moved = |stage: Stage, why: &str| Event::Moved {
        version: release.challenger.clone(),
        stage,
        why: why.to_string(),
    };
    match decision {
        Decision::Continue { .. } => Vec::new(),
        Decision::Advance { to, why } | Decision::Back { to, why } => vec![moved(to.step.stage(), why)],
        Decision::Promote { why } => {
            vec![moved(Stage::Passed, why), gate::deployed(history, &release.challenger)]
        }
        Decision::Stop { reason: Reason::Done, .. } => Vec::new(),
        Decision::Stop { reason, why } => {
            let stopped = moved(Stage::Stopped, &format!("{reason}: {why}"));
            let back = (release.phase.step == Step::HoldBack).then(|| gate::restored(history, release));
            back.into_iter().chain([stopped]).collect()
        }
    }
}
