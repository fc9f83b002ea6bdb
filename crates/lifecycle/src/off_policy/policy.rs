//! The target policy: for each context of the log the probability of every action.
//!
//! Uniform, read from a table, or read from the target's own log. Invariant: the probabilities of a context
//! sum to 1, over the actions of the log and those that only the target takes.

mod logged;

use super::Target;
use super::columns::{Columns, PROBABILITIES};
use super::log::{self, Coding, Log};
use crate::StageError;
use crate::choice::Choice;
use crate::sheet::Sheet;
use domain::Column;

/// The probability of each action in each context.
#[derive(Debug)]
pub(super) struct Policy {
    /// By context, then by action.
    pub probability: Vec<Vec<f64>>,
    /// Where they come from, in words.
    pub words: Vec<String>,
    /// The rewards of the target's own log.
    pub observed: Option<Vec<f64>>,
}

/// Contexts times actions beyond this would not fit into memory comfortably.
const MOST_CELLS: usize = 20_000_000;
/// How far the probabilities of a context may be from summing to 1.
const ROUNDING: f64 = 1e-3;

/// Reads or makes the target.
pub(super) fn policy(
    target: &Target,
    sheet: &Sheet,
    columns: &Columns,
    log: &Log,
    coding: &mut Coding,
) -> Result<Policy, StageError> {
    let known = coding.contexts.names().len();
    let found = match target {
        Target::Uniform => uniform(sheet, coding)?,
        Target::Sheet(own) if own.table.column(&columns.reward.column).is_some() => {
            logged::from_log(own, columns, coding)?
        }
        Target::Sheet(table) => from_table(table, columns, coding)?,
    };
    if let Some(absent) = (0..known).find(|&x| found.probability.get(x).is_none_or(Vec::is_empty)) {
        let Target::Sheet(own) = target else { return Ok(found) };
        let words = context_words(&coding.contexts.names()[absent]);
        let rows = log.decisions(coding.contexts.names().len())[absent];
        let what = format!("nothing is said about {words}, which {rows} decisions of {} have", sheet.file);
        return Err(own.error(what, "name fewer columns with --context, or give the policy there as well"));
    }
    Ok(found)
}

fn context_words(name: &str) -> String {
    if name.is_empty() { "any decision".into() } else { format!("the context {name}") }
}

fn room(sheet: &Sheet, coding: &Coding) -> Result<(usize, usize), StageError> {
    let (contexts, actions) = (coding.contexts.names().len(), coding.actions.names().len());
    if contexts.saturating_mul(actions) > MOST_CELLS {
        let found = format!("{contexts} contexts with {actions} actions each are too many");
        return Err(sheet.error(found, "name fewer columns with --context"));
    }
    Ok((contexts, actions))
}

fn uniform(sheet: &Sheet, coding: &Coding) -> Result<Policy, StageError> {
    let (contexts, actions) = room(sheet, coding)?;
    let probability = vec![vec![1.0 / actions as f64; actions]; contexts];
    let words = vec![format!("uniform: each of the {actions} actions of the log with the same probability")];
    Ok(Policy { probability, words, observed: None })
}

/// A table of context, action, probability. Without any of the context's columns it holds for every context.
fn from_table(table: &Sheet, columns: &Columns, coding: &mut Coding) -> Result<Policy, StageError> {
    let has = |name: &str| table.table.column(name).is_some();
    let action = if has(&columns.action.column) { &columns.action.column } else { "action" };
    let action = Choice::named(table, Some(action), "--target")?.expect("it was named");
    let number = |c: &Column| c.values.kind() == domain::Kind::Number && c.name != action.column;
    let probability = Choice::by_name(table, &PROBABILITIES, "probabilities", number);
    let none = || {
        let found = "no column looks like the probability of the action, and none is the reward";
        table.error(found, "give a table of context, action, probability; or a log with the same columns")
    };
    let probability = probability.ok_or_else(none)?;
    let everywhere = !columns.context.iter().any(|c| has(&c.column));
    let context = if everywhere { &[] } else { columns.context.as_slice() };
    let said =
        log::numbers(table, &probability, "--target", "a number in [0, 1]", |p| (0.0..=1.0).contains(&p))?;
    let actions = log::texts(table, &action, "--target")?;
    let rows = log::contexts(table, context)?.into_iter().zip(actions).zip(said);
    let known = coding.contexts.names().len();
    let mut cells = Vec::new();
    for ((context, action), p) in rows {
        let action = coding.actions.number(&action);
        let places = if everywhere { 0..known } else { one(coding.contexts.number(&context)) };
        cells.extend(places.map(|x| (x, action, p)));
    }
    let words = vec![format!("read from {}: `{}` of each action", table.file, probability.column)];
    Ok(Policy { probability: summed(table, cells, coding)?, words, observed: None })
}

fn one(place: usize) -> std::ops::Range<usize> {
    place..place + 1
}

/// Every cell once, every context summing to 1.
fn summed(
    table: &Sheet,
    cells: Vec<(usize, usize, f64)>,
    coding: &Coding,
) -> Result<Vec<Vec<f64>>, StageError> {
    let (contexts, actions) = room(table, coding)?;
    let mut probability = vec![Vec::new(); contexts];
    for (x, a, p) in cells {
        let row: &mut Vec<f64> = &mut probability[x];
        row.resize(actions, f64::NAN);
        if !row[a].is_nan() {
            let words = context_words(&coding.contexts.names()[x]);
            let found = format!("action {} stands twice for {words}", coding.actions.names()[a]);
            return Err(table.error(found, "give every action once for each context"));
        }
        row[a] = p;
    }
    for (row, name) in probability.iter_mut().zip(coding.contexts.names()) {
        row.iter_mut().filter(|p| p.is_nan()).for_each(|p| *p = 0.0);
        let total: f64 = row.iter().sum();
        if !row.is_empty() && (total - 1.0).abs() > ROUNDING {
            let found = format!("the probabilities for {} sum to {total}, expected 1", context_words(name));
            return Err(table.error(found, "an action that is left out has probability 0"));
        }
        row.iter_mut().for_each(|p| *p /= total);
    }
    Ok(probability)
}

impl Policy {
    /// The probability of each logged action.
    pub fn of_logged(&self, log: &Log) -> Vec<f64> {
        log.context.iter().zip(&log.action).map(|(&x, &a)| self.probability[x][a]).collect()
    }

    /// The share of the probability on actions that the log never took in their context.
    pub fn uncovered(&self, log: &Log) -> f64 {
        let decisions = log.decisions(self.probability.len());
        let of = |(x, row): (usize, &Vec<f64>)| {
            let missed = (0..row.len()).filter(|&a| log.taken(x, a) == 0).map(|a| row[a]);
            missed.fold(0.0, |sum, p| sum + p) * decisions[x] as f64
        };
        self.probability.iter().enumerate().map(of).fold(0.0, |sum, x| sum + x) / log.reward.len() as f64
    }
}
