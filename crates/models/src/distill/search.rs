//! Which student: many are taught a little, the better half more, until few have seen all rows.

use super::guard::Guard;
use super::label::answers;
use super::lesson::Lesson;
use super::student::Student;
use crate::contract::{Artifact, FitError, Seed};
use crate::onnx::{OnnxModel, parameters};
use crate::supervise::{self, Classes, bad};
use stats::random;

/// How students are dropped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Halving {
    /// The share of rows that all students are taught first. Above 0 to 1.
    pub first: f64,
    /// By how much the rows grow from rung to rung, and the students shrink. Above 1.
    pub factor: f64,
    /// From so few students on none is dropped; at least 1.
    pub least: usize,
}

impl Default for Halving {
    fn default() -> Halving {
        Halving { first: 0.25, factor: 2.0, least: 4 }
    }
}

/// A student as it was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// Which one.
    pub student: Student,
    /// The share of the lesson's rows that it was taught.
    pub share: f64,
    /// The row losses on the guard, in nats.
    pub losses: Vec<f64>,
    /// Their weighted mean.
    pub loss: f64,
    /// What it costs, as the caller measures it.
    pub cost: f64,
    /// Learned numbers.
    pub parameters: usize,
    /// The graph.
    pub artifact: Artifact,
}

/// Tries students on growing shares of a lesson; gives those of the last rung, which were taught all rows, the best
/// first.
///
/// `cost` measures a student and says `None` where it is over the budget; then it is dropped, however good.
///
/// - *What it answers.* Which of many students is best, for a fraction of the fits.
/// - *Assumptions.* Who is best on a quarter of the rows is among the better half on all.
/// - *When it misleads.* Large students need rows: they look worse early than they will be. Among many near equals, the
///   best on the guard is flattered by its luck.
/// - *Source.* Jamieson and Talwalkar 2016.
/// - *Checked against.* Teaching all of them all rows, on simulated ones.
pub fn halve(
    students: &[Student],
    lesson: &Lesson,
    guard: &Guard,
    plan: Halving,
    seed: Seed,
    cost: &mut dyn FnMut(&Student, &Artifact) -> Option<f64>,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Vec<Tried>, FitError> {
    check(students, lesson, plan)?;
    let mut order: Vec<usize> = (0..lesson.len()).collect();
    order.sort_by_key(|&row| random::bits(seed.0, 54, row as u64));
    let mut left = students.to_vec();
    let mut share = plan.first;
    let mut done = 0.0;
    loop {
        let last = share >= 1.0;
        let part = lesson.take(&order[..((share * order.len() as f64) as usize).clamp(1, order.len())]);
        let mut tried = Vec::new();
        for student in &left {
            // Rungs to come are not known; half of what is left is.
            let step = (1.0 - done) * 0.5 / left.len() as f64;
            let artifact = student.learn(&part, seed, &mut |within| progress(done + step * within))?;
            done += step;
            if let Some(cost) = cost(student, &artifact) {
                tried.push(score(student, artifact, guard, share, cost)?);
            }
        }
        tried.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        if last || tried.is_empty() {
            return Ok(tried);
        }
        let kept = ((left.len() as f64 / plan.factor).ceil() as usize).max(plan.least);
        left = tried.into_iter().take(kept).map(|t| t.student).collect();
        share = (share * plan.factor).min(1.0);
    }
}

/// Scores a student on the guard.
fn score(
    student: &Student,
    artifact: Artifact,
    guard: &Guard,
    share: f64,
    cost: f64,
) -> Result<Tried, FitError> {
    let refused = |why: String| bad(&student.name, why);
    let model = OnnxModel::load(&artifact).map_err(|e| refused(e.to_string()))?;
    let data = guard.examples();
    let said = answers(&model, &data.rows).map_err(|e| refused(e.to_string()))?;
    let target = supervise::classes(&student.name, data)?;
    let (losses, loss) = loss(&student.name, &said, &target)?;
    let parameters = parameters(&artifact.onnx).map_err(|e| refused(e.to_string()))?;
    Ok(Tried { student: student.clone(), share, losses, loss, cost, parameters, artifact })
}

/// The cross entropy of each row in nats, and its weighted mean.
pub(super) fn loss(whose: &str, said: &[f64], target: &Classes<'_>) -> Result<(Vec<f64>, f64), FitError> {
    let width = target.names.len();
    let row = |(p, q): (&[f64], &[f64])| -> f64 {
        -p.iter().zip(q).map(|(p, q)| q * p.max(f64::EPSILON).ln()).sum::<f64>()
    };
    let losses: Vec<f64> =
        said.chunks_exact(width).zip(target.probability.chunks_exact(width)).map(row).collect();
    let mean = stats::metric::weighted_mean(&losses, Some(&target.weight));
    let mean = mean.map_err(|e| bad(whose, e.to_string()))?;
    Ok((losses, mean))
}

fn check(students: &[Student], lesson: &Lesson, plan: Halving) -> Result<(), FitError> {
    let sound = plan.first > 0.0 && plan.first <= 1.0 && plan.factor > 1.0 && plan.least > 0;
    match (students.is_empty(), lesson.is_empty(), sound) {
        (true, ..) => Err(bad("student", "there is no student to teach".into())),
        (_, true, _) => Err(bad("student", "the lesson has no rows".into())),
        (.., false) => Err(bad("student", format!("{plan:?} drops nobody or everybody"))),
        _ => Ok(()),
    }
}
