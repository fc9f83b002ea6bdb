//! A student that serves is taught again on newer rows, by the teacher that it had.
//!
//! Not a new teacher, nor another kind of student: that is `distill`, whenever somebody asks for it. Invariant: of no row
//! that it learned from is the teacher asked. What is heard of those was said out of fold while it was fitted, as far as
//! the shelf still has that; of the rest the truth alone is.

use super::ask::{Asked, BATCH, readable};
use super::known::hashes;
use super::shelf::{Folder, OnlyKept};
use super::smaller::narrowed;
use super::teacher::Teacher;
use super::{Class, fit, hold_back};
use crate::version::{Version, artifact, keep};
use crate::{Progress, Project, StageError, data};
use domain::distill::{DistillDecision, Step, StepFact};
use domain::{Examples, History, Origin, OutputKind, Schema, Table, Target, Timestamp, TrainedOn, VersionId};
use models::distill::{Lesson, Student};
use models::{Artifact, Seed};
use std::collections::HashMap;

/// The student that serves, to be taught again.
pub(crate) struct Taught {
    student: Student,
    /// Whether its weights were made 8-bit integers.
    int8: bool,
    teacher: VersionId,
    /// The last row that the teacher learned from.
    until: Option<Timestamp>,
}

/// What the teacher said out of fold, by a row's time and cells.
type Said = HashMap<(Option<Timestamp>, u64), Vec<f64>>;

impl Taught {
    /// What serves, where it is a student of a kind that is known.
    pub(crate) fn serving(project: &Project, history: &History) -> Option<Taught> {
        let Origin::Student { teacher } = &history.incumbent()?.origin else { return None };
        let (chosen, facts) = history.distilled.iter().rev().find_map(|lesson| match &lesson.decision {
            DistillDecision::Choose { student, .. } if lesson.facts.teacher == *teacher => {
                Some((student, &lesson.facts))
            }
            _ => None,
        })?;
        let fact = facts.students.iter().find(|fact| fact.name == *chosen)?;
        let whole = of_ladder(chosen, project.plan.distill.epochs)?;
        let (student, int8) = as_small(whole, &fact.steps, facts.tolerance);
        let until = history.versions.iter().find(|v| v.version == *teacher)?.trained_on.until;
        Some(Taught { student, int8, teacher: teacher.clone(), until })
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.student.name
    }

    /// Teaches it these rows, which `trained_on` tells of, and registers it as a student of the same teacher.
    pub(crate) fn teach(
        &self,
        project: &Project,
        rows: &Examples,
        trained_on: TrainedOn,
        progress: &mut dyn Progress,
    ) -> Result<Version, StageError> {
        let kept = artifact(project, &self.teacher)?;
        let (soft, alone) = self.heard(project, &kept, rows, progress)?;
        let heard = rows.len() - alone;
        progress.say(&format!(
            "of {heard} rows it hears the teacher {}, of {alone} the truth alone",
            self.teacher
        ));
        let lesson = Lesson::new(rows, &soft).map_err(fit)?;
        let mut student = self.student.clone();
        if alone > 0 {
            // labels that are certain stay so at any temperature, and would be learned by answers that are too sure
            student.temperature = 1.0;
        }
        let seed = Seed(project.plan.train.seed);
        let taught = student.learn(&lesson, seed, &mut |share| progress.share(share)).map_err(fit)?;
        let int8 = if self.int8 { narrowed(self.name(), &taught)? } else { None };
        let taught = int8.unwrap_or(taught);
        keep(project, &taught, Origin::Student { teacher: self.teacher.clone() }, trained_on, &rows.rows)
    }

    /// What a student hears of each row, and of how many rows that is the truth alone.
    fn heard(
        &self,
        project: &Project,
        teacher: &Artifact,
        rows: &Examples,
        progress: &mut dyn Progress,
    ) -> Result<(Vec<f64>, usize), StageError> {
        let inputs = &teacher.signature.inputs;
        let (mut soft, width) = truth(project, rows, teacher)?;
        let said = self.out_of_fold(project, teacher)?;
        let can_read = places(rows.len(), &readable(&rows.rows, inputs));
        let (mut new, mut alone) = (Vec::new(), 0);
        for (row, key) in keys(rows, inputs).iter().enumerate() {
            let is_new = match &said {
                Some(said) => !said.contains_key(key),
                None => key.0 > self.until && self.until.is_some(),
            };
            match said.as_ref().and_then(|said| said.get(key)) {
                Some(said) => soft[row * width..(row + 1) * width].copy_from_slice(said),
                None if is_new && can_read[row] => new.push(row),
                None => alone += 1,
            }
        }
        self.ask(teacher, (&rows.rows, &new), (&mut soft, width), progress)?;
        Ok((soft, alone))
    }

    /// Puts what the teacher says of some rows in their places.
    fn ask(
        &self,
        teacher: &Artifact,
        (rows, places): (&Table, &[usize]),
        (soft, width): (&mut [f64], usize),
        progress: &mut dyn Progress,
    ) -> Result<(), StageError> {
        let asked = Asked::load(self.teacher.short(), teacher)?;
        for (done, batch) in places.chunks(BATCH).enumerate() {
            if !progress.share((done * BATCH) as f64 / places.len() as f64) {
                return Err(StageError::Interrupted);
            }
            let said = asked.answers(&rows.take(batch))?;
            for (row, said) in batch.iter().zip(said.chunks_exact(width)) {
                soft[row * width..(row + 1) * width].copy_from_slice(said);
            }
        }
        Ok(())
    }

