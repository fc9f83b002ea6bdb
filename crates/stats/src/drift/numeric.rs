//! Both distances of a numeric column, and its test.

use super::ecdf::Ecdf;
use super::ks::kolmogorov_smirnov;
use super::wasserstein::wasserstein;

/// How far two samples of a number lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericDrift {
    /// The Kolmogorov–Smirnov statistic, in [0, 1].
    pub largest_gap: f64,
    /// Its p-value.
    pub p_value: f64,
    /// The Wasserstein-1 distance, in the column's units.
    pub wasserstein: f64,
    /// The distance in population standard deviations of the reference; `None` where that is constant.
    pub normalised_wasserstein: Option<f64>,
}

/// What [`super::kolmogorov_smirnov`], [`super::wasserstein()`] and [`super::normalised_wasserstein`] say.
///
/// - *What it answers.* Has the column moved, by how much, and is it more than chance?
/// - *Assumptions.* Those of the three.
/// - *When it misleads.* As they do.
/// - *Source.* Theirs.
/// - *Checked against.* The three, to the last digit.
pub fn numeric_drift(reference: &Ecdf, current: &Ecdf) -> NumericDrift {
    let (test, wasserstein) = (kolmogorov_smirnov(reference, current), wasserstein(reference, current));
    let sd = reference.sd();
    NumericDrift {
        largest_gap: test.statistic,
        p_value: test.p_value,
        wasserstein,
        normalised_wasserstein: (sd > 0.0).then(|| wasserstein / sd),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{kolmogorov_smirnov, normalised_wasserstein, wasserstein};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_says_what_the_three_say(
            a in prop::collection::vec(-5i8..5, 1..60), b in prop::collection::vec(-5i8..5, 1..60),
        ) {
            let of = |values: &[i8]| Ecdf::of(values.iter().map(|&v| f64::from(v)).collect()).unwrap();
            let (a, b) = (of(&a), of(&b));
            let (found, test) = (numeric_drift(&a, &b), kolmogorov_smirnov(&a, &b));
            prop_assert_eq!((found.largest_gap, found.p_value), (test.statistic, test.p_value));
            prop_assert_eq!(found.wasserstein, wasserstein(&a, &b));
            prop_assert_eq!(found.normalised_wasserstein, normalised_wasserstein(&a, &b));
        }
    }
}
