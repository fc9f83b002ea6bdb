//! How the served versions do on live traffic, period by period, beside the baseline on the same rows.

use crate::live::{self, Live, LiveRow};
use crate::score::{Rows, score};
use crate::version::{Version, open};
use crate::{Project, StageError};
use domain::time::DAY;
use domain::{Event, History, Outputs, Source, Timestamp, VersionId};
use std::collections::BTreeMap;

/// The fewest labelled rows of a period that are worth a number.
const LEAST_ROWS: usize = 30;

/// Measures every whole period that has not been measured yet. A period is as long as the plan's cadence, a week
/// where it has none; it is whole once `retrain.label_delay` has passed after its end. Labels that only people gave are
/// left out, since doubtful rows were drawn more often: `review::live_loss` weighs them.
pub fn run(project: &Project, live: &Live) -> Result<Vec<Event>, StageError> {
    let history = project.history()?;
    let (Some(now), Some(baseline)) = (live.now, history.baseline()) else { return Ok(Vec::new()) };
    let length = if project.plan.retrain.every.0 > 0 { project.plan.retrain.every.0 } else { 7 * DAY };
    let begin = |at: Timestamp| Timestamp(at.0.div_euclid(length) * length);
    let measured = history.measurements.iter().map(|m| m.to).max();
    let ready = Timestamp(now.0 - project.plan.retrain.label_delay.0);
    let mut periods: BTreeMap<Timestamp, Vec<&LiveRow>> = BTreeMap::new();
    let sampled = live.rows.iter().filter(|row| row.source == Source::Observed);
    for row in sampled.filter(|row| measured.is_none_or(|until| begin(row.at) >= until)) {
        periods.entry(begin(row.at)).or_default().push(row);
    }
    let baseline = open(project, &baseline.version)?;
    let mut events = Vec::new();
    for (from, rows) in periods {
        let to = Timestamp(from.0 + length);
        if to <= ready && rows.len() >= LEAST_ROWS {
            events.extend(period(project, &history, &baseline, &rows, from, to)?);
        }
    }
    if !events.is_empty() {
        project.record(&events)?;
    }
    Ok(events)
}

fn period(
    project: &Project,
    history: &History,
    baseline: &Version,
    rows: &[&LiveRow],
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Event>, StageError> {
    let mut by_version: BTreeMap<&VersionId, Vec<&LiveRow>> = BTreeMap::new();
    for row in rows {
        if let Some(version) = row.version.as_ref().filter(|v| history.version(v).is_some()) {
            by_version.entry(version).or_default().push(row);
        }
    }
    let metric = project.plan.primary().to_string();
    let signature = baseline.model.signature();
    let measured = |version: &VersionId, outputs: &Outputs, rows: &[&LiveRow]| -> Result<Event, StageError> {
        let examples = live::examples(project, rows, &signature.inputs, &signature.output)?;
        let estimate = score(&metric, outputs, &Rows::of(&examples, 1))?;
        let (version, metric, interval) = (version.clone(), metric.clone(), (estimate.low, estimate.high));
        Ok(Event::Measured {
            version,
            metric,
            from,
            to,
            value: estimate.value,
            interval,
            rows: estimate.rows,
        })
    };
    let mut events = Vec::new();
    for (version, rows) in by_version.iter().filter(|(_, rows)| rows.len() >= LEAST_ROWS) {
        let kind = signature.output.clone();
        let values = rows.iter().flat_map(|row| row.output.iter().copied()).collect();
        events.push(measured(version, &Outputs { kind, values }, rows)?);
    }
    if !by_version.contains_key(&baseline.id) {
        let examples = live::examples(project, rows, &signature.inputs, &signature.output)?;
        events.push(measured(&baseline.id, &baseline.answer(&examples.rows)?, rows)?);
    }
    Ok(events)
}
