//! How like its teacher a student is.

use super::hinton::divergence;
use crate::estimate::Estimate;
use crate::input::{self, BadInput};
use crate::metric::{check_rows, most_probable};
use crate::paired::paired_mean;
use crate::proportion::{Count, wilson};
use crate::sum::mean;
use std::collections::BTreeSet;

/// Means over rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fidelity {
    /// The share of rows on which both find the same class most probable.
    pub agreement: f64,
    /// KL(teacher ‖ student), in nats.
    pub divergence: f64,
    /// Total variation: half the sum of absolute differences, 0 to 1.
    pub variation: f64,
    /// On how many rows.
    pub rows: u64,
}

/// The same with intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FidelityEstimate {
    /// The share of rows on which both find the same class most probable.
    pub agreement: Estimate,
    /// KL(teacher ‖ student), in nats.
    pub divergence: Estimate,
    /// Total variation, 0 to 1.
    pub variation: Estimate,
}

/// Compares the two's probabilities of the same rows.
///
/// - *What it answers.* Does the student answer as its teacher does?
/// - *Assumptions.* The same classes in the same order; rows that neither learned from.
/// - *When it misleads.* FidelityEstimate is not quality: a student can agree little and be as good, or copy mistakes.
/// - *Source.* Stanton et al. 2021, section 3.
/// - *Checked against.* The formula in numpy.
pub fn fidelity(teacher: &[f64], student: &[f64], width: usize) -> Result<Fidelity, BadInput> {
    let rows = Rows::of(teacher, student, width)?;
    let same = rows.same.iter().filter(|same| **same).count();
    Ok(Fidelity {
        agreement: same as f64 / rows.same.len() as f64,
        divergence: mean(&rows.divergence),
        variation: mean(&rows.variation),
        rows: rows.same.len() as u64,
    })
}

/// The same with intervals at `level`, such as 0.95; `cluster[i]` names the cluster of row i, two of them at least.
///
/// - *What it answers.* How like its teacher the student is on all rows that could come, and how sure that is.
/// - *Assumptions.* As [`fidelity`]; independent clusters. The share has Wilson's interval where each row is a cluster of
///   its own, the means have Student's over clusters.
/// - *When it misleads.* A few rows on which the student is far off carry most of the divergence: until some were seen,
///   its interval is too narrow and too low.
/// - *Source.* Wilson 1927; Liang and Zeger 1986.
/// - *Checked against.* statsmodels 0.15.0 `proportion_confint(method="wilson")`; scipy 1.17.1 `t.interval`.
pub fn fidelity_estimate(
    teacher: &[f64],
    student: &[f64],
    width: usize,
    cluster: &[u64],
    level: f64,
) -> Result<FidelityEstimate, BadInput> {
    let rows = Rows::of(teacher, student, width)?;
    input::same_length("clusters", cluster.len(), rows.same.len())?;
    let mean = |of: &[f64]| paired_mean(of, cluster)?.estimate(level);
    let same = rows.same.iter().filter(|same| **same).count() as u64;
    let alone = cluster.iter().collect::<BTreeSet<_>>().len() == cluster.len();
    let agreement = if alone {
        wilson(Count { successes: same, trials: cluster.len() as u64 }, level)?
    } else {
        mean(&rows.same.iter().map(|same| f64::from(u8::from(*same))).collect::<Vec<_>>())?
    };
    Ok(FidelityEstimate {
        agreement: agreement.within(0.0, 1.0),
        divergence: mean(&rows.divergence)?.within(0.0, f64::INFINITY),
        variation: mean(&rows.variation)?.within(0.0, 1.0),
    })
}

/// What each row says.
struct Rows {
    same: Vec<bool>,
    divergence: Vec<f64>,
    variation: Vec<f64>,
}

