//! The reward model behind DR: smoothed means by context and action, cross-fitted.
//!
//! A cell's mean is drawn towards its action's, and that towards the overall mean, each as if a few
//! decisions of the wider group had been seen in it; so a cell with no decision at all has an answer.
//! Folds are blocks of consecutive decisions, since neighbours in a log often belong together.

use super::log::{Coding, Log};
use super::policy::Policy;

/// How many blocks.
const FOLDS: usize = 5;
/// How many decisions the wider group counts for.
const WEIGHT: f64 = 20.0;

/// For every decision what is expected of its action, and of the target in its context, by a model that was
/// fitted on the other blocks.
pub(super) fn cross_fitted(log: &Log, coding: &Coding, policy: &Policy) -> (Vec<f64>, Vec<f64>) {
    let rows = log.reward.len();
    let folds = FOLDS.min(rows);
    let (mut logged, mut target) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for fold in 0..folds {
        let held_out = fold * rows / folds..(fold + 1) * rows / folds;
        let means = Means::fitted(log, coding, (0..rows).filter(|row| !held_out.contains(row)));
        let mut of_context = vec![None; coding.contexts.names().len()];
        for row in held_out {
            let (x, a) = (log.context[row], log.action[row]);
            logged.push(means.expected(x, a));
            let expected = || {
                let each = policy.probability[x].iter().enumerate();
                each.map(|(a, p)| if *p > 0.0 { p * means.expected(x, a) } else { 0.0 }).sum::<f64>()
            };
            target.push(*of_context[x].get_or_insert_with(expected));
        }
    }
    (logged, target)
}

/// Decisions and their total reward.
type Tally = (f64, f64);

struct Means {
    overall: f64,
    actions: Vec<Tally>,
    cells: std::collections::HashMap<(usize, usize), Tally>,
}

impl Means {
    fn fitted(log: &Log, coding: &Coding, rows: impl Iterator<Item = usize>) -> Means {
        let mut actions = vec![(0.0, 0.0); coding.actions.names().len()];
        let mut cells = std::collections::HashMap::new();
        let (mut count, mut total) = (0.0, 0.0);
        for row in rows {
            let (x, a, r) = (log.context[row], log.action[row], log.reward[row]);
            for tally in [&mut actions[a], cells.entry((x, a)).or_insert((0.0, 0.0))] {
                *tally = (tally.0 + 1.0, tally.1 + r);
            }
            (count, total) = (count + 1.0, total + r);
        }
        Means { overall: total / f64::max(count, 1.0), actions, cells }
    }

    fn expected(&self, context: usize, action: usize) -> f64 {
        let towards = |(count, total): Tally, wider: f64| (total + WEIGHT * wider) / (count + WEIGHT);
        let of_action = towards(self.actions[action], self.overall);
        towards(self.cells.get(&(context, action)).copied().unwrap_or((0.0, 0.0)), of_action)
    }
}
