//! The loop: rows in a new order every epoch, minibatches, pieces side by side, one step each.

use super::adam::{Adam, cycle};
use super::loss::Loss;
use super::network::{Network, Piece};
use super::product::Products;
use crate::contract::{FitError, Seed};
use rayon::prelude::*;
use stats::random;

/// Rows of a piece, whatever the number of threads, so that sums do not depend on it.
pub(super) const PIECE: usize = 32;

/// How a network is trained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    /// Times that every row is seen.
    pub epochs: usize,
    /// Rows of a step.
    pub batch: usize,
    /// The highest rate.
    pub rate: f32,
    /// How fast weights decay.
    pub decay: f32,
}

/// Rows to learn from.
pub(super) trait Rows: Sync {
    /// Appends a row's inputs; `draw` may change it as the same thing could have been seen otherwise.
    fn input(&self, row: usize, draw: u64, into: &mut Vec<f32>);
    /// What should be answered, the network's outputs wide.
    fn truth(&self, row: usize) -> &[f32];
    /// How much a row counts; 1 on average.
    fn weight(&self, row: usize) -> f32;
}

impl Schedule {
    /// Trains from the start; gives the parameters.
    pub fn train(
        &self,
        network: &Network,
        loss: Loss,
        rows: &dyn Rows,
        order: Vec<usize>,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Vec<f32>, FitError> {
        let mut parameters = network.start(seed.0);
        self.go_on((network, &mut parameters), loss, rows, order, seed, progress)?;
        Ok(parameters)
    }

    /// Trains parameters that are there.
    pub fn go_on(
        &self,
        (network, parameters): (&Network, &mut [f32]),
        loss: Loss,
        rows: &dyn Rows,
        mut order: Vec<usize>,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<(), FitError> {
        let products = Products::new();
        let mut adam = Adam::new(network.parameters(), self.decay);
        let steps = self.epochs * order.len().div_ceil(self.batch);
        let mut step = 0;
        for epoch in 0..self.epochs as u64 {
            shuffle(&mut order, seed, epoch);
            for batch in order.chunks(self.batch) {
                if !progress(step as f64 / steps as f64) {
                    return Err(FitError::Interrupted);
                }
                let draw = random::bits(seed.0, epoch + 1, step as u64);
                let gradient = gradient(&products, network, loss, parameters, rows, batch, draw);
                adam.step(parameters, &gradient, self.rate * cycle(step, steps));
                step += 1;
            }
        }
        Ok(())
    }
}

/// The mean gradient of a minibatch, its pieces side by side and summed in their order.
fn gradient(
    products: &Products,
    network: &Network,
    loss: Loss,
    parameters: &[f32],
    rows: &dyn Rows,
    batch: &[usize],
    draw: u64,
) -> Vec<f32> {
    let share = 1.0 / batch.len() as f32;
    let pieces: Vec<&[usize]> = batch.chunks(PIECE).collect();
    let parts = pieces.par_iter().enumerate().map(|(place, &part)| {
        let piece = piece(rows, part, share, random::bits(draw, 1, place as u64));
        let mut sum = vec![0.0; parameters.len()];
        network.gradient(products, parameters, &piece, loss, &mut sum);
        sum
    });
    let parts: Vec<Vec<f32>> = parts.collect();
    let mut parts = parts.into_iter();
    let mut total = parts.next().expect("a minibatch has rows");
    for part in parts {
        total.iter_mut().zip(&part).for_each(|(t, p)| *t += p);
    }
    total
}

fn piece(rows: &dyn Rows, part: &[usize], share: f32, draw: u64) -> Piece {
    let mut piece = Piece { input: Vec::new(), truth: Vec::new(), weight: Vec::new(), draw };
    for (place, &row) in part.iter().enumerate() {
        rows.input(row, random::bits(draw, 2, place as u64), &mut piece.input);
        piece.truth.extend_from_slice(rows.truth(row));
        piece.weight.push(share * rows.weight(row));
    }
    piece
}

/// Fisher and Yates.
fn shuffle(order: &mut [usize], seed: Seed, epoch: u64) {
    for last in (1..order.len()).rev() {
        order.swap(last, random::below(last + 1, seed.0 ^ 0x5EED, epoch, last as u64));
    }
}
