//! Sets of classes that hold the right one as often as asked: the candidates to show a reviewer.
//!
//! Not a probability for one row: the promise is kept over all rows together, so hard rows may be covered
//! less and easy ones more. The invariant: with too few calibration rows there is no quantile, and every
//! class is a candidate.

use crate::input::{self, BadInput};
use crate::metric::check_probabilities;

/// The place among `rows` sorted calibration scores, counted from 1: ⌈(rows + 1)(1 − alpha)⌉; `None` when
/// there are too few rows for it.
///
/// # Errors
/// An `alpha` outside (0, 1).
pub fn conformal_rank(rows: u64, alpha: f64) -> Result<Option<u64>, BadInput> {
    input::open_unit("share of sets that miss", alpha)?;
    // Rounding noise on a whole number must not cost a rank.
    let rank = ((rows as f64 + 1.0) * (1.0 - alpha) - 1e-9).ceil() as u64;
    Ok((rank <= rows).then_some(rank))
}

/// The quantile of calibration scores (larger is stranger) below which a new row's score lies with chance
/// at least 1 − `alpha`; `None`, which is infinity, when there are fewer than 1/alpha − 1 rows.
///
/// - *What it answers.* From which score on is a candidate too strange to show?
/// - *Assumptions.* Calibration rows and the new row are exchangeable, and the model was not fitted on them.
/// - *When it misleads.* Under drift, and read as a promise for one row, one class or one group.
/// - *Source.* Papadopoulos et al. 2002; Lei et al. 2018, section 2.
/// - *Checked against.* The vector `split_conformal_quantile` of the reference file; coverage by simulation.
///
/// # Errors
/// No scores, a score that is not finite, or an `alpha` outside (0, 1).
pub fn conformal_quantile(scores: &[f64], alpha: f64) -> Result<Option<f64>, BadInput> {
    input::at_least("calibration scores", scores.len(), 1)?;
    input::all_finite("calibration scores", scores)?;
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(conformal_rank(scores.len() as u64, alpha)?.map(|rank| sorted[rank as usize - 1]))
}

/// The score of a row's true class: one minus its probability (LAC, least ambiguous classifier).
///
/// - *What it answers.* How strange is this class for this row? Its sets are the smallest on average.
/// - *Assumptions.* The probabilities sum to 1.
/// - *When it misleads.* Hard rows may be left with no candidate at all.
/// - *Source.* Sadinle, Lei and Wasserman 2019.
/// - *Checked against.* The vector `split_conformal_quantile` of the reference file.
///
/// # Errors
/// Fewer than two classes, no probabilities, or a class that is not one.
pub fn lac_score(probabilities: &[f64], class: usize) -> Result<f64, BadInput> {
    check_probabilities(&[class], probabilities, probabilities.len())?;
    Ok(1.0 - probabilities[class])
}

/// The classes whose [`lac_score`] is at most `quantile`, in order; every class without a quantile. May be
/// empty: then no class is likely enough, and the row belongs to a person.
///
/// # Errors
/// Those of [`lac_score`], or a quantile that is not finite.
pub fn lac_set(probabilities: &[f64], quantile: Option<f64>) -> Result<Vec<usize>, BadInput> {
    set(probabilities, quantile, lac_score)
}

/// The score of a row's true class: the probability of all classes up to it, the most likely first and
/// equals in order (APS, adaptive prediction sets), without randomisation.
///
/// - *What it answers.* As [`lac_score`], with sets that grow on hard rows instead of vanishing.
/// - *Assumptions.* The probabilities sum to 1.
/// - *When it misleads.* Without randomisation it covers more than asked, and sets are larger than LAC's.
/// - *Source.* Romano, Sesia and Candès 2020.
/// - *Checked against.* The vector `aps_score_no_randomisation` of the reference file.
///
/// # Errors
/// Fewer than two classes, no probabilities, or a class that is not one.
pub fn aps_score(probabilities: &[f64], class: usize) -> Result<f64, BadInput> {
    check_probabilities(&[class], probabilities, probabilities.len())?;
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let last = order.iter().position(|&k| k == class).expect("the class is one of those sorted");
    // In order and without compensation: a score of the same row and class must come out the same.
    Ok(order[..=last].iter().map(|&k| probabilities[k]).sum())
}

