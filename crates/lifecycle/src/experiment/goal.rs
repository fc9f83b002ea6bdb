//! How much better the challenger is, at one look.
//!
//! In shadow both versions answered the same rows, and the difference of their losses is looked at. Otherwise the arms
//! are compared by unit: what the incumbent expects of a row, which was fixed before anybody saw an arm, takes its share of
//! the variance away. Invariants: a unit counts once its label window is over and once only, in the arm that it was
//! assigned to, whoever answered; the order of units is that of their first request.

use super::collect::{Row, Traffic};
use crate::live::{self, LiveRow};
use crate::score::losses;
use crate::version::open;
use crate::{Project, StageError};
use domain::experiment::Look;
use domain::history::Release;
use domain::plan::{Goal, Peek};
use domain::{Arm, Examples, OutputKind, Outputs, Target};
use stats::adjust::{AdjustedStream, StreamUnit};
use stats::moments::Moments;
use stats::sequential::{self, Monitor, Seen};
use std::collections::BTreeMap;

/// A look, and the mean of the goal in each arm.
pub struct Measured {
    /// The look.
    pub look: Look,
    /// Control, then treatment.
    pub means: [Option<f64>; 2],
}

/// One unit's labelled rows together.
struct Sum {
    arm: Arm,
    propensity: f64,
    total: f64,
    rows: f64,
    expected: f64,
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
    if shadow {
        return paired(&values, release, &rows, &examples).map(Some);
    }
    let expected = values.expected(&incumbent.answer(&examples.rows)?)?;
    split(&values, release, &rows, &examples, &expected).map(Some)
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

fn paired(
    values: &Values<'_>,
    release: &Release,
    rows: &[&Row],
    examples: &Examples,
) -> Result<Measured, StageError> {
    let given = values.of(&outputs(rows, &values.kind, |row| &row.live.output), examples)?;
    // who did not answer would have fallen back, to the answer that was given
    let other = |row: &&Row| {
        row.shadow.as_ref().and_then(|s| s.answer.as_ref().ok()).unwrap_or(&row.live.output).clone()
    };
    let kind = values.kind.clone();
    let shadow = Outputs { kind, values: rows.iter().flat_map(other).collect() };
    let shadowed = values.of(&shadow, examples)?;
    let mut units: BTreeMap<&str, (usize, f64, f64)> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        let unit = units.entry(&row.unit).or_insert((place, 0.0, 0.0));
        (unit.1, unit.2) = (unit.1 + given[place] - shadowed[place], unit.2 + 1.0);
    }
    let mut gains: Vec<(usize, f64)> =
        units.into_values().map(|(place, sum, rows)| (place, sum / rows)).collect();
    gains.sort_by_key(|gain| gain.0);
    values.cut(release, &mut gains);
    let mut moments = Moments::default();
    gains.iter().try_for_each(|(_, gain)| moments.observe(*gain)).map_err(|why| values.bad(&why))?;
    let mean = |losses: &[f64]| Some(losses.iter().sum::<f64>() / losses.len() as f64);
    let look = values.look(release, Seen::of(&moments), "paired", mean(&given).unwrap_or(0.0))?;
    Ok(Measured { look, means: [mean(&given), mean(&shadowed)] })
}

fn split(
    values: &Values<'_>,
    release: &Release,
    rows: &[&Row],
    examples: &Examples,
    expected: &[f64],
) -> Result<Measured, StageError> {
    let given = values.of(&outputs(rows, &values.kind, |row| &row.live.output), examples)?;
    let mut sums = sums(rows, &given, expected);
    values.cut(release, &mut sums);
    let total = |of: fn(&Sum) -> f64| sums.iter().map(of).sum::<f64>();
    let ratio = total(|s| s.total) / total(|s| s.rows);
    let rows_each = total(|s| s.rows) / sums.len() as f64;
    let mut stream = AdjustedStream::new(1);
    for sum in &sums {
        // a ratio of sums, made linear in the unit: the delta method
        let outcome = values.direction() * (ratio + (sum.total - ratio * sum.rows) / rows_each);
        let (challenger, covariates) = (sum.arm == Arm::Treatment, &[sum.expected]);
        let unit = StreamUnit { challenger, propensity: sum.propensity, outcome, covariates };
        stream.observe(unit).map_err(|why| values.bad(&why))?;
    }
    let mean = |arm: Arm| {
        let of = || sums.iter().filter(move |s| s.arm == arm);
        let rows = of().map(|s| s.rows).sum::<f64>();
        (rows > 0.0).then(|| of().map(|s| s.total).sum::<f64>() / rows)
    };
    let means = [mean(Arm::Control), mean(Arm::Treatment)];
    let look =
        values.look(release, stream.seen(), "by unit, adjusted by what the incumbent expects", ratio)?;
    Ok(Measured { look, means })
}

/// The labelled rows of each unit, in the order of the units' first request.
fn sums(rows: &[&Row], given: &[f64], expected: &[f64]) -> Vec<Sum> {
    let mut units: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sums: Vec<Sum> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let Some((arm, chance)) = row.place else { continue };
        let at = *units.entry(&row.unit).or_insert(sums.len());
        if at == sums.len() {
            let treated = arm == Arm::Treatment;
            let propensity = if treated { chance } else { 1.0 - chance };
            sums.push(Sum { arm, propensity, total: 0.0, rows: 0.0, expected: 0.0 });
        }
        let sum = &mut sums[at];
        sum.total += given[place];
        sum.rows += 1.0;
        sum.expected += (expected[place] - sum.expected) / sum.rows;
    }
    sums
}

fn outputs<'a>(rows: &[&'a Row], kind: &OutputKind, of: impl Fn(&'a Row) -> &'a Vec<f64>) -> Outputs {
    Outputs { kind: kind.clone(), values: rows.iter().flat_map(|row| of(row).iter().copied()).collect() }
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
        let bounds = |alpha: f64, peek: sequential::Peek| Monitor::new(planned, alpha, peek)?.look(units);
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
