//! Early stopping: the validation loss round by round, and when to stop waiting for it to fall.

use super::boost::{PIECE, Part};
use super::error::TreesError;
use super::forest::Tree;
use super::objective::Objective;
use rayon::prelude::*;

/// The validation part and how the forest so far does on it.
pub(super) struct Watch<'a> {
    part: Part<'a>,
    weight: Vec<f64>,
    objective: Objective,
    patience: usize,
    /// The raw answers, row by row; empty before the first round.
    raw: Vec<f64>,
    history: Vec<f64>,
}

impl<'a> Watch<'a> {
    /// Watches a part that must look like the one trained on.
    pub(super) fn new(
        part: Part<'a>,
        train: &Part<'_>,
        objective: Objective,
        patience: usize,
    ) -> Result<Watch<'a>, TreesError> {
        let weight = part.check(objective, "validation: ")?;
        let (found, expected) = (part.matrix.columns(), train.matrix.columns());
        if found != expected {
            return Err(TreesError::Length { what: "validation: a row".into(), found, expected });
        }
        Ok(Watch { part, weight, objective, patience, raw: Vec::new(), history: Vec::new() })
    }

    /// Adds a round's trees and says whether there should be another round.
    pub(super) fn goes_on(&mut self, trees: &[Tree], base: &[f32]) -> bool {
        let outputs = base.len();
        if self.raw.is_empty() {
            self.raw = base.iter().map(|&b| f64::from(b)).cycle().take(self.part.target.len()).collect();
        }
        let (part, weight, objective) = (self.part, &self.weight, self.objective);
        let piece_loss = |(piece, raw): (usize, &mut [f64])| {
            let mut loss = 0.0;
            for (i, raw) in raw.chunks_mut(outputs).enumerate() {
                let row = piece * PIECE + i;
                let value = |tree: &Tree| f64::from(tree.value(|column| part.matrix.get(row, column)));
                raw.iter_mut().zip(trees).for_each(|(raw, tree)| *raw += value(tree));
                let mut answers = raw.to_vec();
                objective.answer(&mut answers);
                loss += weight[row] * objective.loss(&answers, &part.target[row * outputs..][..outputs]);
            }
            loss
        };
        // The pieces are as long on any number of threads, and are added in order.
        let losses: Vec<f64> = self.raw.par_chunks_mut(PIECE * outputs).enumerate().map(piece_loss).collect();
        self.history.push(losses.iter().sum::<f64>() / weight.iter().sum::<f64>());
        self.history.len() - self.best_rounds() < self.patience
    }

    /// After how many rounds the loss was lowest.
    pub(super) fn best_rounds(&self) -> usize {
        let best = self.history.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(round, _)| round + 1)
    }

    /// The loss after each round.
    pub(super) fn into_history(self) -> Vec<f64> {
        self.history
    }
}