/// The classes whose [`aps_score`] is at most `quantile`, in order; every class without a quantile.
///
/// # Errors
/// Those of [`aps_score`], or a quantile that is not finite.
pub fn aps_set(probabilities: &[f64], quantile: Option<f64>) -> Result<Vec<usize>, BadInput> {
    set(probabilities, quantile, aps_score)
}

fn set(
    probabilities: &[f64],
    quantile: Option<f64>,
    score: impl Fn(&[f64], usize) -> Result<f64, BadInput>,
) -> Result<Vec<usize>, BadInput> {
    input::parameter(
        "quantile",
        quantile.unwrap_or(0.0),
        "a finite number",
        quantile.is_none_or(f64::is_finite),
    )?;
    let scores: Vec<f64> =
        (0..probabilities.len()).map(|class| score(probabilities, class)).collect::<Result<_, _>>()?;
    let near = |&class: &usize| quantile.is_none_or(|quantile| scores[class] <= quantile);
    input::at_least("classes", scores.len(), 2)?;
    Ok((0..scores.len()).filter(near).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_input_is_refused() {
        assert!(conformal_quantile(&[], 0.1).is_err() && conformal_quantile(&[f64::NAN], 0.1).is_err());
        assert!(conformal_rank(9, 1.0).is_err());
        assert!(lac_score(&[0.5, 0.5], 2).is_err() && aps_score(&[0.5, f64::NAN], 0).is_err());
        assert!(lac_set(&[0.5, 0.5], Some(f64::INFINITY)).is_err() && aps_set(&[], None).is_err());
    }

    #[test]
    fn a_hard_row_loses_its_candidates_by_lac_and_gains_them_by_aps() {
        let (easy, hard) = ([0.9, 0.06, 0.04], [0.4, 0.35, 0.25]);
        assert_eq!(lac_set(&easy, Some(0.5)), Ok(vec![0]));
        assert_eq!(lac_set(&hard, Some(0.5)), Ok(vec![]));
        assert_eq!(aps_set(&easy, Some(0.92)), Ok(vec![0]));
        assert_eq!(aps_set(&hard, Some(0.92)), Ok(vec![0, 1]));
    }

    #[test]
    fn too_few_rows_make_every_class_a_candidate() {
        assert_eq!(conformal_quantile(&[0.1; 8], 0.1), Ok(None));
        assert_eq!(conformal_quantile(&[0.1; 9], 0.1), Ok(Some(0.1)));
        assert_eq!(lac_set(&[0.9, 0.1], None), Ok(vec![0, 1]));
    }

    proptest! {
        #[test]
        fn a_row_is_in_its_own_set_and_sets_grow(
            p in prop::collection::vec(0.01..1.0f64, 2..8), class in 0usize..8, more in 0.0..0.5f64,
        ) {
            let (total, class) = (p.iter().sum::<f64>(), class % p.len());
            let p: Vec<f64> = p.iter().map(|v| v / total).collect();
            let (lac, aps) = (lac_score(&p, class).unwrap(), aps_score(&p, class).unwrap());
            let (small, large) = (lac_set(&p, Some(lac)).unwrap(), lac_set(&p, Some(lac + more)).unwrap());
            prop_assert!(small.contains(&class) && small.iter().all(|k| large.contains(k)));
            let (small, large) = (aps_set(&p, Some(aps)).unwrap(), aps_set(&p, Some(aps + more)).unwrap());
            prop_assert!(small.contains(&class) && small.iter().all(|k| large.contains(k)));
        }
    }
}
