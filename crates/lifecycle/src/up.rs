//! The main job: data, baseline, training, gate, and what passes serves. Each stage ends in an event with the
//! hash of what went in, so that a run that was cut off goes on where it stopped and repeats nothing.

use crate::baseline::{self, Candidate};
use crate::data::{self, Loaded, Split};
use crate::gate::{self, Trial};
use crate::version::{Version, open, trained_on};
use crate::{Progress, Project, StageError, train, trainers};
use domain::gate::Verdict;
use domain::{Event, Examples, History, Target, Timestamp, VersionId};
use serde_json::json;

/// What came of a run.
pub struct Report {
    /// The table as it was read and cut.
    pub loaded: Loaded,
    /// How its rows were split, in words.
    pub split: String,
    /// The baselines; empty where the stage was done in an earlier run.
    pub candidates: Vec<Candidate>,
    /// The challengers and what the gate said, in the order of training.
    pub judged: Vec<(String, VersionId, Verdict)>,
}

/// Runs every stage that is not done yet.
pub fn run(project: &Project, progress: &mut dyn Progress) -> Result<Report, StageError> {
    let (loaded, split) = read(project, progress)?;
    let candidates = baseline(project, &loaded, &split, progress)?;
    let mut judged = Vec::new();
    for name in trainers::names(&project.plan) {
        let version = challenger(project, &name, &loaded, &split, progress)?;
        let verdict = judge(project, &name, &version, &loaded, &split, progress)?;
        judged.push((name, version.id, verdict));
    }
    Ok(Report { loaded, split: split.how, candidates, judged })
}

fn read(project: &Project, progress: &mut dyn Progress) -> Result<(Loaded, Split), StageError> {
    progress.begin("data", &project.plan.data.source);
    let loaded = data::load(project)?;
    let split = loaded.split(&project.plan)?;
    let target = crate::score::describe(&loaded.examples.target);
    let summary = json!({
        "rows": loaded.examples.len(), "train": split.train.len(), "test": split.test.len(),
        "future": loaded.future.rows(), "split": split.how, "target": target, "notes": loaded.notes,
        "columns": loaded.examples.rows.columns().len(),
    });
    loaded.notes.iter().for_each(|note| progress.say(note));
    progress.say(&format!("{} rows, {target}; judged on {}", loaded.examples.len(), split.how));
    done(project, "data", &loaded.digest, summary)?;
    Ok((loaded, split))
}

fn baseline(
    project: &Project,
    loaded: &Loaded,
    split: &Split,
    progress: &mut dyn Progress,
) -> Result<Vec<Candidate>, StageError> {
    progress.begin("baseline", "the simplest things that answer");
    let inputs = inputs(project, "baseline", &loaded.digest);
    if reusable(project, "baseline", &inputs)?.is_some() {
        progress.say("done in an earlier run");
        return Ok(Vec::new());
    }
    let (version, candidates) = baseline::run(project, &loaded.digest, split, progress)?;
    let mut summary = baseline::summary(&version, &candidates);
    summary["floor"] = json!(floor(&split.train.target));
    record(project, "baseline", &inputs, summary)?;
    Ok(candidates)
}

fn challenger(
    project: &Project,
    name: &str,
    loaded: &Loaded,
    split: &Split,
    progress: &mut dyn Progress,
) -> Result<Version, StageError> {
    progress.begin("train", name);
    let stage = format!("train {name}");
    let inputs = inputs(project, &stage, &loaded.digest);
    if let Some(version) = reusable(project, &stage, &inputs)? {
        progress.say("done in an earlier run");
        return Ok(version);
    }
    let fit = trainers::named(project, name)?;
    let version =
        train::run(project, fit.as_ref(), &split.train, trained_on(&loaded.digest, &split.train), progress)?;
    record(project, &stage, &inputs, json!({"version": version.id.0, "rows": split.train.len()}))?;
    Ok(version)
}

fn judge(
    project: &Project,
    name: &str,
    version: &Version,
    loaded: &Loaded,
    split: &Split,
    progress: &mut dyn Progress,
) -> Result<Verdict, StageError> {
    progress.begin("gate", name);
    let history = project.history()?;
    let rules = serde_json::to_value(&project.plan.gate).expect("a plan section is plain data");
    let earlier = history.verdict(&version.id).filter(|j| j.facts.data == loaded.digest && j.rules == rules);
    if let Some(earlier) = earlier {
        progress.say("judged in an earlier run");
        return Ok(earlier.verdict.clone());
    }
    let trial = Trial {
        train: &split.train,
        test: &split.test,
        data: loaded.digest.clone(),
        now: latest(project, &split.test),
    };
    let verdict = gate::run(project, version, &trial)?;
    progress.say(&format!("gate: {} ({name}, version {})", verdict.decision, version.id));
    Ok(verdict)
}

/// The last moment that these rows speak of; where they have no time, now.
pub fn latest(project: &Project, rows: &Examples) -> Timestamp {
    rows.at.as_ref().and_then(|at| at.iter().max().copied()).unwrap_or((project.now)())
}

/// The constant answer under every fallback chain: class shares, the mean, or the mean path.
pub fn floor(target: &Target) -> Vec<f64> {
    let width = match target {
        Target::Class { classes, .. } | Target::Soft { classes, .. } => classes.len(),
        Target::Number(_) => 1,
        Target::Path { horizon, .. } => *horizon,
    };
    let mut sums = vec![0.0; width];
    match target {
        Target::Class { index, .. } => index.iter().for_each(|&i| sums[i as usize] += 1.0),
        Target::Soft { probability: values, .. } | Target::Number(values) | Target::Path { values, .. } => {
            values.iter().enumerate().for_each(|(i, v)| sums[i % width] += v);
        }
    }
    let rows = target.len().max(1) as f64;
    sums.into_iter().map(|sum| sum / rows).collect()
}

/// The floor that the baseline stage recorded.
pub fn recorded_floor(history: &History) -> Option<Vec<f64>> {
    let floor = history.stages.get("baseline")?.summary.get("floor")?;
    serde_json::from_value(floor.clone()).ok()
}

/// The version that a stage made from these very inputs, if its bytes are still there.
fn reusable(project: &Project, stage: &str, inputs: &str) -> Result<Option<Version>, StageError> {
    let history = project.history()?;
    let Some(done) = history.stages.get(stage).filter(|s| s.inputs == inputs) else { return Ok(None) };
    let Some(id) = done.summary.get("version").and_then(|v| v.as_str()) else { return Ok(None) };
    open(project, &VersionId(id.into())).map(Some)
}

/// The hash of everything that a stage depends on: the rows, the plan's sections and this program's version.
fn inputs(project: &Project, stage: &str, data: &str) -> String {
    let plan = &project.plan;
    let sections = format!("{:?} {:?} {:?} {:?}", plan.split, plan.metric, plan.baseline, plan.train);
    store::digest::sha256(format!("{stage} {data} {sections} {}", env!("CARGO_PKG_VERSION")).as_bytes())
}

fn done(project: &Project, stage: &str, inputs: &str, summary: serde_json::Value) -> Result<(), StageError> {
    let unchanged = |s: &domain::history::StageDone| s.inputs == inputs && s.summary == summary;
    if project.history()?.stages.get(stage).is_some_and(unchanged) {
        return Ok(());
    }
    record(project, stage, inputs, summary)
}

fn record(
    project: &Project,
    stage: &str,
    inputs: &str,
    summary: serde_json::Value,
) -> Result<(), StageError> {
    project.record(&[Event::StageDone { stage: stage.into(), inputs: inputs.into(), summary }])?;
    Ok(())
}
