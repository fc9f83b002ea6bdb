//! Why production disappoints: runs every check, in the order from exact to statistical, and asks the rule.
//!
//! Each check is a file of its own and knows nothing of the others. Not here: which cause follows from what was found
//! ([`domain::diagnosis`]).

mod answers;
mod behaviour;
mod fingerprint;
mod labels;
mod loss;
pub mod reference;
pub mod simulate;
pub mod traffic;
mod transform;
mod without_labels;

pub use reference::Reference;
pub use traffic::{Asked, Traffic};
pub use transform::{Program, Transform};
pub use without_labels::WithoutLabels;

use crate::drift::{self, Comparison, Pair, Profile, Side, Together};
use crate::live;
use crate::version::Version;
use crate::{Project, StageError};
use domain::diagnosis::{Change, Diagnosis, Exact, Facts, Labels, Loss, Replay, diagnose};
use domain::drift::DriftRules;
use domain::{Event, Outputs, Table, Timestamp};
use fingerprint::{Around, mismatch};
pub(crate) use traffic::places;
use traffic::sample;

/// The newest rows of the window that are looked at, in a row.
const NEWEST: usize = 20_000;
/// Rows of either side that a classifier is trained on, and rows whose loss is taken apart.
const SAMPLE: usize = 2000;
/// Fewer known outcomes tell nothing of the loss.
const LEAST_LABELS: usize = 100;
/// Rows after a sudden move that are enough to be looked at alone.
const LEAST_AFTER: usize = 300;
/// Columns whose share of the loss is estimated.
const PUT_BACK: usize = 10;

/// What is diagnosed.
pub struct Case<'a> {
    /// The project.
    pub project: &'a Project,
    /// The version that serves.
    pub version: &'a Version,
    /// What it is measured by.
    pub reference: &'a Reference,
    /// What it answered.
    pub traffic: &'a Traffic,
    /// What recomputes its inputs.
    pub transform: Option<&'a dyn Transform>,
    /// What the business counts, before and now.
    pub kpi: Option<Change>,
}

/// What was found.
pub struct Found {
    /// What the rule was given.
    pub facts: Facts,
    /// What it said.
    pub diagnosis: Diagnosis,
    /// Every column, with pictures.
    pub comparison: Comparison,
    /// What the quality would be by what is known without labels; nothing rests on it.
    pub without_labels: Vec<WithoutLabels>,
}

impl Found {
    /// The event that records it.
    pub fn event(&self, project: &Project) -> Event {
        let rules = serde_json::to_value(&project.plan.watch).expect("a plan section is plain data");
        Event::Diagnosed { facts: Box::new(self.facts.clone()), rules, diagnosis: self.diagnosis.clone() }
    }
}

/// Runs every check; `None` where the version has not answered yet.
pub fn run(case: &Case<'_>) -> Result<Option<Found>, StageError> {
    let Some(now) = case.traffic.now.or_else(|| case.traffic.rows.last().map(|row| row.at)) else {
        return Ok(None);
    };
    let window = case.traffic.since(Timestamp(now.0.saturating_sub(case.project.plan.watch.window.0)));
    let newest = &window[window.len().saturating_sub(NEWEST)..];
    let (Some(first), Some(last)) = (newest.first(), newest.last()) else { return Ok(None) };
    let looked = Looked { case, rows: newest, now };
    let (comparison, together) = looked.comparison(first.at, last.at)?;
    // what came before a column moved is not what is now
    let later = looked.since(&comparison)?;
    let (looked, (comparison, together)) = match later {
        Some(later) => {
            let found = later.comparison(later.rows[0].at, last.at)?;
            (later, found)
        }
        None => (looked, (comparison, together)),
    };
    let facts = looked.facts(&comparison, together.as_ref())?;
    let diagnosis = diagnose(&case.project.plan.watch, &facts);
    let without_labels = looked.without_labels(together.as_ref())?;
    Ok(Some(Found { facts, diagnosis, comparison, without_labels }))
}

