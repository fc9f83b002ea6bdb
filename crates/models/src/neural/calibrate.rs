//! How sure a network may be: one that has seen its rows often is too sure of what they taught it.
//!
//! *What it answers*: the one number that its answers are divided by, so that probabilities fit rows which it was not
//! trained on. *Assumptions*: it is too sure, or too unsure, of all rows alike. *When it misleads*: with few rows held
//! back, or where live rows differ from them. The most probable class never changes. *Source*: temperature scaling,
//! Guo, Pleiss, Sun and Weinberger, ICML 2017, section 4.2. *Checked against*: the closed form for two answers.

use super::loss::Loss;
use super::network::Network;
use super::product::Products;
use super::train::{PIECE, Rows};
use rayon::prelude::*;

/// The range of the temperature's logarithm, and how often it is narrowed: to less than single precision tells apart.
const RANGE: (f64, f64) = (-2.0, 4.0);
const NARROWED: usize = 32;

/// The temperature that makes the mean cross entropy of these rows least.
pub(super) fn temperature(network: &Network, parameters: &[f32], rows: &dyn Rows, held: &[usize]) -> f32 {
    let products = Products::new();
    let answers: Vec<Vec<f32>> = held
        .par_chunks(PIECE)
        .map(|part| {
            let mut input = Vec::new();
            part.iter().for_each(|&row| rows.input(row, row as u64, &mut input));
            network.answers(&products, parameters, input, part.len())
        })
        .collect();
    let answers = answers.concat();
    let width = answers.len() / held.len().max(1);
    // Behind what is true of a row may stand what a teacher says of it, which does not count here.
    let truth: Vec<f32> = held.iter().flat_map(|&row| &rows.truth(row)[..width]).copied().collect();
    let weight: Vec<f32> = held.iter().map(|&row| rows.weight(row)).collect();
    let loss = |log: f64| {
        let mut cooled: Vec<f32> = answers.iter().map(|a| a / log.exp() as f32).collect();
        Loss::Classes.of(&mut cooled, &truth, &weight, width)
    };
    least(loss).exp() as f32
}

/// Where a function of one valley is least, by golden sections.
fn least(of: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = RANGE;
    for _ in 0..NARROWED {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if of(left) <= of(right) { high = right } else { low = left }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred rows of which the second class has 80, and a network that is far surer of it.
    struct Sure;

    impl Rows for Sure {
        fn input(&self, _: usize, _: u64, into: &mut Vec<f32>) {
            into.push(1.0);
        }

        fn truth(&self, row: usize) -> &[f32] {
            if row < 80 { &[0.0, 1.0] } else { &[1.0, 0.0] }
        }

        fn weight(&self, _: usize) -> f32 {
            1.0
        }
    }

    /// The same rows, of which a teacher says the opposite.
    struct Taught;

    impl Rows for Taught {
        fn input(&self, row: usize, draw: u64, into: &mut Vec<f32>) {
            Sure.input(row, draw, into);
        }

        fn truth(&self, row: usize) -> &[f32] {
            if row < 80 { &[0.0, 1.0, 1.0, 0.0] } else { &[1.0, 0.0, 0.0, 1.0] }
        }

        fn weight(&self, _: usize) -> f32 {
            1.0
        }
    }

    #[test]
    fn a_student_is_as_sure_as_the_truth_says_whatever_its_teacher_said() {
        let (network, parameters) = (Network::new(1).dense(2), [-2.5, 2.5, 0.0, 0.0]);
        let held: Vec<usize> = (0..100).collect();
        let found = temperature(&network, &parameters, &Taught, &held);
        assert_eq!(found, temperature(&network, &parameters, &Sure, &held));
    }

    #[test]
    fn a_network_becomes_as_sure_as_it_is_right() {
        let network = Network::new(1).dense(2);
        let mut parameters = vec![-2.5, 2.5, 0.0, 0.0];
        let held: Vec<usize> = (0..100).collect();
        let found = temperature(&network, &parameters, &Sure, &held);
        // two answers 5 apart mean 80% when they are ln 4 apart; around its least, single precision sees the loss as flat
        assert!((f64::from(found) - 5.0 / 4.0_f64.ln()).abs() < 5e-3, "{found}");
        network.divide(&mut parameters, found);
        assert!((temperature(&network, &parameters, &Sure, &held) - 1.0).abs() < 5e-3);
    }
}
