//! Small pictures whose true probabilities are known.
//!
//! Not real data: two bars cross on a noisy ground, and only how bright they are beside each other matters.

use crate::mixed::uniform;
use domain::{Column, Examples, Table, Target, Values};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Pixels of a side.
pub const SIDE: usize = 8;

/// Pictures with what is true of them.
#[derive(Debug, Clone)]
pub struct Bars {
    /// One column `image` of 1 x 8 x 8 pixels, and a target drawn from the truth.
    pub examples: Examples,
    /// The probability of class `stands` of each picture.
    pub truth: Vec<f64>,
}

/// Pictures of two classes, `lies` and `stands`: an upright bar and a lying one anywhere, one the brighter the darker the
/// other. The log odds of `stands` go from -3 to 3 with the brightness of the upright one.
pub fn bars(rows: usize, seed: u64) -> Bars {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut data, mut index, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let bright = uniform(&mut rng);
        let (column, row) = (place(&mut rng), place(&mut rng));
        let probability = 1.0 / (1.0 + (-6.0 * (bright - 0.5)).exp());
        for pixel in 0..SIDE * SIDE {
            let upright = if pixel % SIDE == column { bright } else { 0.0 };
            let lying = if pixel / SIDE == row { 1.0 - bright } else { 0.0 };
            data.push((40.0 * uniform(&mut rng) + 200.0 * upright.max(lying)) as f32);
        }
        index.push(u32::from(uniform(&mut rng) < probability));
        truth.push(probability);
    }
    let image = Column { name: "image".into(), values: Values::Tensor { shape: vec![1, SIDE, SIDE], data } };
    let target = Target::Class { classes: vec!["lies".into(), "stands".into()], index };
    let rows = Table::new(vec![image]).expect("one column");
    Bars { examples: Examples { rows, target, weight: None, at: None, entity: None }, truth }
}

fn place(rng: &mut ChaCha8Rng) -> usize {
    (uniform(rng) * SIDE as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_pictures_and_the_brighter_bar_wins() {
        let (a, b) = (bars(2_000, 3), bars(2_000, 3));
        assert_eq!(a.examples, b.examples);
        let Target::Class { index, .. } = &a.examples.target else { panic!("classes") };
        let right = index.iter().zip(&a.truth).filter(|(k, p)| (**k == 1) == (**p > 0.5)).count() as f64;
        let expected = a.truth.iter().map(|p| p.max(1.0 - p)).sum::<f64>();
        assert!((right - expected).abs() < 0.03 * 2_000.0, "{right} {expected}");
    }
}
