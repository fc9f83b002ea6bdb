//! Logged traffic through a challenger, before anybody is exposed to it: how often it answers otherwise, how long it
//! takes for one row, and, where the truth is known, how much better it would have been.
//!
//! Not an experiment: the rows are those that the incumbent answered, and what its answers changed is in them. The
//! model is called as the server calls it, row by row, on the raw rows that the journal kept.

use crate::live::{self, LiveRow};
use crate::score::losses;
use crate::version::{Version, open};
use crate::{Progress, Project, StageError};
use domain::gate::Estimate;
use domain::{Outputs, Story, Timestamp, VersionId};
use std::collections::BTreeMap;
use std::time::Instant;

const LEVEL: f64 = 0.95;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Logged rows that were asked.
    pub rows: u64,
    /// Rows that the challenger could not answer, by reason.
    pub failed: BTreeMap<String, u64>,
    /// Rows whose most probable class, or number within one in a thousand, is another.
    pub changed: u64,
    /// The largest difference of any number.
    pub largest: f64,
    /// Half of the rows took at most this long, in microseconds.
    pub p50_us: f64,
    /// 99 of 100 rows took at most this long, in microseconds.
    pub p99_us: f64,
    /// The metric of the gain.
    pub metric: String,
    /// How much lower the challenger's loss is on the rows whose truth is known, with its 95% interval.
    pub gain: Option<Estimate>,
}

/// One logged row with the challenger's answer.
struct Asked {
    live: LiveRow,
    answer: Vec<f64>,
}

/// Asks the challenger the newest `most` logged rows, one at a time.
pub fn run(
    project: &Project,
    challenger: &VersionId,
    most: Option<usize>,
    progress: &mut dyn Progress,
) -> Result<Replayed, StageError> {
    let version = open(project, challenger)?;
    let mut logged = logged(project)?;
    if logged.is_empty() {
        return Err(StageError::TooEarly("the journal holds no predictions to replay".into()));
    }
    let first = logged.len() - most.unwrap_or(logged.len()).min(logged.len());
    logged.drain(..first);
    let rows = logged.len() as u64;
    progress.begin("replay", &format!("{rows} logged rows through {challenger}"));
    let (mut asked, mut failed, mut took) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (place, live) in logged.into_iter().enumerate() {
        let started = Instant::now();
        let answer = ask(project, &version, &live);
        took.push(started.elapsed().as_secs_f64() * 1e6);
        match answer {
            Ok(answer) => asked.push(Asked { live, answer }),
            Err(why) => *failed.entry(why.to_string()).or_insert(0) += 1,
        }
        if place % 256 == 0 && !progress.share(place as f64 / rows as f64) {
            return Err(StageError::Interrupted);
        }
    }
    took.sort_by(f64::total_cmp);
    let quantile = |share| stats::sum::quantile_sorted(&took, share);
    let metric = project.plan.primary().to_string();
    let gain = gain(project, &version, &asked, &metric)?;
    let (p50_us, p99_us) = (quantile(0.5), quantile(0.99));
    let (changed, largest) = differences(&asked);
    Ok(Replayed { rows, failed, changed, largest, p50_us, p99_us, metric, gain })
}

fn logged(project: &Project) -> Result<Vec<LiveRow>, StageError> {
    let time = project.plan.data.time.as_deref();
    let mut rows = Vec::new();
    project
        .journal
        .stories(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |story| rows.extend(row(&story, time)))?;
    rows.sort_by_key(|row| row.at);
    Ok(rows)
}

fn row(story: &Story, time: Option<&str>) -> Option<LiveRow> {
    let truth = story.outcomes.last().map(|outcome| outcome.value.clone()).unwrap_or_default();
    live::row(&story.prediction, time).map(|row| LiveRow { truth, ..row })
}

fn ask(project: &Project, version: &Version, row: &LiveRow) -> Result<Vec<f64>, StageError> {
    let signature = version.model.signature();
    let rows = live::inputs(&[row], &signature.inputs);
    let outputs = version.answer(&rows)?;
    match outputs.values.iter().all(|number| number.is_finite()) {
        true => Ok(outputs.values),
        false => Err(StageError::Load {
            version: version.id.short().into(),
            why: format!("it answered a number that is none, on a row of {}", project.plan.name),
        }),
    }
}

fn differences(asked: &[Asked]) -> (u64, f64) {
    let apart = |a: &f64, b: &f64| (a - b).abs();
    let largest =
        |row: &Asked| row.live.output.iter().zip(&row.answer).map(|(a, b)| apart(a, b)).fold(0.0, f64::max);
    let changed = |row: &&Asked| match row.answer.len() {
        1 => apart(&row.live.output[0], &row.answer[0]) > 1e-3 * row.live.output[0].abs().max(1e-9),
        _ => place_of_largest(&row.live.output) != place_of_largest(&row.answer),
    };
    (asked.iter().filter(changed).count() as u64, asked.iter().map(largest).fold(0.0, f64::max))
}

fn place_of_largest(numbers: &[f64]) -> Option<usize> {
    let best = numbers.iter().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(place, _)| place)
}

fn gain(
    project: &Project,
    version: &Version,
    asked: &[Asked],
    metric: &str,
) -> Result<Option<Estimate>, StageError> {
    let known: Vec<&Asked> = asked.iter().filter(|row| !row.live.truth.is_empty()).collect();
    if known.len() < 2 {
        return Ok(None);
    }
    let metric = super::goal::comparable(metric);
    let signature = version.model.signature();
    let live: Vec<&LiveRow> = known.iter().map(|row| &row.live).collect();
    let examples = live::examples(project, &live, &signature.inputs, &signature.output)?;
    let of = |numbers: fn(&Asked) -> &Vec<f64>| {
        let values = known.iter().flat_map(|row| numbers(row).iter().copied()).collect();
        losses(metric, &Outputs { kind: signature.output.clone(), values }, &examples.target)
    };
    let (given, other) = (of(|row| &row.live.output)?, of(|row| &row.answer)?);
    let gains: Vec<f64> = given.iter().zip(&other).map(|(given, other)| given - other).collect();
    let clusters = examples.entity.unwrap_or_else(|| (0..gains.len() as u64).collect());
    let bad = |why: stats::BadInput| StageError::Measure { metric: metric.into(), why: why.to_string() };
    let mean = stats::paired::paired_mean(&gains, &clusters).map_err(bad)?;
    let estimate = mean.estimate(LEVEL).map_err(bad)?;
    let rows = gains.len() as u64;
    Ok(Some(Estimate { value: estimate.value, low: estimate.low, high: estimate.high, rows }))
}