    /// What the teacher said out of fold of the rows that it learned from; `None` where the shelf no longer has all of
    /// it, or has that of another teacher. Nothing is fitted.
    fn out_of_fold(&self, project: &Project, teacher: &Artifact) -> Result<Option<Said>, StageError> {
        let split = data::load(project)?.split(&project.plan)?;
        let Some((rows, guard)) = hold_back(project, &split.train) else { return Ok(None) };
        let who = Teacher::of(project, &rows.rows);
        let seed = Seed(project.plan.train.seed);
        let class = Class { project, seed, rows: &rows, guard: &guard, test: &split.test, who: &who };
        let found = who.fit(&class, &OnlyKept(Folder::open(project)?), &mut |_, _| false);
        let Some(found) = found.ok().filter(|found| found.artifact == *teacher) else { return Ok(None) };
        let said = found.out_of_fold.chunks_exact(found.classes.len()).map(<[f64]>::to_vec);
        Ok(Some(keys(&rows, &teacher.signature.inputs).into_iter().zip(said).collect()))
    }
}

/// A student from the start as small as it was made by the steps that paid, and whether its weights are 8-bit integers.
fn as_small(student: Student, steps: &[StepFact], tolerance: f64) -> (Student, bool) {
    let mut small = (student.clone(), false);
    for step in steps.iter().filter(|step| step.pays(tolerance)) {
        match step.what {
            Step::Int8 => small.1 = true,
            Step::Width(tenths) => small.0 = student.clone().narrower(tenths.into()),
        }
    }
    small
}

/// The student of this name on a ladder. What was refined after it was taught bears more behind its name.
fn of_ladder(name: &str, epochs: usize) -> Option<Student> {
    let ladders = Student::ladder(epochs).into_iter().chain(Student::picture_ladder(epochs));
    let is = |student: &Student| {
        let more = name.strip_prefix(student.name.as_str());
        more.is_some_and(|more| more.is_empty() || more.starts_with(", "))
    };
    ladders.filter(is).max_by_key(|student| student.name.len())
}

/// The true class of each row with all of the chance, and the number of classes.
fn truth(project: &Project, rows: &Examples, teacher: &Artifact) -> Result<(Vec<f64>, usize), StageError> {
    let of = (&rows.target, &teacher.signature.output);
    let (Target::Class { classes, index }, OutputKind::Probabilities { classes: taught }) = of else {
        let found = "the rows have no classes, and a teacher answers nothing else";
        return Err(StageError::data(&project.plan.data.source, found, "train a model of its own"));
    };
    if classes != taught {
        let found =
            format!("the classes are {}; the teacher answers {}", classes.join(", "), taught.join(", "));
        let hint = "let a new teacher teach: incumbent distill";
        return Err(StageError::data(&project.plan.data.source, found, hint));
    }
    let width = classes.len();
    let mut certain = vec![0.0; index.len() * width];
    index.iter().enumerate().for_each(|(row, class)| certain[row * width + *class as usize] = 1.0);
    Ok((certain, width))
}

fn keys(rows: &Examples, inputs: &Schema) -> Vec<(Option<Timestamp>, u64)> {
    let at = |row: usize| rows.at.as_ref().map(|at| at[row]);
    hashes(&rows.rows, inputs).into_iter().enumerate().map(|(row, hash)| (at(row), hash)).collect()
}

/// Whether each of so many rows is among these places.
fn places(rows: usize, among: &[usize]) -> Vec<bool> {
    let mut found = vec![false; rows];
    among.iter().for_each(|&row| found[row] = true);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::gate::Estimate;

    #[test]
    fn a_student_is_found_by_its_name_refined_or_not() {
        let name = |asked: &str| of_ladder(asked, 3).map(|student| student.name);
        for known in ["perceptron_2x64", "trees_50x15", "logistic", "cnn_8-16x0, room 4"] {
            assert_eq!(name(known).as_deref(), Some(known));
            assert_eq!(name(&format!("{known}, int8")).as_deref(), Some(known), "a refined one");
        }
        assert_eq!((name("perceptron_2x641"), name("forest")), (None, None));
    }

    #[test]
    fn what_was_made_smaller_is_taught_as_small_again() {
        let change = Estimate { value: 0.0, low: -0.001, high: 0.001, rows: 100 };
        let step = |what, before, bytes| StepFact { what, before, bytes, change };
        let steps = [step(Step::Int8, 400, 100), step(Step::Width(9), 100, 90), step(Step::Width(8), 90, 95)];
        let whole = Student::perceptron(2, 64, 3, 2.0);
        let (small, int8) = as_small(whole.clone(), &steps, 0.002);
        assert_eq!((small, int8), (whole.clone().narrower(9), true));
        assert_eq!(as_small(whole.clone(), &steps, 0.0005), (whole, false), "none of them paid");
    }
}
