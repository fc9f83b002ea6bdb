//! The chance with which each row is drawn for people, within a budget.
//!
//! Not a choice of the rows themselves: a coin with this chance makes it, and the chance is logged so that
//! [`crate::label_sampling`] can undo it. The invariant: no chance is below the floor, so that every kind of
//! row is seen sometimes.

use crate::input::{self, BadInput};
use crate::sum::sum;

/// Halvings of the range of scales: enough for every digit.
const HALVINGS: u32 = 64;

/// The chance of each row, at least `floor` and at most 1, summing to `budget` labels: above the floor in
/// proportion to the root of its score, the expected squared error of its guess, (Y − f)², over the cost of
/// its label. A budget above the number of rows draws them all.
///
/// - *What it answers.* How should a day's labels be spread so that the mean loss is known best?
/// - *Assumptions.* The scores are about right and known before the labels. For a model that states a
///   calibrated chance of an error e, guessed as such, the score is e(1 − e).
/// - *When it misleads.* Scores far off cost precision, never validity: the floor bounds the weights by
///   1/floor. Rows that teach most are not always those that measure best.
/// - *Source.* Zrnic and Candès 2024, section 3.2; Neyman 1934 for the root. Rows that would pass 1 or the
///   floor stay there and the rest share what is left.
/// - *Checked against.* Its defining equations by properties; the smaller variance by simulation.
///
/// # Errors
/// No rows, a score that is negative or not finite, a floor outside (0, 1], or a budget that is not finite
/// or below floor × rows: then the floor cannot be kept and a lower one is needed.
pub fn inclusion(scores: &[f64], budget: f64, floor: f64) -> Result<Vec<f64>, BadInput> {
    check(scores, budget, floor)?;
    let roots: Vec<f64> = scores.iter().map(|score| score.sqrt()).collect();
    let rows = roots.len() as f64;
    if budget >= rows {
        return Ok(vec![1.0; roots.len()]);
    }
    let certain = roots.iter().filter(|&&root| root > 0.0).count() as f64;
    if certain + (rows - certain) * floor <= budget {
        // Even with every row of any score drawn, labels are left for those of none.
        let rest = (budget - certain) / (rows - certain);
        return Ok(roots.iter().map(|&root| if root > 0.0 { 1.0 } else { rest }).collect());
    }
    let scale = scale(&roots, budget, floor);
    Ok(roots.iter().map(|root| (scale * root).clamp(floor, 1.0)).collect())
}

/// The rows drawn: those whose `units`, numbers in [0, 1) that depend on nothing but the row (a hash of its
/// id under a salt of its own), lie below their chance. Each row has its own coin, so the number drawn
/// varies around the sum of the chances.
///
/// # Errors
/// Columns of different lengths, a chance outside [0, 1], or a unit outside [0, 1).
pub fn poisson_draw(probabilities: &[f64], units: &[f64]) -> Result<Vec<usize>, BadInput> {
    input::all_unit("chances of a label", probabilities)?;
    input::same_length("units", units.len(), probabilities.len())?;
    input::all("units", units, "a number in [0, 1)", |u| (0.0..1.0).contains(&u))?;
    Ok((0..units.len()).filter(|&row| units[row] < probabilities[row]).collect())
}

fn check(scores: &[f64], budget: f64, floor: f64) -> Result<(), BadInput> {
    input::at_least("rows", scores.len(), 1)?;
    input::all("scores", scores, "a finite number, 0 or more", |s| s.is_finite() && s >= 0.0)?;
    input::parameter("floor", floor, "a number above 0 and at most 1", floor > 0.0 && floor <= 1.0)?;
    let least = floor * scores.len() as f64;
    let good = budget.is_finite() && budget >= least * (1.0 - 1e-12);
    input::parameter("budget", budget, "at least the floor times the number of rows", good)
}

