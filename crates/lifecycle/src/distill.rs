//! Lesson 4: a big teacher is fitted and judged like any challenger; a small student that fits the budget learns from it.
//!
//! Not here: which student (`domain::distill`), or whether it ships (the gate). Invariant: some training rows are held
//! back from all of them, and teacher and students are compared on those; rows of the gate are touched by the gate alone.

mod again;
mod ask;
mod fidelity;
mod known;
pub mod label;
mod pupils;
mod sheet;
mod shelf;
mod smaller;
mod teacher;
mod traffic;

pub(crate) use again::Taught;
pub use sheet::Form;

use crate::gate::{self, Trial};
use crate::version::{Version, keep, trained_on};
use crate::{Progress, Project, StageError, data, live};
use domain::distill::{DistillDecision, DistillFacts, LessonFact, distill};
use domain::gate::{Estimate, Verdict};
use domain::{Event, Examples, Origin, Target, Task};
use models::distill::Guard;
use models::ensemble::Stacked;
use models::onnx::OnnxModel;
use models::{Artifact, FitError, Seed};
use pupils::Pupil;
use shelf::Folder;
use stats::paired::{differences, paired_mean};
use teacher::Teacher;

const LEVEL: f64 = 0.95;

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What each was worth and cost.
    pub facts: DistillFacts,
    /// What the teacher's models lost each, out of fold, the best first.
    pub members: Vec<(String, f64)>,
    /// What the gate said of the teacher.
    pub teacher: Verdict,
    /// What the rule said.
    pub decision: DistillDecision,
    /// The student that was chosen, and what the gate said of it.
    pub student: Option<(domain::VersionId, Verdict)>,
}

/// Fits the teacher, hands it to the gate, teaches students, and hands the chosen one to the gate.
pub fn run(project: &Project, progress: &mut dyn Progress) -> Result<Outcome, StageError> {
    let loaded = data::load(project)?;
    let split = loaded.split(&project.plan)?;
    check(project, &split.train)?;
    let seed = Seed(project.plan.train.seed);
    let (rows, guard) = hold_back(project, &split.train).ok_or_else(|| too_few(project))?;
    let who = Teacher::of(project, &rows.rows);
    let class = Class { project, seed, rows: &rows, guard: &guard, test: &split.test, who: &who };
    let shelf = Folder::open(project)?;
    let stacked = class.fit(&shelf, progress)?;
    let teacher = class.keep(&stacked.artifact, Origin::Trained { trainer: who.name(project) })?;
    let trial = Trial {
        train: &split.train,
        test: &split.test,
        data: loaded.digest.clone(),
        now: crate::up::latest(project, &split.test),
    };
    let verdict = gate::run(project, &teacher, &trial)?;
    progress.say(&format!("teacher: {}", verdict.decision));
    let (facts, pupils) = class.compare(&stacked, &teacher, &shelf, progress)?;
    let decision = distill(&facts);
    project.record(&[Event::Distilled { facts: Box::new(facts.clone()), decision: decision.clone() }])?;
    let student = match &decision {
        DistillDecision::Choose { student, .. } => {
            let chosen = pupils.iter().find(|pupil| &pupil.name == student);
            let chosen = chosen.expect("the rule chooses among these");
            let version = class.keep(&chosen.artifact, Origin::Student { teacher: teacher.id.clone() })?;
            let verdict = gate::run(project, &version, &trial)?;
            Some((version.id, verdict))
        }
        DistillDecision::Refuse(_) | DistillDecision::Nobody(_) => None,
    };
    let mut members: Vec<(String, f64)> = stacked.members.into_iter().map(|m| (m.name, m.log_loss)).collect();
    members.sort_by(|a, b| a.1.total_cmp(&b.1));
    Ok(Outcome { facts, members, teacher: verdict, decision, student })
}

/// The rows to teach on, and the guard; `None` where there are too few rows for both.
fn hold_back(project: &Project, train: &Examples) -> Option<(Examples, Guard)> {
    let parts = (1.0 / project.plan.distill.guard).round().max(2.0) as usize;
    let (rows, guard) = Guard::hold_back(train, parts, Seed(project.plan.train.seed))?;
    Some((train.take(&rows), guard))
}

/// Teachers are of tables or of one column of pictures, with classes as the target, and of no documents.
fn check(project: &Project, rows: &Examples) -> Result<(), StageError> {
    let refused = |found: String, hint: &str| Err(StageError::data("incumbent.toml", found, hint));
    if project.plan.task != Task::Classification || !matches!(rows.target, Target::Class { .. }) {
        let found = format!("task is {}, and only a classification can be distilled", project.plan.task);
        return refused(found, "train a small model of its own: incumbent train");
    }
    let picture = rows.rows.columns().iter().find(|c| matches!(c.values, domain::Values::Tensor { .. }));
    match picture.filter(|_| !teacher::pictures(&rows.rows)) {
        Some(column) => refused(
            format!("column `{}` holds pictures, and there are other columns beside", column.name),
            "leave the other columns out: data.drop",
        ),
        None => Ok(()),
    }
}

