//! A weighted mean with its spread and skewness, one value at a time.
//!
//! Not for data far from 0: values are differences of two arms, so plain sums of powers keep their digits. The
//! invariant: with all weights 1 it gives what [`crate::moments::Moments`] gives.

use crate::sequential::Seen;

/// Sums over values ψ with their weights w.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    count: u64,
    weights: f64,
    /// Of wψ.
    values: f64,
    /// Of w², w²ψ and w²ψ².
    squares: [f64; 3],
    /// Of w³, w³ψ, w³ψ² and w³ψ³.
    cubes: [f64; 4],
}

impl Sums {
    /// Takes a value.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.count += 1;
        self.weights += weight;
        self.values += weight * value;
        let (square, cube) = (weight * weight, weight * weight * weight);
        let powers = [1.0, value, value * value, value * value * value];
        self.squares.iter_mut().zip(powers).for_each(|(sum, power)| *sum += square * power);
        self.cubes.iter_mut().zip(powers).for_each(|(sum, power)| *sum += cube * power);
    }

    /// Spread and skewness are those of w(ψ − mean), the spread brought back to the scale of ψ by the
    /// mean weight.
    pub fn seen(&self) -> Seen {
        if self.count < 2 {
            return Seen { units: self.count, ..Seen::NOTHING };
        }
        let (n, mean) = (self.count as f64, self.values / self.weights);
        let [s0, s1, s2] = self.squares;
        let squares = (s2 - 2.0 * mean * s1 + mean * mean * s0).max(0.0);
        let [c0, c1, c2, c3] = self.cubes;
        let cubes = c3 - 3.0 * mean * c2 + 3.0 * mean * mean * c1 - mean.powi(3) * c0;
        let skewness = if squares > 0.0 { cubes / squares * (n / squares).sqrt() } else { 0.0 };
        let sd = (squares / (n - 1.0)).sqrt() * n / self.weights;
        Seen { units: self.count, mean, sd, skewness, events: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::Moments;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_weights_are_no_weights(values in prop::collection::vec(-9.0..9.0f64, 2..60), weight in 0.1..1.0f64) {
            let (mut sums, mut moments) = (Sums::default(), Moments::default());
            for &value in &values {
                sums.add(value, weight);
                moments.observe(value).unwrap();
            }
            let (seen, plain) = (sums.seen(), Seen::of(&moments));
            prop_assert_eq!(seen.units, plain.units);
            prop_assert!((seen.mean - plain.mean).abs() < 1e-10 && (seen.sd - plain.sd).abs() < 1e-6);
            prop_assume!(plain.sd > 0.1);
            prop_assert!((seen.skewness - plain.skewness).abs() < 1e-6);
        }
    }
}
