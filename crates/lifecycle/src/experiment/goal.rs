//! How much better the challenger is, at one look.
//!
//! Not here: what to make of it (`domain::experiment::decide`). Invariant: a unit counts once its label window is over, and
//! once only.

mod arms;
mod paired;

use super::collect::{Row, Traffic};
use crate::live::{self, LiveRow};
use crate::score::losses;
use crate::version::open;
use crate::{Project, StageError};
use domain::experiment::Look;
use domain::history::Release;
use domain::plan::{Compare, Goal, Peek};
use domain::{Examples, OutputKind, Outputs, Target};
use stats::sequential::{self, Monitor, Seen};

/// Bounds that hold for ever are sharpest at the planned units, but no later than here: tuned to millions of units
/// they say nothing at thousands, while tuned to thousands they lose little at millions.
const SHARPEST: u64 = 10_000;

/// A look, and the mean of the goal in each arm.
pub struct Measured {
    /// The look.
    pub look: Look,
    /// Control, then treatment.
    pub means: [Option<f64>; 2],
}

/// What is compared: the losses of answers, or the outcomes themselves.
struct Values<'a> {
    project: &'a Project,
    metric: &'a str,
    kind: OutputKind,
}

/// The goal of a release at this moment; `None` without a labelled row.
pub fn goal(
    project: &Project,
    release: &Release,
    traffic: &Traffic,
    shadow: bool,
) -> Result<Option<Measured>, StageError> {
    let rows: Vec<&Row> =
        traffic.rows.iter().filter(|r| r.labelled && (r.place.is_some() || shadow)).collect();
    let outcome = project.plan.release.goal == Goal::Outcome;
    if rows.is_empty() || shadow && outcome {
        return Ok(None);
    }
    let incumbent = open(project, &release.incumbent)?;
    let metric = if outcome { "outcome" } else { comparable(project.plan.primary()) };
    let values = Values { project, metric, kind: incumbent.model.signature().output.clone() };
    let live: Vec<&LiveRow> = rows.iter().map(|row| &row.live).collect();
    let examples = live::examples(project, &live, &incumbent.model.signature().inputs, &values.kind)?;
    let measured = if shadow {
        paired::shadowed(&values, release, &rows, &examples)
    } else if project.plan.release.compare == Compare::Paired && !outcome {
        paired::asked_again(&values, release, &rows, &examples)
    } else {
        let expected = values.expected(&incumbent.answer(&examples.rows)?)?;
        arms::look(&values, release, &rows, &examples, &expected)
    };
    measured.map(Some)
}

/// The units planned at the first look that counted: bounds tuned to what is seen later would not hold.
fn fixed(release: &Release) -> Option<u64> {
    let goals = release.looks.iter().filter(|look| look.facts.phase.step == release.phase.step);
    goals.filter_map(|look| look.facts.goal.as_ref()).find(|goal| goal.counts()).map(|goal| goal.planned)
}

/// A metric with a loss of its own for each row.
pub(super) fn comparable(primary: &str) -> &str {
    match primary {
        "auc" => "log_loss",
        "rmse" => "mse",
        other => other,
    }
}

/// The answers that were really given.
fn given(rows: &[&Row], kind: &OutputKind) -> Outputs {
    Outputs {
        kind: kind.clone(),
        values: rows.iter().flat_map(|row| row.live.output.iter().copied()).collect(),
    }
}

