//! Every check's outcome, as the rule is given it.

use super::looked::Looked;
use super::traffic::{Asked, sample};
use super::without_labels::{Served, estimates};
use super::{
    NEWEST, SAMPLE, WithoutLabels, answers, behaviour, fingerprint, labels, loss, reference, traffic,
};
use crate::drift::{Comparison, Together};
use crate::score::taken;
use crate::{StageError, live};
use domain::diagnosis::{Exact, Facts, Labels, Loss, Replay};
use domain::drift::ColumnDrift;
use domain::{Outputs, Table, Timestamp};
use fingerprint::{Around, mismatch};

/// Fewer known outcomes tell nothing of the loss.
const LEAST_LABELS: usize = 100;
/// Columns whose share of the loss is estimated.
const PUT_BACK: usize = 10;
/// Rows that are asked again in other ways.
const ASKED_AGAIN: usize = 200;

impl Looked<'_> {
    /// Every check's outcome.
    pub fn facts(&self, comparison: &Comparison, together: Option<&Together>) -> Result<Facts, StageError> {
        let (version, project) = (self.case.version, self.case.project);
        let count = project.plan.watch.replay_rows;
        let newest: Vec<&Asked> = self.rows[self.rows.len().saturating_sub(count)..].iter().collect();
        let rows = self.inputs(&newest);
        let (logged, answered) = (self.logged(&newest), version.answer(&rows)?);
        let exact = answers::compare(&logged, &answered);
        let answer_fault =
            if exact.broken() { answers::fault(&logged, &answered, &self.others(&rows)?) } else { None };
        let few: Vec<usize> = (0..rows.rows().min(ASKED_AGAIN)).collect();
        let asked = taken(&answered, &few);
        let (loss, moved) = self.loss(comparison, together)?;
        Ok(Facts {
            version: version.id.clone(),
            from: comparison.current.from.unwrap_or(self.now),
            to: comparison.current.to.unwrap_or(self.now),
            rows: self.rows.len() as u64,
            columns: comparison.columns.len() as u64,
            golden: self.golden()?,
            answers: exact,
            answer_fault,
            misbehaviour: behaviour::misbehaviour(version, &rows.take(&few), &asked, &project.plan.watch)?,
            replay: self.replay(&newest, &rows)?,
            faults: comparison.faults.clone(),
            moved,
            told_apart: comparison.told_apart.clone(),
            labels: self.labels(loss.as_ref())?,
            loss,
            kpi: self.case.kpi,
        })
    }

    /// What the quality would be without labels.
    pub fn without_labels(&self, together: Option<&Together>) -> Result<Vec<WithoutLabels>, StageError> {
        let all: Vec<&Asked> = self.rows.iter().collect();
        let some: Vec<&Asked> = sample(&all, SAMPLE, self.seed()).into_iter().copied().collect();
        let (rows, answers) = (self.inputs(&some), self.logged(&some));
        let served = Served { rows: &rows, answers: &answers };
        estimates(self.case.project, self.case.reference, &served, together)
    }

    /// What other versions answer to these rows, newest first.
    fn others(&self, rows: &Table) -> Result<Vec<(domain::VersionId, Outputs)>, StageError> {
        let history = self.case.project.history()?;
        let other = history.versions.iter().rev().filter(|s| s.version != self.case.version.id).take(10);
        let answered = other.filter_map(|standing| {
            let version = crate::version::open(self.case.project, &standing.version).ok()?;
            // a version of other columns cannot be the one that answered
            Some((standing.version.clone(), version.answer(rows).ok()?))
        });
        Ok(answered.filter(|(_, o)| o.kind == self.case.version.model.signature().output).collect())
    }

    fn golden(&self) -> Result<Exact, StageError> {
        let kept = store::load_version(self.case.project.blobs.as_ref(), &self.case.version.id)?.golden;
        Ok(answers::compare(&kept.outputs, &self.case.version.answer(&kept.rows)?))
    }

    fn replay(&self, rows: &[&Asked], logged: &Table) -> Result<Option<Replay>, StageError> {
        let Some(transform) = self.case.transform else { return Ok(None) };
        let recomputed = transform.recompute(&traffic::table(rows))?;
        let entity = self.entities(rows);
        let around = Around { recomputed: &recomputed, entity: entity.as_deref() };
        let mut columns: Vec<_> = logged.columns().iter().filter_map(|c| mismatch(c, &around)).collect();
        columns.sort_by(|a, b| b.share.total_cmp(&a.share));
        Ok(Some(Replay { rows: rows.len() as u64, columns }))
    }

    fn labels(&self, loss: Option<&Loss>) -> Result<Labels, StageError> {
        let delay = self.case.project.plan.retrain.label_delay.0;
        let all = &self.case.traffic.rows;
        let all = &all[all.len().saturating_sub(NEWEST)..];
        let mut labels = labels::labels(all, Timestamp(self.now.0 - delay))?;
        if loss.is_none() {
            let reference = self.case.reference;
            let spread = stats::sum::variance(&reference.losses).sqrt();
            // one-sided 5%, power 80%: METHODS' n = ((z + z) sd / tolerance)²
            let needed =
                ((1.645 + 0.842) * spread / reference.tolerance.max(f64::MIN_POSITIVE)).powi(2).ceil();
            let needed = needed.clamp(LEAST_LABELS as f64, 1e9) as u64;
            labels.missing = Some(needed.saturating_sub(labels.known).max(1));
        }
        Ok(labels)
    }

    /// The loss with its parts, and the columns that moved with what each of them costs.
    fn loss(
        &self,
        comparison: &Comparison,
        together: Option<&Together>,
    ) -> Result<(Option<Loss>, Vec<ColumnDrift>), StageError> {
        let mut moved: Vec<_> = comparison.moved().map(|c| c.drift.clone()).collect();
        let plan = &self.case.project.plan;
        let back = Timestamp(self.now.0.saturating_sub(plan.watch.window.0 + plan.retrain.label_delay.0));
        let course = self.course()?;
        let known = |from: Timestamp| -> Vec<&Asked> {
            self.case.traffic.since(from).iter().filter(|r| r.truth.is_some()).collect()
        };
        // once the loss has risen, what came before speaks of another time
        let since = course.since.map(|since| known(since.max(back))).filter(|k| k.len() >= LEAST_LABELS);
        let known = since.unwrap_or_else(|| known(back));
        if known.len() < LEAST_LABELS {
            return Ok((None, moved));
        }
        let known: Vec<&Asked> = sample(&known, SAMPLE, self.seed()).into_iter().copied().collect();
        let (rows, answers) = (self.inputs(&known), self.logged(&known));
        let losses = self.losses(&known)?;
        let live = loss::Lost { rows: &rows, answers: &answers, losses: &losses };
        let reference = self.case.reference;
        let before =
            loss::Lost { rows: &reference.rows, answers: &reference.answers, losses: &reference.losses };
        let expected = &reference.expected;
        let parts = expected.parts(&before, &live, together)?;
        for column in moved.iter_mut().take(PUT_BACK) {
            let answer = |rows: &Table| self.case.version.answer(rows);
            column.loss = expected.of_column(&column.column, &before, &live, &answer)?;
        }
        Ok((Some(self.told(&losses, parts, &course)), moved))
    }

    fn told(&self, losses: &[f64], parts: loss::Parts, course: &loss::Course) -> Loss {
        let reference = self.case.reference;
        Loss {
            metric: reference::loss_of(self.case.project).into(),
            reference: loss::estimate(&reference.losses),
            live: loss::estimate(losses),
            worse: parts.worse,
            inputs: parts.inputs,
            relation: parts.relation,
            unseen: parts.unseen,
            tolerance: reference.tolerance,
            since: course.since,
            from_start: course.from_start,
            alarmed: course.alarmed,
        }
    }

    /// The loss over the whole deployment: when it rose, whether it was high from the start, and when harm was sure.
    fn course(&self) -> Result<loss::Course, StageError> {
        let all = self.case.traffic.rows.iter().filter(|row| row.truth.is_some());
        let all: Vec<&Asked> = all.collect();
        let all = &all[all.len().saturating_sub(NEWEST)..];
        let at: Vec<Timestamp> = all.iter().map(|row| row.at).collect();
        let reference = self.case.reference;
        let delta = self.case.project.plan.watch.delta;
        loss::Course::of(&self.losses(all)?, &at, &reference.losses, reference.tolerance, delta)
    }

    /// What was lost on rows whose outcome is known.
    fn losses(&self, rows: &[&Asked]) -> Result<Vec<f64>, StageError> {
        let row = |row: &&Asked| live::LiveRow {
            prediction: row.id,
            at: row.at,
            version: None,
            input: serde_json::Map::new(),
            output: Vec::new(),
            truth: row.truth.clone().unwrap_or_default(),
            source: domain::Source::Observed,
        };
        let known: Vec<live::LiveRow> = rows.iter().map(row).collect();
        let target =
            live::target(&known.iter().collect::<Vec<_>>(), &self.case.version.model.signature().output)?;
        crate::score::losses(reference::loss_of(self.case.project), &self.logged(rows), &target)
    }
}
