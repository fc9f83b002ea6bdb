//! The rows that are looked at, beside the reference: columns, faults, all together.

use super::traffic::{Asked, places};
use super::{Case, NEWEST, SAMPLE, reference};
use crate::drift::{self, Comparison, Pair, Profile, Side, Together};
use crate::{StageError, live};
use domain::drift::DriftRules;
use domain::{Outputs, Table, Timestamp};

/// Rows after a sudden move that are enough to be looked at alone.
const LEAST_AFTER: usize = 300;

/// The rows that are looked at.
pub(super) struct Looked<'a> {
    /// What is diagnosed.
    pub case: &'a Case<'a>,
    /// The newest rows of the window, oldest first.
    pub rows: &'a [Asked],
    /// What time it is, by the rows' own clock.
    pub now: Timestamp,
}

impl<'a> Looked<'a> {
    /// The rows since the columns that moved began to, where that was at once and enough came after it.
    pub fn since(&self, comparison: &Comparison) -> Result<Option<Looked<'a>>, StageError> {
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

    /// Where all draws start.
    pub fn seed(&self) -> u64 {
        self.case.project.plan.train.seed
    }

    /// Raw rows with the model's columns.
    pub fn inputs(&self, rows: &[&Asked]) -> Table {
        let cells: Vec<_> = rows.iter().map(|row| &row.input).collect();
        live::table(&cells, &self.case.version.model.signature().inputs)
    }

    /// Who each row is about, where the plan says which column tells.
    pub fn entities(&self, rows: &[&Asked]) -> Option<Vec<u64>> {
        let data = &self.case.project.plan.data;
        let name = data.entity.as_deref().or(data.series.as_deref())?;
        let own = |row: &&Asked| row.input.get(name).map(ToString::to_string).unwrap_or_default();
        Some(rows.iter().map(|row| store::digest::hash64(&own(row))).collect())
    }

    /// The answers as they were given.
    pub fn logged(&self, rows: &[&Asked]) -> Outputs {
        let kind = self.case.version.model.signature().output.clone();
        Outputs { kind, values: rows.iter().flat_map(|row| row.output.iter().copied()).collect() }
    }

    /// Every column, what is broken, and all together, beside the reference.
    pub fn comparison(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Comparison, Option<Together>), StageError> {
        let reference = self.case.reference;
        let all: Vec<&Asked> = self.rows.iter().collect();
        let current = self.inputs(&all);
        let rules = &self.case.project.plan.watch;
        let pairs = self.pairs(&current)?;
        let rules = DriftRules { effect: rules.effect, alpha: rules.alpha };
        let mut columns = drift::compare(&pairs, rules)?;
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
            rules,
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
}
