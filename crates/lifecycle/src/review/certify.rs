//! Which answers of the version that serves are given alone: labels counted at each threshold, and the rule asked.
//!
//! A new version is judged on rows that it never saw: those of the table, or, where it was trained on all of the table,
//! live ones that are newer than all that it learned. After an alarm those say nothing any more, and
//! only live rows that were drawn alike from all count, from the alarm on.

use super::Desk;
use super::draw::confidence;
use crate::version::{Version, open};
use crate::{Project, StageError, data, live, retrain};
use domain::review::{self, Basis, DeferralFacts, Step, Why};
use domain::{Event, Examples, History, OutputKind, Outputs, PredictionId, Target, Timestamp, VersionId};
use stats::deferral::{MOST_STEPS, confidence_grid};

/// One row: how sure the version was, and whether it was wrong, where that is known.
type Row = (f64, Option<bool>);

/// Certifies the version that serves, where it is due: it is new, an alarm came, or there are labels enough for a
/// version that could not be certified before. Records what the rule said.
pub fn certify(
    project: &Project,
    desk: Option<&Desk>,
    history: &History,
) -> Result<Option<review::Certificate>, StageError> {
    let rules = &project.plan.review;
    let (Some(_), Some(deployment)) = (rules.error, &history.deployment) else { return Ok(None) };
    let version = &deployment.incumbent;
    let alarm = history.diagnoses.iter().rfind(|d| d.diagnosis.alarm && &d.facts.version == version);
    let since = alarm.map_or(deployment.at, |alarm| alarm.at.max(deployment.at));
    let last = history.certificates_of(version).next_back().filter(|last| last.at >= since);
    let attempt = 1 + history.certificates_of(version).filter(|c| !c.facts.steps.is_empty()).count() as u64;
    let (basis, rows) = match last {
        None if since == deployment.at => (Basis::Test, unseen_rows(project, history, version)?),
        None => (Basis::Audit, audit_rows(project, desk, version, since)?),
        Some(last) if last.certificate.threshold.is_some() => return Ok(None),
        Some(last) => {
            let rows = audit_rows(project, desk, version, since)?;
            let labels = labels(&rows);
            let before = (last.facts.basis == Basis::Audit).then_some(last.facts.labels);
            if labels < review::fewest(rules, attempt) || !review::may_ask(before, labels) {
                return Ok(None);
            }
            (Basis::Audit, rows)
        }
    };
    let labels = labels(&rows);
    // a certificate that cannot be had yet costs nothing of delta
    let enough = labels >= review::fewest(rules, attempt);
    let steps = if enough { steps(&rows)? } else { Vec::new() };
    let facts = DeferralFacts { version: version.clone(), basis, since, attempt, labels, steps };
    let certificate = review::certify(rules, &facts);
    let rules = serde_json::to_value(rules).expect("a plan section is plain data");
    let said = certificate.clone();
    project.record(&[Event::Certified { facts: Box::new(facts), rules, certificate }])?;
    Ok(Some(said))
}

fn labels(rows: &[Row]) -> u64 {
    rows.iter().filter(|(_, wrong)| wrong.is_some()).count() as u64
}

/// Thresholds at even shares of the rows, the strictest first; whether the version was right is not looked at.
fn steps(rows: &[Row]) -> Result<Vec<Step>, StageError> {
    let sure: Vec<f64> = rows.iter().map(|(confidence, _)| *confidence).collect();
    let thresholds = confidence_grid(&sure, MOST_STEPS);
    let thresholds = thresholds
        .map_err(|why| StageError::Measure { metric: "confidence".into(), why: why.to_string() })?;
    let step = |threshold: f64| {
        let above = || rows.iter().filter(move |(confidence, _)| *confidence >= threshold);
        Step {
            threshold,
            traffic: above().count() as u64,
            accepted: above().filter(|(_, wrong)| wrong.is_some()).count() as u64,
            wrong: above().filter(|(_, wrong)| *wrong == Some(true)).count() as u64,
        }
    };
    Ok(thresholds.into_iter().map(step).collect())
}

/// The version's answers to rows that it never saw; none where the table is not there any more.
fn unseen_rows(project: &Project, history: &History, version: &VersionId) -> Result<Vec<Row>, StageError> {
    let until = history.version(version).and_then(|standing| standing.trained_on.until);
    let Ok(loaded) = data::load(project) else { return Ok(Vec::new()) };
    let test = loaded.split(&project.plan)?.test;
    let first = test.at.as_ref().and_then(|at| at.first().copied());
    let version = open(project, version)?;
    match until.zip(first) {
        Some((until, first)) if until >= first => {
            let (live, signature) = (live::read(project)?, version.model.signature());
            let rows = retrain::judging(project, &live, until)?;
            answers(&version, &live::examples(project, &rows, &signature.inputs, &signature.output)?)
        }
        _ => answers(&version, &test),
    }
}

fn answers(version: &Version, test: &Examples) -> Result<Vec<Row>, StageError> {
    let outputs = version.answer(&test.rows)?;
    let (OutputKind::Probabilities { classes }, Target::Class { classes: names, index }) =
        (&outputs.kind, &test.target)
    else {
        return Ok(Vec::new());
    };
    let of = |row: usize| wrong(&outputs, row, classes, &names[index[row] as usize]);
    Ok((0..test.len()).map(of).collect())
}

fn wrong(outputs: &Outputs, row: usize, classes: &[String], truth: &str) -> Row {
    let numbers = outputs.row(row);
    let best = stats::metric::most_probable(numbers, classes.len())[0];
    (confidence(numbers), Some(classes[best] != truth))
}

/// What the version answered in the audit since a moment, labelled or not.
fn audit_rows(
    project: &Project,
    desk: Option<&Desk>,
    version: &VersionId,
    since: Timestamp,
) -> Result<Vec<Row>, StageError> {
    let Some(desk) = desk else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for item in desk.items().iter().filter(|item| item.asked.why == Why::Audit) {
        if let Some(row) = audit_row(project, desk, item.prediction, item.label(), version, since)? {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn audit_row(
    project: &Project,
    desk: &Desk,
    id: PredictionId,
    label: Option<&str>,
    version: &VersionId,
    since: Timestamp,
) -> Result<Option<Row>, StageError> {
    let Some(prediction) = project.journal.prediction(id)? else { return Ok(None) };
    let answered = match &prediction.served_by {
        domain::ServedBy::Intended => Some(&prediction.version),
        domain::ServedBy::Fallback { version, .. } => Some(version),
        domain::ServedBy::Floor { .. } => None,
    };
    if prediction.at < since || answered != Some(version) {
        return Ok(None);
    }
    let classes = desk.classes();
    let best = stats::metric::most_probable(&prediction.output, classes.len())[0];
    Ok(Some((confidence(&prediction.output), label.map(|label| classes[best] != label))))
}