impl Rows {
    fn of(teacher: &[f64], student: &[f64], width: usize) -> Result<Rows, BadInput> {
        check_rows(teacher, width)?;
        check_rows(student, width)?;
        input::same_length("student's probabilities", student.len(), teacher.len())?;
        input::at_least("rows", teacher.len() / width, 1)?;
        let rows = || teacher.chunks_exact(width).zip(student.chunks_exact(width));
        let half = |(t, s): (&[f64], &[f64])| 0.5 * t.iter().zip(s).map(|(t, s)| (t - s).abs()).sum::<f64>();
        let (top, own) = (most_probable(teacher, width), most_probable(student, width));
        Ok(Rows {
            same: top.iter().zip(&own).map(|(t, s)| t == s).collect(),
            divergence: rows().map(|(t, s)| divergence(t, s)).collect(),
            variation: rows().map(half).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;
    use proptest::prelude::*;

    #[test]
    fn a_copy_is_wholly_like_it_and_an_opposite_not_at_all() {
        let same = fidelity(&[0.2, 0.8], &[0.2, 0.8], 2).unwrap();
        assert_eq!(same, Fidelity { agreement: 1.0, divergence: 0.0, variation: 0.0, rows: 1 });
        let other = fidelity(&[1.0, 0.0], &[0.0, 1.0], 2).unwrap();
        assert_eq!((other.agreement, other.variation), (0.0, 1.0));
        assert!(other.divergence.is_finite() && other.divergence > 30.0);
    }

    #[test]
    fn rows_must_belong_together() {
        assert!(fidelity(&[0.2, 0.8], &[0.2, 0.8, 0.5, 0.5], 2).is_err());
        assert!(fidelity(&[], &[], 2).is_err());
        let rows = [0.2, 0.8, 0.5, 0.5];
        assert!(fidelity_estimate(&rows, &rows, 2, &[1], 0.95).is_err(), "a cluster is missing");
        assert!(fidelity_estimate(&rows, &rows, 2, &[1, 1], 0.95).is_err(), "one cluster has no spread");
        assert!(fidelity_estimate(&rows, &rows, 2, &[1, 2], 1.0).is_err(), "no interval is certain");
    }

    const TEACHER: [f64; 12] = [0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.25, 0.25, 0.5, 0.4, 0.35, 0.25];
    const STUDENT: [f64; 12] = [0.6, 0.3, 0.1, 0.2, 0.5, 0.3, 0.3, 0.3, 0.4, 0.3, 0.5, 0.2];

    fn close(found: Estimate, [value, low, high]: [f64; 3]) {
        let pairs = [(found.value, value), (found.low, low), (found.high, high)];
        assert!(
            pairs.iter().all(|(f, e)| (f - e).abs() < 1e-9),
            "{found:?}, expected {value} [{low}, {high}]"
        );
    }

    #[test]
    fn intervals_are_those_of_scipy_and_statsmodels() {
        let alone = fidelity_estimate(&TEACHER, &STUDENT, 3, &[1, 2, 3, 4], 0.95).unwrap();
        close(alone.agreement, [0.75, 0.30064184258240184, 0.9544127391902995]);
        close(alone.divergence, [0.03333103849216558, 0.014592926770786267, 0.05206915021354489]);
        close(alone.variation, [0.1125, 0.07271942118395361, 0.15228057881604637]);
        // two rows of one customer: deviations are summed by customer, and t has two degrees of freedom
        let paired = fidelity_estimate(&TEACHER, &STUDENT, 3, &[1, 1, 2, 3], 0.95).unwrap();
        close(paired.agreement, [0.75, 0.0, 1.0]);
        close(paired.divergence, [0.03333103849216558, 0.009469762919151133, 0.05719231406518002]);
        close(paired.variation, [0.1125, 0.050883650552545935, 0.17411634944745405]);
    }

    /// Rows of three classes: a teacher's, and a student's that strays from it.
    fn drawn(rows: u64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let row = |stray: f64, row: u64| {
            let of = |k: u64| unit(seed, k, row) + stray * unit(seed, 3 + k, row) + 1e-3;
            let sum = of(0) + of(1) + of(2);
            [of(0) / sum, of(1) / sum, of(2) / sum]
        };
        ((0..rows).flat_map(|r| row(0.0, r)).collect(), (0..rows).flat_map(|r| row(0.5, r)).collect())
    }

    proptest! {
        #[test]
        fn intervals_hold_their_points_and_stay_where_such_numbers_are(
            rows in 2u64..40, seed in 0u64..1000, size in 1u64..4,
        ) {
            let (teacher, student) = drawn(rows, seed);
            let cluster: Vec<u64> = (0..rows).map(|row| row / size).collect();
            prop_assume!(rows > size);
            let found = fidelity_estimate(&teacher, &student, 3, &cluster, 0.95).unwrap();
            let plain = fidelity(&teacher, &student, 3).unwrap();
            for (estimate, point, most) in [
                (found.agreement, plain.agreement, 1.0),
                (found.divergence, plain.divergence, f64::INFINITY),
                (found.variation, plain.variation, 1.0),
            ] {
                prop_assert!((estimate.value - point).abs() < 1e-12 && estimate.rows == rows);
                prop_assert!(estimate.low >= 0.0 && estimate.high <= most);
                prop_assert!(estimate.low <= point + 1e-12 && point <= estimate.high + 1e-12);
            }
        }

        #[test]
        fn pinsker_bounds_variation_by_divergence(rows in 1u64..40, seed in 0u64..1000) {
            let (teacher, student) = drawn(rows, seed);
            let found = fidelity(&teacher, &student, 3).unwrap();
            prop_assert!(found.variation <= (0.5 * found.divergence).sqrt() + 1e-12);
        }
    }
}
