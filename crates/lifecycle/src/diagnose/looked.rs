//! The rows that are looked at, beside the reference: columns, faults, all together.

use super::reference::profile;
use super::traffic::{Asked, places};
use super::{Case, NEWEST, SAMPLE};
use crate::drift::{self, Compared, Comparison, Pair, Profile, Side, Together};
use crate::{StageError, live};
use domain::diagnosis::{DataFault, FaultKind};
use domain::drift::DriftRules;
use domain::time::HOUR;
use domain::{Column, Outputs, Table, Timestamp};
use std::collections::BTreeMap;

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
    /// The same rows with the model's columns.
    inputs: Table,
    pairs: Vec<Pair>,
}

impl<'a> Looked<'a> {
    /// These rows, at least one of them, summed up column by column.
    pub fn at(case: &'a Case<'a>, rows: &'a [Asked], now: Timestamp) -> Result<Looked<'a>, StageError> {
        let mut looked = Looked { case, rows, now, inputs: Table::default(), pairs: Vec::new() };
        let all: Vec<&Asked> = rows.iter().collect();
        looked.inputs = looked.inputs(&all);
        let entity = looked.entities(&all);
        let pair = |(column, before): (&Column, &Profile)| {
            let now = looked.inputs.column(&column.name).expect("both are of the model's columns");
            Ok((column.name.clone(), before.clone(), profile(now, Some(before), entity.as_deref())?))
        };
        let reference = case.reference;
        let pairs = reference.rows.columns().iter().zip(&reference.profiles).map(pair);
        looked.pairs = pairs.collect::<Result<_, StageError>>()?;
        Ok(looked)
    }

    /// The rows since the columns that moved began to, where that was at once and enough came after it.
    pub fn since(&self, columns: &[Compared]) -> Result<Option<Looked<'a>>, StageError> {
        let at: Vec<Timestamp> = self.rows.iter().map(|row| row.at).collect();
        let began = columns.iter().filter(|c| c.drift.moved).filter_map(|moved| {
            let (name, before, now) = self.pairs.iter().find(|pair| pair.0 == moved.drift.column)?;
            drift::onset(self.inputs.column(name)?, before, now, &at)
        });
        let Some(began) = began.max() else { return Ok(None) };
        let rows = &self.rows[self.rows.partition_point(|row| row.at < began)..];
        match rows.len() >= LEAST_AFTER {
            true => Looked::at(self.case, rows, self.now).map(Some),
            false => Ok(None),
        }
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

    /// Every column beside the reference's, with what it is worth to the model; those that moved first.
    pub fn columns(&self) -> Result<Vec<Compared>, StageError> {
        let reference = self.case.reference;
        let mut columns = drift::compare(&self.pairs, self.rules())?;
        let worth: BTreeMap<&str, f64> = (reference.rows.columns().iter())
            .zip(&reference.importance)
            .map(|(column, worth)| (column.name.as_str(), *worth))
            .collect();
        for column in &mut columns {
            column.drift.importance = worth.get(column.drift.column.as_str()).copied();
        }
        drift::sort(&mut columns);
        Ok(columns)
    }

    /// Whether all columns together moved.
    pub fn together(&self) -> Result<Option<Together>, StageError> {
        let some = |table: &Table| table.take(&places(table.rows(), SAMPLE, self.seed()));
        drift::together(&some(&self.case.reference.rows), &some(&self.inputs), self.seed())
    }

    /// All of it, with what is broken.
    pub fn comparison(
        &self,
        columns: Vec<Compared>,
        together: Option<&Together>,
    ) -> Result<Comparison, StageError> {
        let reference = self.case.reference;
        let side =
            |name: &str, rows: usize, from, to| Side { name: name.into(), rows: rows as u64, from, to };
        let (from, to) = (self.rows.first().map(|row| row.at), self.rows.last().map(|row| row.at));
        Ok(Comparison {
            rules: self.rules(),
            reference: side(&reference.how, reference.rows.rows(), None, None),
            current: side("live", self.rows.len(), from, to),
            columns,
            left_out: Vec::new(),
            faults: self.faults()?,
            told_apart: together.map(|t| t.told.clone()),
        })
    }

    fn rules(&self) -> DriftRules {
        let watch = &self.case.project.plan.watch;
        DriftRules { effect: watch.effect, alpha: watch.alpha }
    }

    /// What is broken, each with the moment it began, looked for in everything that the version answered.
    fn faults(&self) -> Result<Vec<DataFault>, StageError> {
        let mut found = drift::faults(&self.pairs);
        found.extend(drift::repeated(&self.case.reference.rows, &self.inputs));
        if !found.is_empty() {
            let all = &self.case.traffic.rows;
            let all: Vec<&Asked> = all[all.len().saturating_sub(NEWEST)..].iter().collect();
            let (rows, at) = (self.inputs(&all), all.iter().map(|row| row.at).collect::<Vec<_>>());
            let before = |name: &str| {
                let own = self.pairs.iter().find(|pair| pair.0 == name);
                own.or(self.pairs.first()).map(|pair| &pair.1)
            };
            let date = |fault: &DataFault| match before(&fault.column) {
                Some(before) => drift::dated(fault, before, &rows, &at),
                None => fault.clone(),
            };
            found = found.iter().map(date).collect();
        }
        found.extend(self.silent());
        Ok(found)
    }

    /// Nothing asked for longer than the plan allows.
    fn silent(&self) -> Option<DataFault> {
        let (fresh, last) = (self.case.project.plan.watch.fresh.0, self.rows.last()?.at);
        let quiet = self.now.0 - last.0;
        let kind = FaultKind::Silent { hours: quiet as f64 / HOUR as f64 };
        let fault =
            DataFault { column: String::new(), kind, before: 0.0, now: 1.0, since: Some(last), step: true };
        (fresh > 0 && quiet > fresh).then_some(fault)
    }
}