/// The rows that are looked at.
struct Looked<'a> {
    case: &'a Case<'a>,
    rows: &'a [Asked],
    now: Timestamp,
}

impl<'a> Looked<'a> {
    /// The rows since the columns that moved began to, where that was at once and enough came after it.
    fn since(&self, comparison: &Comparison) -> Result<Option<Looked<'a>>, StageError> {
        let all: Vec<&Asked> = self.rows.iter().collect();
        let current = self.inputs(&all);
        let at: Vec<Timestamp> = self.rows.iter().map(|row| row.at).collect();
        let pairs = self.pairs(&current)?;
        let began = comparison.moved().filter_map(|moved| {
            let (name, before, now) = pairs.iter().find(|pair| pair.0 == moved.drift.column)?;
            drift::onset(current.column(name)?, before, now, &at)
        });
        let Some(began) = began.max() else { return Ok(None) };
        let rows = &self.rows[self.rows.partition_point(|row| row.at < began)..];
        Ok((rows.len() >= LEAST_AFTER).then_some(Looked { case: self.case, rows, now: self.now }))
    }

    fn seed(&self) -> u64 {
        self.case.project.plan.train.seed
    }

    /// Raw rows with the model's columns.
    fn inputs(&self, rows: &[&Asked]) -> Table {
        let cells: Vec<_> = rows.iter().map(|row| &row.input).collect();
        live::table(&cells, &self.case.version.model.signature().inputs)
    }

    /// Who each row is about, where the plan says which column tells.
    fn entities(&self, rows: &[&Asked]) -> Option<Vec<u64>> {
        let data = &self.case.project.plan.data;
        let name = data.entity.as_deref().or(data.series.as_deref())?;
        let own = |row: &&Asked| row.input.get(name).map(ToString::to_string).unwrap_or_default();
        Some(rows.iter().map(|row| store::digest::hash64(&own(row))).collect())
    }

    fn logged(&self, rows: &[&Asked]) -> Outputs {
        let kind = self.case.version.model.signature().output.clone();
        Outputs { kind, values: rows.iter().flat_map(|row| row.output.iter().copied()).collect() }
    }

    fn comparison(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Comparison, Option<Together>), StageError> {
        let reference = self.case.reference;
        let all: Vec<&Asked> = self.rows.iter().collect();
        let current = self.inputs(&all);
        let rules = &self.case.project.plan.watch;
        let pairs = self.pairs(&current)?;
        let mut columns = drift::compare(&pairs, DriftRules { effect: rules.effect, alpha: rules.alpha })?;
        let worth: std::collections::BTreeMap<&str, f64> = (reference.rows.columns().iter())
            .zip(&reference.importance)
            .map(|(column, worth)| (column.name.as_str(), *worth))
            .collect();
        for column in &mut columns {
            column.drift.importance = worth.get(column.drift.column.as_str()).copied();
        }
        drift::sort(&mut columns);
        let seed = self.seed();
        let some = |table: &Table| table.take(&places(table.rows(), SAMPLE, seed));
        let together = drift::together(&some(&reference.rows), &some(&current), seed)?;
        let side = |name: &str, rows: usize, span: Option<(Timestamp, Timestamp)>| Side {
            name: name.into(),
            rows: rows as u64,
            from: span.map(|s| s.0),
            to: span.map(|s| s.1),
        };
        let comparison = Comparison {
            reference: side(&reference.how, reference.rows.rows(), None),
            current: side("live", self.rows.len(), Some((from, to))),
            columns,
            left_out: Vec::new(),
            faults: self.faults(&pairs, &current)?,
            told_apart: together.as_ref().map(|t| t.told.clone()),
        };
        Ok((comparison, together))
    }

    fn pairs(&self, current: &Table) -> Result<Vec<Pair>, StageError> {
        let reference = self.case.reference;
        let entity = self.entities(&self.rows.iter().collect::<Vec<_>>());
        let pair = |(column, before): (&domain::Column, &Profile)| {
            let now = current.column(&column.name).expect("both are of the model's columns");
            Ok((
                column.name.clone(),
                before.clone(),
                reference::profile(now, Some(before), entity.as_deref())?,
            ))
        };
        reference.rows.columns().iter().zip(&reference.profiles).map(pair).collect()
    }

    /// What is broken, each with the moment it began, looked for in everything that the version answered.
    fn faults(
        &self,
        pairs: &[Pair],
        current: &Table,
    ) -> Result<Vec<domain::diagnosis::DataFault>, StageError> {
        let mut found = drift::faults(pairs);
        found.extend(drift::repeated(&self.case.reference.rows, current));
        if !found.is_empty() {
            let all = &self.case.traffic.rows;
            let all: Vec<&Asked> = all[all.len().saturating_sub(NEWEST)..].iter().collect();
            let (rows, at) = (self.inputs(&all), all.iter().map(|row| row.at).collect::<Vec<_>>());
            let before = |name: &str| pairs.iter().find(|p| p.0 == name).or(pairs.first()).map(|p| &p.1);
            let date = |fault: &domain::diagnosis::DataFault| match before(&fault.column) {
                Some(before) => drift::dated(fault, before, &rows, &at),
                None => fault.clone(),
            };
            found = found.iter().map(date).collect();
        }
        found.extend(self.silent());
        Ok(found)
    }

    /// Nothing asked for longer than the plan allows.
    fn silent(&self) -> Option<domain::diagnosis::DataFault> {
        use domain::diagnosis::{DataFault, FaultKind};
        let (fresh, last) = (self.case.project.plan.watch.fresh.0, self.rows.last()?.at);
        let quiet = self.now.0 - last.0;
        let kind = FaultKind::Silent { hours: quiet as f64 / domain::time::HOUR as f64 };
        let fault =
            DataFault { column: String::new(), kind, before: 0.0, now: 1.0, since: Some(last), step: true };
        (fresh > 0 && quiet > fresh).then_some(fault)
    }

    fn facts(&self, comparison: &Comparison, together: Option<&Together>) -> Result<Facts, StageError> {
        let (version, project) = (self.case.version, self.case.project);
        let count = project.plan.watch.replay_rows;
        let newest: Vec<&Asked> = self.rows[self.rows.len().saturating_sub(count)..].iter().collect();
        let rows = self.inputs(&newest);
        let (logged, answered) = (self.logged(&newest), version.answer(&rows)?);
        let exact = answers::compare(&logged, &answered);
        let answer_fault =
            if exact.broken() { answers::fault(&logged, &answered, &self.others(&rows)?) } else { None };
        let few: Vec<usize> = (0..rows.rows().min(200)).collect();
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

    fn without_labels(&self, together: Option<&Together>) -> Result<Vec<WithoutLabels>, StageError> {
        let all: Vec<&Asked> = self.rows.iter().collect();
        let some: Vec<&Asked> = sample(&all, SAMPLE, self.seed()).into_iter().copied().collect();
        let (rows, answers) = (self.inputs(&some), self.logged(&some));
        let served = without_labels::Served { rows: &rows, answers: &answers };
        without_labels::estimates(self.case.project, self.case.reference, &served, together, self.seed())
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
    ) -> Result<(Option<Loss>, Vec<domain::drift::ColumnDrift>), StageError> {
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
        let expected = loss::Expected::learn(&before, self.seed())?;
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
            at: row.at,
            version: None,
            input: serde_json::Map::new(),
            output: Vec::new(),
            truth: row.truth.clone().unwrap_or_default(),
        };
        let known: Vec<live::LiveRow> = rows.iter().map(row).collect();
        let target =
            live::target(&known.iter().collect::<Vec<_>>(), &self.case.version.model.signature().output)?;
        crate::score::losses(reference::loss_of(self.case.project), &self.logged(rows), &target)
    }
}

/// The answers of these rows.
pub(crate) fn taken(outputs: &Outputs, rows: &[usize]) -> Outputs {
    let values = rows.iter().flat_map(|&row| outputs.row(row)).copied().collect();
    Outputs { kind: outputs.kind.clone(), values }
}
