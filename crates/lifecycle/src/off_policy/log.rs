//! A log of decisions as columns of numbers, with contexts and actions numbered.
//!
//! Invariant: every decision has a context, an action, a finite reward and a propensity in (0, 1].

use super::columns::Columns;
use crate::StageError;
use crate::choice::Choice;
use crate::sheet::{Sheet, cell};
use domain::Values;
use std::collections::HashMap;

/// Names and their numbers, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbered {
    names: Vec<String>,
    place: HashMap<String, usize>,
}

/// The numbers of contexts and actions, common to a log and the table of its target.
#[derive(Debug, Clone, Default)]
pub(super) struct Coding {
    pub contexts: Numbered,
    pub actions: Numbered,
}

/// One entry a decision.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub context: Vec<usize>,
    pub action: Vec<usize>,
    pub propensity: Vec<f64>,
    pub reward: Vec<f64>,
    /// How often each action was taken in each context.
    taken: HashMap<(usize, usize), u64>,
}

/// Reads a log, numbering what is new.
pub(super) fn read(sheet: &Sheet, columns: &Columns, coding: &mut Coding) -> Result<Log, StageError> {
    let propensity =
        numbers(sheet, &columns.propensity, "--propensity", "a number above 0 and at most 1", |p| {
            p > 0.0 && p <= 1.0
        })?;
    let reward = numbers(sheet, &columns.reward, "--reward", "a number", f64::is_finite)?;
    if reward.len() < 2 {
        return Err(sheet.error("one decision is no log", "two or more make an estimate"));
    }
    let context =
        contexts(sheet, &columns.context)?.iter().map(|c| coding.contexts.number(c)).collect::<Vec<_>>();
    let action = texts(sheet, &columns.action, "--action")?;
    let action = action.iter().map(|a| coding.actions.number(a)).collect::<Vec<_>>();
    let mut taken = HashMap::new();
    context.iter().zip(&action).for_each(|(&x, &a)| *taken.entry((x, a)).or_insert(0) += 1);
    Ok(Log { context, action, propensity, reward, taken })
}

/// A row's context in words, `position=1, segment=new`; empty where no column is one.
pub(super) fn contexts(sheet: &Sheet, columns: &[Choice]) -> Result<Vec<String>, StageError> {
    let mut words = vec![String::new(); sheet.rows()];
    for choice in columns {
        for (word, text) in words.iter_mut().zip(texts(sheet, choice, "--context")?) {
            let comma = if word.is_empty() { "" } else { ", " };
            word.push_str(&format!("{comma}{}={text}", choice.column));
        }
    }
    Ok(words)
}

/// A column's cells as text, none missing.
pub(super) fn texts(sheet: &Sheet, choice: &Choice, option: &str) -> Result<Vec<String>, StageError> {
    let column = sheet.column(&choice.column, option)?;
    let text = |row: usize| {
        let missing = || {
            let found = format!("row {}, column {}: nothing, expected a name", sheet.row(row), column.name);
            sheet.error(found, "every decision needs one; leave the row out or fill it in")
        };
        cell(&column.values, row).ok_or_else(missing)
    };
    (0..sheet.rows()).map(text).collect()
}

/// A column's cells as numbers that pass, none missing.
pub(super) fn numbers(
    sheet: &Sheet,
    choice: &Choice,
    option: &str,
    expected: &str,
    good: impl Fn(f64) -> bool,
) -> Result<Vec<f64>, StageError> {
    let column = sheet.column(&choice.column, option)?;
    let Values::Number(values) = &column.values else {
        let found = format!("column {} holds {}, expected numbers", column.name, column.values.kind());
        return Err(sheet.error(found, format!("name another column with {option}")));
    };
    match values.iter().position(|&v| !good(v)) {
        None => Ok(values.clone()),
        Some(row) => {
            let found = cell(&column.values, row).unwrap_or_else(|| "nothing".into());
            let found =
                format!("row {}, column {}: found {found}, expected {expected}", sheet.row(row), column.name);
            Err(sheet.error(found, "every decision needs one, as it was at the moment of the decision"))
        }
    }
}

impl Numbered {
    /// The number of a name, a new one where it has none.
    pub fn number(&mut self, name: &str) -> usize {
        if let Some(&place) = self.place.get(name) {
            return place;
        }
        self.names.push(name.to_string());
        self.place.insert(name.to_string(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// The names, by number.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// The chance below which a run of equal actions was not drawn with the propensities logged.
const UNLIKELY: f64 = 0.01;

impl Log {
    /// Whether every reward lies in [0, 1].
    pub fn bounded(&self) -> bool {
        self.reward.iter().all(|r| (0.0..=1.0).contains(r))
    }

    /// How often an action was taken in a context.
    pub fn taken(&self, context: usize, action: usize) -> u64 {
        self.taken.get(&(context, action)).copied().unwrap_or(0)
    }

    /// How many decisions each context has.
    pub fn decisions(&self, contexts: usize) -> Vec<u64> {
        let mut decisions = vec![0; contexts];
        self.context.iter().for_each(|&x| decisions[x] += 1);
        decisions
    }

    /// What shows that the actions were not drawn at random, if anything does.
    pub fn deterministic(&self, coding: &Coding) -> Option<String> {
        if self.propensity.iter().all(|p| *p >= 1.0 - 1e-9) {
            return Some("every propensity is 1".into());
        }
        let contexts = coding.contexts.names().len();
        let mut actions = vec![0u32; contexts];
        self.taken.keys().for_each(|(x, _)| actions[*x] += 1);
        let mut seen = vec![false; contexts];
        let mut log_chance = 0.0;
        for (&x, p) in self.context.iter().zip(&self.propensity) {
            // The first action of a context may be any; the chance is that of the later ones being the same.
            log_chance += if std::mem::replace(&mut seen[x], true) { p.ln() } else { 0.0 };
        }
        let single = actions.iter().all(|&count| count <= 1);
        (single && log_chance < UNLIKELY.ln())
            .then(|| "every context has a single action, whatever its propensities say".into())
    }
}