/// The factor on the roots with which the chances sum to the budget.
fn scale(roots: &[f64], budget: f64, floor: f64) -> f64 {
    let positive = || roots.iter().copied().filter(|&root| root > 0.0);
    // From every row at the floor to every row of a score at 1.
    let mut low = (floor / positive().fold(0.0, f64::max)).ln();
    let mut high = (1.0 / positive().fold(f64::INFINITY, f64::min)).ln();
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let scale = middle.exp();
        let total: f64 = roots.iter().map(|root| (scale * root).clamp(floor, 1.0)).sum();
        if total < budget { low = middle } else { high = middle }
    }
    let scale = high.exp();
    let free = || roots.iter().filter(|&root| scale * root > floor && scale * root < 1.0);
    let fixed = roots.iter().filter(|&root| !(scale * root > floor && scale * root < 1.0));
    let fixed = sum(fixed.map(|root| (scale * root).clamp(floor, 1.0)));
    let weight = sum(free().copied());
    // The halvings found who is free; what is left to them follows exactly.
    if weight > 0.0 { (budget - fixed) / weight } else { scale }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_input_is_refused() {
        let error = inclusion(&[1.0; 100], 1.0, 0.02).unwrap_err().to_string();
        assert_eq!(error, "budget: found 1, expected at least the floor times the number of rows");
        assert!(inclusion(&[1.0, f64::NAN], 1.0, 0.1).is_err() && inclusion(&[1.0, -1.0], 1.0, 0.1).is_err());
        assert!(inclusion(&[], 1.0, 0.1).is_err() && inclusion(&[1.0], 1.0, 0.0).is_err());
        assert!(inclusion(&[1.0], f64::INFINITY, 0.1).is_err());
        assert!(poisson_draw(&[0.5], &[1.0]).is_err() && poisson_draw(&[f64::NAN], &[0.5]).is_err());
        assert!(poisson_draw(&[0.5], &[]).is_err());
    }

    #[test]
    fn the_root_of_the_score_decides_between_floor_and_one() {
        let found = inclusion(&[0.0, 1.0, 4.0, 9.0], 1.3, 0.1).unwrap();
        let expected = [0.1, 0.2, 0.4, 0.6];
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12), "{found:?}");
        assert_eq!(inclusion(&[0.0; 4], 1.0, 0.1).unwrap(), [0.25; 4]);
        assert_eq!(inclusion(&[0.0, 5.0], 1.5, 0.1).unwrap(), [0.5, 1.0]);
        assert_eq!(inclusion(&[0.0, 5.0], 7.0, 0.1).unwrap(), [1.0, 1.0]);
        assert_eq!(inclusion(&[1e-200, 1e300], 1.1, 0.1).unwrap(), [0.1, 1.0]);
    }

    #[test]
    fn a_coin_below_the_chance_draws() {
        assert_eq!(poisson_draw(&[0.5, 0.5, 0.0, 1.0], &[0.49, 0.5, 0.0, 0.99]), Ok(vec![0, 3]));
    }

    proptest! {
        #[test]
        fn chances_keep_the_budget_the_floor_and_the_order(
            scores in prop::collection::vec(0.0..10.0f64, 1..60), floor in 0.001..0.5f64, part in 0.0..1.0f64,
        ) {
            let rows = scores.len() as f64;
            let budget = floor * rows + part * (1.0 - floor) * rows;
            let found = inclusion(&scores, budget, floor).unwrap();
            prop_assert!((found.iter().sum::<f64>() - budget).abs() < 1e-9 * rows);
            prop_assert!(found.iter().all(|p| (floor..=1.0).contains(p)));
            let free = || (0..scores.len()).filter(|&i| found[i] > floor + 1e-9 && found[i] < 1.0 - 1e-9);
            for i in free() {
                for j in free() {
                    prop_assert!((found[i] * scores[j].sqrt() - found[j] * scores[i].sqrt()).abs() < 1e-9);
                }
            }
        }
    }
}
