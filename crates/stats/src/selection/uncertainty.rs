//! How unsure a model is of each row, by its class probabilities.
//!
//! Not how wrong it is: a confident mistake has a low score, which is why a part of every queue is drawn
//! uniformly. The invariant: a row's score is that of its own probabilities and depends on no other row.
//!
//! Shapes: `probabilities` is row-major, `width` numbers a row, each row summing to 1. No rows, no scores.

use crate::input::{self, BadInput};
use crate::metric::check_rows;
use crate::sum::sum;

/// One minus the largest probability of each row: 0 for certain, at most 1 − 1/width.
///
/// - *What it answers.* How likely is the model's answer wrong, if its probabilities are right?
/// - *Assumptions.* Calibrated probabilities.
/// - *When it misleads.* It sees one class only: 0.5/0.5/0 and 0.5/0.25/0.25 score alike.
/// - *Source.* Lewis and Gale 1994; Settles 2009, section 3.1.
/// - *Checked against.* The vector `uncertainty_scores` of the reference file.
///
/// # Errors
/// Fewer than two classes, or rows that are no probabilities.
pub fn least_confidence(probabilities: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
    scores(probabilities, width, |row| 1.0 - top_two(row).0)
}

/// The largest probability of each row less the next: *small* is unsure, from 0 to 1.
///
/// - *What it answers.* How near is the row to the border between its two likeliest classes?
/// - *Assumptions.* Rows near a border teach most, which noisy labels there deny.
/// - *When it misleads.* On noisy inputs of many columns it can teach less than random rows do: compare with
///   the random slice.
/// - *Source.* Scheffer, Decomain and Wrobel 2001; Bahri et al. 2022 find none better on 69 tables.
/// - *Checked against.* The vector `uncertainty_scores` of the reference file.
///
/// # Errors
/// Those of [`least_confidence`].
pub fn margin(probabilities: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
    scores(probabilities, width, |row| {
        let (first, second) = top_two(row);
        first - second
    })
}

/// The entropy of each row in nats: 0 for certain, at most ln width.
///
/// - *What it answers.* How spread are the probabilities over all classes?
/// - *Assumptions.* Calibrated probabilities.
/// - *When it misleads.* With many classes a long tail of small probabilities outweighs two close rivals.
/// - *Source.* Shannon 1948; Settles 2009, section 3.1.
/// - *Checked against.* The vector `uncertainty_scores` of the reference file.
///
/// # Errors
/// Those of [`least_confidence`].
pub fn entropy(probabilities: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
    scores(probabilities, width, row_entropy)
}

/// The mutual information of a row's class and the choice of member, in nats (BALD): the entropy of the
/// members' mean less their mean entropy; `members` holds the probabilities of each member of an ensemble
/// for the same rows.
///
/// - *What it answers.* How much do the members disagree, beyond what each of them is unsure of?
/// - *Assumptions.* Members differ as plausible models do: other seeds, folds or resamples.
/// - *When it misleads.* Members fitted alike agree where all are wrong; its own noise is the difference of
///   two entropies, so a few members rank rows roughly.
/// - *Source.* Houlsby et al. 2011; Gal, Islam and Ghahramani 2017.
/// - *Checked against.* The vector `bald_mutual_information` of the reference file.
///
/// # Errors
/// Fewer than two members, members of different lengths, fewer than two classes, or rows that are no
/// probabilities.
pub fn bald(members: &[&[f64]], width: usize) -> Result<Vec<f64>, BadInput> {
    input::at_least("members", members.len(), 2)?;
    for member in members {
        input::same_length("probabilities of a member", member.len(), members[0].len())?;
        check_rows(member, width)?;
    }
    let count = members.len() as f64;
    let information = |row: usize| {
        let of = |member: &&[f64]| row_entropy(&member[row * width..(row + 1) * width]);
        let mean = |class: usize| sum(members.iter().map(|member| member[row * width + class])) / count;
        let mixed: Vec<f64> = (0..width).map(mean).collect();
        // Never below 0 but for rounding.
        (row_entropy(&mixed) - sum(members.iter().map(of)) / count).max(0.0)
    };
    Ok((0..members[0].len() / width).map(information).collect())
}

fn scores(probabilities: &[f64], width: usize, score: impl Fn(&[f64]) -> f64) -> Result<Vec<f64>, BadInput> {
    check_rows(probabilities, width)?;
    Ok(probabilities.chunks(width).map(score).collect())
}

fn top_two(row: &[f64]) -> (f64, f64) {
    row.iter().fold(
        (0.0, 0.0),
        |(first, second), &p| {
            if p > first { (p, first) } else { (first, p.max(second)) }
        },
    )
}

fn row_entropy(row: &[f64]) -> f64 {
    -sum(row.iter().map(|&p| if p > 0.0 { p * p.ln() } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_are_no_probabilities_is_refused() {
        for score in [least_confidence, margin, entropy] {
            assert!(score(&[0.5, f64::NAN], 2).is_err() && score(&[0.5, 0.6], 2).is_err());
            assert!(score(&[1.0], 1).is_err() && score(&[0.5, 0.5, 1.0], 2).is_err());
            assert_eq!(score(&[], 2), Ok(vec![]));
        }
        assert!(bald(&[&[0.5, 0.5]], 2).is_err() && bald(&[&[0.5, 0.5], &[]], 2).is_err());
    }

    #[test]
    fn members_that_agree_leave_nothing_to_learn() {
        let unsure = [0.5, 0.5, 0.9, 0.1];
        assert!(bald(&[&unsure, &unsure, &unsure], 2).unwrap().iter().all(|mi| *mi < 1e-15));
        let found = bald(&[&[1.0, 0.0], &[0.0, 1.0]], 2).unwrap();
        assert!((found[0] - 2.0f64.ln()).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn scores_stay_within_their_ranges(p in prop::collection::vec(0.01..1.0f64, 2..8)) {
            let (width, total) = (p.len(), p.iter().sum::<f64>());
            let p: Vec<f64> = p.iter().map(|v| v / total).collect();
            let of = |score: fn(&[f64], usize) -> Result<Vec<f64>, BadInput>| score(&p, width).unwrap()[0];
            prop_assert!((0.0..=1.0 - 1.0 / width as f64 + 1e-12).contains(&of(least_confidence)));
            prop_assert!((0.0..=1.0).contains(&of(margin)));
            prop_assert!((0.0..=(width as f64).ln() + 1e-12).contains(&of(entropy)));
            let mut certain = vec![0.0; width];
            certain[0] = 1.0;
            prop_assert!(bald(&[&p, &certain], width).unwrap()[0] <= 2.0f64.ln() + 1e-12);
        }
    }
}
