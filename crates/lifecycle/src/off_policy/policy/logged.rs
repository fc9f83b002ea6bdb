//! The policy that a log was drawn by, read from its propensities, or from its actions where it moved.
//!
//! Where each action of a context always had one propensity, that is its probability. Where it varies, the
//! mean of the logged propensities is no estimate of what the policy took: an action is logged most often
//! when it was likely. How often it was taken is.

use super::{Policy, ROUNDING, room};
use crate::StageError;
use crate::off_policy::columns::Columns;
use crate::off_policy::log::{self, Coding, Log};
use crate::sheet::Sheet;
use std::collections::BTreeMap;

/// The policy that a log was drawn by.
pub(super) fn from_log(own: &Sheet, columns: &Columns, coding: &mut Coding) -> Result<Policy, StageError> {
    let log = log::read(own, columns, coding)?;
    let (contexts, actions) = room(own, coding)?;
    let cells = cells(&log, contexts);
    let mut probability = Vec::new();
    for cell in &cells {
        probability.push(cell.steady(actions).unwrap_or_else(|| cell.frequencies(actions)));
    }
    let mut words = vec![format!("read from {}, {} decisions", own.file, log.reward.len())];
    words.extend(words_on_moving(&cells, actions));
    words.extend(words_on_the_rest(&cells, actions));
    Ok(Policy { probability, words, observed: Some(log.reward) })
}

fn words_on_moving(cells: &[Context], actions: usize) -> Vec<String> {
    let moved: Vec<&Context> = cells.iter().filter(|c| c.steady(actions).is_none()).collect();
    if moved.is_empty() {
        return Vec::new();
    }
    let most = moved.iter().map(|c| c.sum_of_means()).fold(0.0, f64::max);
    vec![
        format!(
            "in {} of {} contexts its propensities vary or do not sum to 1: it moved while it was logged, or a \
             context is missing; so what it took on average is read from how often it took each action",
            moved.len(),
            cells.len()
        ),
        format!(
            "and not from the mean of the logged propensities, which favours what was likely when it was taken: in \
             one context they sum to {most:.2}"
        ),
    ]
}

fn words_on_the_rest(cells: &[Context], actions: usize) -> Option<String> {
    let left = cells.iter().filter_map(|c| c.left_over(actions)).fold(0.0, f64::max);
    (left > ROUNDING).then(|| {
        format!(
            "actions that it never took in a context share what the others leave there, evenly (at most {:.1}%)",
            100.0 * left
        )
    })
}

/// What a log says of each action of one context.
#[derive(Debug, Clone, Default)]
struct Context {
    decisions: u64,
    /// By action: how often, and the smallest, largest and summed propensity.
    actions: BTreeMap<usize, (u64, f64, f64, f64)>,
}

/// One entry a context.
fn cells(log: &Log, contexts: usize) -> Vec<Context> {
    let mut cells = vec![Context::default(); contexts];
    for ((&x, &a), &p) in log.context.iter().zip(&log.action).zip(&log.propensity) {
        let context = &mut cells[x];
        context.decisions += 1;
        let (count, low, high, sum) = context.actions.entry(a).or_insert((0, p, p, 0.0));
        (*count, *low, *high, *sum) = (*count + 1, low.min(p), high.max(p), *sum + p);
    }
    cells
}

impl Context {
    /// The logged propensities themselves, where each action always had the same one. What they leave goes
    /// evenly to the actions that were never taken. Empty for a context that the log does not have.
    fn steady(&self, actions: usize) -> Option<Vec<f64>> {
        if self.decisions == 0 {
            return Some(Vec::new());
        }
        let left = self.left_over(actions)?;
        let others = actions - self.actions.len();
        let share = if others > 0 { left / others as f64 } else { 0.0 };
        let mut row = vec![share; actions];
        self.actions.iter().for_each(|(&a, (_, p, ..))| row[a] = *p);
        let total: f64 = row.iter().sum();
        Some(row.into_iter().map(|p| p / total).collect())
    }

    /// What the actions that were taken leave to the others; `None` where propensities vary, or sum to more
    /// than 1, or to less than 1 though every action was taken: then they are not those of this context.
    fn left_over(&self, actions: usize) -> Option<f64> {
        let steady = self.actions.values().all(|(_, low, high, _)| high - low <= 1e-6 * high);
        let left = 1.0 - self.actions.values().map(|(_, p, ..)| p).sum::<f64>();
        let whole = self.actions.len() == actions;
        (steady && left >= -ROUNDING && (!whole || left <= ROUNDING)).then_some(left.max(0.0))
    }

    fn frequencies(&self, actions: usize) -> Vec<f64> {
        let mut row = vec![0.0; actions];
        self.actions.iter().for_each(|(&a, (count, ..))| row[a] = *count as f64 / self.decisions as f64);
        row
    }

    fn sum_of_means(&self) -> f64 {
        self.actions.values().map(|(count, .., sum)| sum / *count as f64).sum()
    }
}
