//! What a simulated unit's outcome may be.
//!
//! Not a model of any product: the two kinds on which methods differ, rare yes-or-no events and a skewed loss.
//! The invariant: higher is better, and mean, variance and range are known exactly.

/// How outcomes fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// Yes (1) with this chance, as a conversion.
    YesNo(f64),
    /// Less a loss that is exponential with this mean before it is cut off, as a log loss is where
    /// probabilities are kept at 1% or more.
    Loss(f64),
}

/// −ln 0.01: the largest log loss.
const LARGEST_LOSS: f64 = 4.605_170_185_988_091;

impl Metric {
    /// The outcome for a uniform draw in [0, 1).
    pub fn draw(&self, uniform: f64) -> f64 {
        match *self {
            Metric::YesNo(share) => f64::from(u8::from(uniform < share)),
            Metric::Loss(scale) => (scale * libm::log1p(-uniform)).max(-LARGEST_LOSS),
        }
    }

    /// Whether the outcome is yes or no.
    pub fn is_yes_no(&self) -> bool {
        matches!(self, Metric::YesNo(_))
    }

    /// The true mean.
    pub fn mean(&self) -> f64 {
        match *self {
            Metric::YesNo(share) => share,
            Metric::Loss(scale) => -scale * (1.0 - (-LARGEST_LOSS / scale).exp()),
        }
    }

    /// The true variance.
    pub fn variance(&self) -> f64 {
        match *self {
            Metric::YesNo(share) => share * (1.0 - share),
            Metric::Loss(scale) => {
                let cut = LARGEST_LOSS / scale;
                let squares = 2.0 * scale * scale * (1.0 - (1.0 + cut) * (-cut).exp());
                squares - self.mean() * self.mean()
            }
        }
    }

    /// The distance between the largest and the smallest outcome.
    pub fn range(&self) -> f64 {
        match self {
            Metric::YesNo(_) => 1.0,
            Metric::Loss(_) => LARGEST_LOSS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::Moments;
    use crate::random;

    #[test]
    fn draws_have_the_moments_they_are_said_to_have() {
        for metric in [Metric::YesNo(0.05), Metric::Loss(0.35), Metric::Loss(3.0)] {
            let mut moments = Moments::default();
            (0..200_000).for_each(|i| moments.observe(metric.draw(random::unit(1, 0, i))).unwrap());
            let reach = 5.0 * (metric.variance() / 200_000.0).sqrt();
            assert!((moments.mean() - metric.mean()).abs() < reach, "{metric:?}");
            assert!((moments.variance() / metric.variance() - 1.0).abs() < 0.05, "{metric:?}");
        }
    }
}
