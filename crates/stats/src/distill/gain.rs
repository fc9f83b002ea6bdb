//! How much of the teacher's gain a student kept.

use crate::estimate::Estimate;
use crate::input::{self, BadInput};
use crate::paired::{differences, paired_mean};
use crate::sum::mean;

const UNDEFINED: BadInput = BadInput::Undefined {
    what: "the share of gain kept",
    why: "the teacher is not better than the base; serve the base",
};

/// (base − student) / (base − teacher) of three losses: 1 is all of the gain, 0 none, below 0 a harm. An error
/// where the teacher's loss is not below the base's.
pub fn gain_kept(base: f64, teacher: f64, student: f64) -> Result<f64, BadInput> {
    input::all_finite("losses", &[base, teacher, student])?;
    if base > teacher { Ok((base - student) / (base - teacher)) } else { Err(UNDEFINED) }
}

/// The same from row losses on the same rows, with its interval by the delta method; `cluster[i]` names the
/// cluster of row i.
///
/// - *What it answers.* What share of the way from base to teacher the student went, and how sure that is.
/// - *Assumptions.* Independent clusters, 20 or more; a teacher whose gain is several standard errors above 0.
/// - *When it misleads.* With a base of another capacity, size is credited to distillation: take the student's
///   twin that learned from hard labels. With a gain near 0 the ratio has no mean, and the interval is too narrow.
/// - *Source.* Deng, Knoblich and Lu 2018 for the ratio of means; Hinton, Vinyals and Dean 2015, table 1, for
///   reporting the share.
/// - *Checked against.* The formula; the cluster bootstrap of [`crate::bootstrap`].
pub fn share_of_gain(
    base: &[f64],
    teacher: &[f64],
    student: &[f64],
    cluster: &[u64],
    level: f64,
) -> Result<Estimate, BadInput> {
    input::open_unit("level", level)?;
    let (whole, kept) = (differences(base, teacher)?, differences(base, student)?);
    input::at_least("rows", whole.len(), 2)?;
    let gain = mean(&whole);
    if gain <= 0.0 {
        return Err(UNDEFINED);
    }
    let value = mean(&kept) / gain;
    // A ratio's deviation is that of its residuals, whose mean is 0.
    let residuals: Vec<f64> = kept.iter().zip(&whole).map(|(k, w)| (k - value * w) / gain).collect();
    let reach = paired_mean(&residuals, cluster)?.estimate(level)?.reach();
    Ok(Estimate::around(input::finite("the share of gain kept", value)?, reach, whole.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::{Resampling, cluster_bootstrap};
    use crate::random::unit;

    /// Row losses: a hard-label twin, its teacher 0.1 better, a student 0.04 better.
    fn losses() -> [Vec<f64>; 3] {
        let of = |stream: u64, less: f64| -> Vec<f64> {
            let row = |i: u64| unit(1, 0, i) + 0.3 * unit(1, stream, i) - less;
            (0..2000).map(row).collect()
        };
        [of(1, 0.0), of(2, 0.1), of(3, 0.04)]
    }

    #[test]
    fn the_delta_method_agrees_with_the_bootstrap() {
        let [base, teacher, student] = losses();
        let own: Vec<u64> = (0..2000).collect();
        let found = share_of_gain(&base, &teacher, &student, &own, 0.95).unwrap();
        let plan = Resampling { replicates: 1000, level: 0.95, seed: 3 };
        let drawn = cluster_bootstrap(&own, plan, |rows| {
            let of = |l: &[f64]| rows.iter().map(|&r| l[r]).sum::<f64>();
            Some((of(&base) - of(&student)) / (of(&base) - of(&teacher)))
        })
        .unwrap();
        assert!((found.value - 0.4).abs() < 2.0 * found.reach(), "{found:?}");
        assert!((found.value - drawn.estimate.value).abs() < 1e-12);
        assert!((found.reach() / drawn.estimate.reach() - 1.0).abs() < 0.1, "{found:?} {drawn:?}");
    }

    #[test]
    fn a_teacher_that_is_no_better_leaves_nothing_to_keep() {
        let [base, teacher, student] = losses();
        let own: Vec<u64> = (0..2000).collect();
        assert_eq!(share_of_gain(&teacher, &base, &student, &own, 0.95), Err(UNDEFINED));
        assert_eq!(gain_kept(0.4, 0.4, 0.3), Err(UNDEFINED));
        assert!(gain_kept(0.5, 0.4, 0.6).unwrap() < 0.0, "a harm is below 0");
    }
}