fn too_few(project: &Project) -> StageError {
    let found = format!("too few rows to hold back {} of them", project.plan.distill.guard);
    StageError::data(&project.plan.data.source, found, "collect more, or serve a single model")
}

/// Rows to teach on, and those that nobody sees: the guard, by which students are chosen, and the gate's.
struct Class<'a> {
    project: &'a Project,
    seed: Seed,
    rows: &'a Examples,
    guard: &'a Guard,
    test: &'a Examples,
    who: &'a Teacher,
}

impl Class<'_> {
    fn fit(&self, shelf: &Folder, progress: &mut dyn Progress) -> Result<Stacked, StageError> {
        let whose = format!("teacher {}", self.who.name(self.project));
        progress.begin("distill", &format!("{whose}, {} rows", self.rows.len()));
        self.who.fit(self, shelf, &mut telling(&whose, progress))
    }

    fn keep(&self, artifact: &Artifact, origin: Origin) -> Result<Version, StageError> {
        let trained_on = trained_on(&live::digest(self.rows), self.rows);
        keep(self.project, artifact, origin, trained_on, &self.rows.rows)
    }

    /// What teacher and students lose on rows that none of them saw, and what students cost.
    fn compare(
        &self,
        stacked: &Stacked,
        teacher: &Version,
        shelf: &Folder,
        progress: &mut dyn Progress,
    ) -> Result<(DistillFacts, Vec<Pupil>), StageError> {
        let losses = self.losses(&stacked.artifact)?;
        let (place, single) = stacked
            .members
            .iter()
            .enumerate()
            .min_by(|a, b| a.1.log_loss.total_cmp(&b.1.log_loss))
            .expect("an ensemble has members");
        let alone = self.losses(&stacked.artifacts[place])?;
        let gain = self.mean(&differences(&alone, &losses).map_err(measure)?)?;
        let mut facts = DistillFacts {
            teacher: teacher.id.clone(),
            loss: self.mean(&losses)?.0,
            single: single.name.clone(),
            gain: gain.0,
            se: gain.1,
            lesson: LessonFact::default(),
            students: Vec::new(),
            p99: self.project.plan.budget.p99.map(|p99| p99.0 as f64),
            bytes: self.project.plan.budget.size_mb.map(|mb| mb * 1e6),
            tolerance: self.project.plan.distill.tolerance,
        };
        if matches!(distill(&facts), DistillDecision::Refuse(_)) {
            return Ok((facts, Vec::new()));
        }
        let (lesson, made_of) = self.who.lesson(self, stacked, shelf, &mut telling("lesson", progress))?;
        facts.lesson = made_of;
        let pupils = pupils::teach(self, &lesson, progress)?;
        facts.students = pupils.iter().map(|pupil| pupil.fact(self, &losses)).collect::<Result<_, _>>()?;
        Ok((facts, pupils))
    }

    fn failed(&self, whose: &str, why: &dyn std::fmt::Display) -> StageError {
        StageError::Load { version: whose.into(), why: why.to_string() }
    }

    /// The row losses of a model on the guard.
    fn losses(&self, artifact: &Artifact) -> Result<Vec<f64>, StageError> {
        let load = |e: &dyn std::fmt::Display| self.failed("new", e);
        let model = OnnxModel::load(artifact).map_err(|e| load(&e))?;
        let rows = self.guard.examples();
        let values = models::distill::answers(&model, &rows.rows).map_err(|e| load(&e))?;
        let outputs = domain::Outputs { kind: artifact.signature.output.clone(), values };
        crate::score::losses("log_loss", &outputs, &rows.target)
    }

    /// The mean over the guard's rows, and its standard error; rows of one entity count together.
    fn mean(&self, losses: &[f64]) -> Result<(Estimate, f64), StageError> {
        let mean = paired_mean(losses, &self.clusters()).map_err(measure)?;
        let found = mean.estimate(LEVEL).map_err(measure)?;
        Ok((found.into(), mean.se))
    }

    fn clusters(&self) -> Vec<u64> {
        let rows = self.guard.examples();
        rows.entity.clone().unwrap_or_else(|| (0..rows.len() as u64).collect())
    }
}

/// Says each part of the work once, as it begins.
fn telling<'a>(whose: &'a str, progress: &'a mut dyn Progress) -> impl FnMut(f64, &str) -> bool + 'a {
    let mut last = String::new();
    move |share, what| {
        if what != last {
            progress.begin("distill", &format!("{whose}: {what}"));
            last = what.into();
        }
        progress.share(share)
    }
}

fn fit(error: FitError) -> StageError {
    match error {
        FitError::Interrupted => StageError::Interrupted,
        other => StageError::Fit(other),
    }
}

fn measure(why: stats::BadInput) -> StageError {
    StageError::Measure { metric: "what a teacher gains".into(), why: why.to_string() }
}
