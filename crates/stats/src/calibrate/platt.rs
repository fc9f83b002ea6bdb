//! Platt scaling: a logistic curve through the scores, two numbers learned.
//!
//! Not for many rows ([`super::Isotonic`] then bends where it must). The invariant: every answer lies
//! strictly between 0 and 1 up to rounding, whatever the labels, since the targets are smoothed.

use super::check;
use crate::input::{self, BadInput};
use crate::sum::sum;

/// Each step of Newton's doubles the digits that are right: this is never reached.
const STEPS: usize = 100;

/// p = 1 / (1 + exp(slope · score + offset)); the slope is negative where more score means more yes.
///
/// - *What it answers.* Which share of rows with this score is a yes, from few rows?
/// - *Assumptions.* The log-odds of yes are a straight line in the score: true for scores that are
///   normal with one variance in both classes, and for logits that are too sure by a factor.
/// - *When it misleads.* Where the curve has another shape, most of all at both ends.
/// - *Source.* Platt 1999, with his smoothed targets (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2); the optimum by
///   Newton's method, as Lin, Lin and Weng 2007.
/// - *Checked against.* scikit-learn 1.9.1 `calibration._sigmoid_calibration` at 1e-4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    /// Platt's A, per unit of the score.
    pub slope: f64,
    /// Platt's B.
    pub offset: f64,
}

/// Scores brought to mean 0 and variance 1, the smoothed target and the weight of each.
struct Problem {
    rows: Vec<(f64, f64, f64)>,
    weight: f64,
}

impl Platt {
    /// Fits on `scores` and answers, one of each a row. `weights` are 0 or more; their sum counts as the
    /// number of rows when targets are smoothed. Scores that are all equal give one constant.
    ///
    /// # Errors
    /// No rows, columns of different lengths, a number that is not finite, weights that are all 0, or
    /// scores so large that their variance overflows.
    pub fn fit_yes_no(scores: &[f64], actual: &[bool], weights: Option<&[f64]>) -> Result<Self, BadInput> {
        check(scores, actual.len(), weights)?;
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        let total = sum((0..scores.len()).map(weight));
        let middle = sum((0..scores.len()).map(|i| weight(i) * scores[i])) / total;
        let squares = sum((0..scores.len()).map(|i| weight(i) * (scores[i] - middle).powi(2)));
        let spread = input::finite("the variance of the scores", (squares / total).sqrt())?;
        let unit = if spread > 0.0 { spread } else { 1.0 };
        let targets = smoothed(actual, weight);
        let row = |i: usize| ((scores[i] - middle) / unit, targets[usize::from(actual[i])], weight(i));
        let problem = Problem { rows: (0..scores.len()).map(row).collect(), weight: total };
        let (rise, level) = problem.optimum();
        Ok(Platt { slope: -rise / unit, offset: rise * middle / unit - level })
    }

    /// The probability of yes at a finite score.
    pub fn apply(&self, score: f64) -> Result<f64, BadInput> {
        input::parameter("score", score, "a finite number", score.is_finite())?;
        Ok(sigmoid(-(self.slope * score + self.offset)))
    }
}

/// Platt's targets for no and yes: a little more than 0 and a little less than 1.
fn smoothed(actual: &[bool], weight: impl Fn(usize) -> f64) -> [f64; 2] {
    let of = |answer: bool| sum((0..actual.len()).filter(|&i| actual[i] == answer).map(&weight));
    let (yes, no) = (of(true), of(false));
    [1.0 / (no + 2.0), (yes + 1.0) / (yes + 2.0)]
}

impl Problem {
    /// The rise and level that minimise the log loss: Newton, each step halved until the loss falls.
    fn optimum(&self) -> (f64, f64) {
        let mut at = (0.0, 0.0);
        for _ in 0..STEPS {
            let step = self.newton(at);
            // Close to the optimum losses differ by rounding only, and the full step is right.
            let enough = self.loss(at) + 1e-13 * self.weight;
            let tries = (0..40).map(|halvings| 0.5f64.powi(halvings));
            let mut tries = tries.map(|share| (at.0 - share * step.0, at.1 - share * step.1));
            let Some(next) = tries.find(|&next| self.loss(next) <= enough) else { break };
            at = next;
            if step.0.abs().max(step.1.abs()) <= 1e-12 {
                break;
            }
        }
        at
    }

    fn newton(&self, (rise, level): (f64, f64)) -> (f64, f64) {
        let (mut slope, mut curve) = ((0.0, 0.0), (0.0, 0.0, 0.0));
        for &(z, target, weight) in &self.rows {
            let p = sigmoid(rise * z + level);
            let (gap, bend) = (weight * (p - target), weight * p * (1.0 - p));
            slope = (slope.0 + gap * z, slope.1 + gap);
            curve = (curve.0 + bend * z * z, curve.1 + bend * z, curve.2 + bend);
        }
        // Scores that are all equal leave the rise undetermined: the ridge keeps it where it is.
        let ridge = 1e-12 * self.weight;
        let (a, b, c) = (curve.0 + ridge, curve.1, curve.2 + ridge);
        let below = a * c - b * b;
        ((c * slope.0 - b * slope.1) / below, (a * slope.1 - b * slope.0) / below)
    }

    fn loss(&self, (rise, level): (f64, f64)) -> f64 {
        sum(self.rows.iter().map(|&(z, target, weight)| {
            let logit = rise * z + level;
            weight * (logit.max(0.0) + libm::log1p((-logit.abs()).exp()) - target * logit)
        }))
    }
}

/// 1 / (1 + exp(−x)) without overflow.
fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_score_has_one_smoothed_share() {
        let fitted = Platt::fit_yes_no(&[3.0; 4], &[true, false, false, false], None).unwrap();
        // Targets are 2/3 for the yes and 1/5 for each no.
        assert!((fitted.apply(3.0).unwrap() - (2.0 / 3.0 + 0.6) / 4.0).abs() < 1e-9);
        assert!(Platt::fit_yes_no(&[f64::INFINITY], &[true], None).is_err());
        assert!(fitted.apply(f64::NAN).is_err());
    }

    #[test]
    fn rows_of_one_answer_or_apart_still_have_a_finite_curve() {
        let scores = [0.1, 0.2, 0.8, 0.9];
        let all_yes = Platt::fit_yes_no(&scores, &[true; 4], None).unwrap();
        assert!((all_yes.apply(0.5).unwrap() - 5.0 / 6.0).abs() < 1e-9);
        let apart = Platt::fit_yes_no(&scores, &[false, false, true, true], None).unwrap();
        assert!(apart.slope < 0.0 && apart.slope.is_finite());
    }

    proptest! {
        #[test]
        fn at_the_optimum_the_mean_is_that_of_the_targets_whatever_the_unit(
            rows in prop::collection::vec((-5.0..5.0f64, any::<bool>()), 2..60),
            unit in 0.001..1000.0f64,
        ) {
            let (scores, actual): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
            let fitted = Platt::fit_yes_no(&scores, &actual, None).unwrap();
            let targets = smoothed(&actual, |_| 1.0);
            let said = sum(scores.iter().map(|&s| fitted.apply(s).unwrap()));
            prop_assert!((said - sum(actual.iter().map(|&yes| targets[usize::from(yes)]))).abs() < 1e-6);
            let scaled: Vec<f64> = scores.iter().map(|s| s * unit).collect();
            let other = Platt::fit_yes_no(&scaled, &actual, None).unwrap();
            for s in scores {
                prop_assert!((fitted.apply(s).unwrap() - other.apply(s * unit).unwrap()).abs() < 1e-6);
            }
        }
    }
}