impl Values<'_> {
    /// One value a row.
    fn of(&self, outputs: &Outputs, examples: &Examples) -> Result<Vec<f64>, StageError> {
        if self.metric == "outcome" {
            Ok(self.outcomes(&examples.target))
        } else {
            losses(self.metric, outputs, &examples.target)
        }
    }

    /// 1 for a success, else 0; or the number itself.
    fn outcomes(&self, target: &Target) -> Vec<f64> {
        match target {
            Target::Class { classes, index } => {
                let success = self.project.plan.release.success.as_deref();
                index.iter().map(|&i| f64::from(success == Some(classes[i as usize].as_str()))).collect()
            }
            Target::Number(values) => values.clone(),
            Target::Path { horizon, values } => {
                values.chunks(*horizon).map(|path| path.iter().sum::<f64>() / *horizon as f64).collect()
            }
            Target::Soft { classes, probability } => {
                probability.chunks(classes.len()).map(|row| row.last().copied().unwrap_or(0.0)).collect()
            }
        }
    }

    /// What the incumbent's own answer says of the value to come: its expected loss, the chance of a success, or the
    /// number that it forecasts.
    fn expected(&self, answers: &Outputs) -> Result<Vec<f64>, StageError> {
        let OutputKind::Probabilities { classes } = &answers.kind else {
            return Ok((0..answers.rows())
                .map(|row| answers.row(row).iter().sum::<f64>() / answers.kind.width() as f64)
                .collect());
        };
        let success = self.project.plan.release.success.as_ref();
        let place = classes.iter().position(|class| Some(class) == success);
        let of = |p: &[f64]| match (self.metric, place) {
            ("outcome", Some(place)) => p[place],
            ("accuracy", _) => 1.0 - p.iter().copied().fold(0.0, f64::max),
            ("brier", _) => 1.0 - p.iter().map(|p| p * p).sum::<f64>(),
            _ => -p.iter().map(|p| p * p.max(f64::MIN_POSITIVE).ln()).sum::<f64>(),
        };
        Ok((0..answers.rows()).map(|row| of(answers.row(row))).collect())
    }

    /// A loss is gained by being lower, an outcome by being higher.
    fn direction(&self) -> f64 {
        if self.metric == "outcome" { 1.0 } else { -1.0 }
    }

    /// Bounds that hold up to the planned units say nothing of more than those.
    fn cut<T>(&self, release: &Release, units: &mut Vec<T>) {
        if let (Peek::Planned, Some(planned)) = (self.project.plan.release.peek, fixed(release)) {
            units.truncate(usize::try_from(planned).unwrap_or(usize::MAX));
        }
    }

    fn look(&self, release: &Release, units: Seen, how: &str, mean: f64) -> Result<Look, StageError> {
        let rules = &self.project.plan.release;
        let bad = |why: stats::BadInput| self.bad(&why);
        let effect = self.effect(release, mean)?;
        let sd = units.sd.max(effect * 1e-3);
        let peek = match rules.peek {
            Peek::Any => sequential::Peek::Any,
            Peek::Planned => sequential::Peek::Planned,
        };
        let planned = match fixed(release) {
            Some(planned) => planned,
            None => Monitor::for_effect(effect, sd, rules.alpha, rules.power, peek).map_err(bad)?.planned(),
        };
        let bounds = |alpha: f64, peek: sequential::Peek| {
            let sharpest = if peek == sequential::Peek::Any { planned.min(SHARPEST) } else { planned };
            Monitor::new(sharpest, alpha, peek)?.look(units)
        };
        let seen = bounds(rules.alpha, peek).map_err(bad)?;
        let harm = bounds(rules.harm_alpha, sequential::Peek::Any).map_err(bad)?;
        let holds =
            if rules.peek == Peek::Any { "holds at every look" } else { "holds up to the planned units" };
        Ok(Look {
            metric: self.metric.into(),
            method: format!("{how}; {holds}"),
            gain: units.mean,
            low: seen.map(|seen| seen.low),
            high: harm.map(|harm| harm.high),
            sd,
            units: units.units,
            first: Monitor::FIRST_UNITS,
            planned,
            effect,
        })
    }

    /// The smallest gain that matters: the plan's, or the margin by which the gate judged, or 1% of the mean.
    fn effect(&self, release: &Release, mean: f64) -> Result<f64, StageError> {
        let rules = &self.project.plan.release;
        let history = self.project.history()?;
        let judged = history.verdict(&release.challenger).map(|j| j.facts.margin.value);
        let judged = judged.filter(|_| self.metric != "outcome");
        let effect = rules.effect.or(self.project.plan.gate.margin).or(judged).filter(|e| *e > 0.0);
        Ok(effect.unwrap_or(0.01 * mean.abs()).max(1e-9))
    }

    fn bad(&self, why: &dyn std::fmt::Display) -> StageError {
        StageError::Measure { metric: self.metric.into(), why: why.to_string() }
    }
}
