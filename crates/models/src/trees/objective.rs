//! The losses: where boosting starts, their derivatives, and what a raw answer means.

use super::error::TreesError;

/// Predictions are kept this far from 0 and 1 where a logarithm is taken.
const EDGE: f64 = 1e-15;

/// What the trees learn to say. The target has one number a row and output, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// One of several classes, by cross-entropy. The target is a probability for each class, which sum to 1:
    /// all on one for a known class, see [`one_hot`], or a teacher's soft labels.
    Softmax {
        /// How many; at least 2.
        classes: usize,
    },
    /// Whether something is so, by cross-entropy. The target is its probability, 0 to 1.
    Logistic,
    /// A number, by squared error: learns the mean.
    Squared,
    /// A number, by absolute error: learns the median.
    Absolute,
}

/// The softmax target of known classes: 1 for the class, 0 for the others.
pub fn one_hot(class_of_rows: &[usize], classes: usize) -> Vec<f64> {
    let mut target = vec![0.0; class_of_rows.len() * classes];
    class_of_rows.iter().enumerate().for_each(|(row, &class)| target[row * classes + class] = 1.0);
    target
}

impl Objective {
    /// How many numbers it answers for a row.
    pub fn outputs(self) -> usize {
        match self {
            Objective::Softmax { classes } => classes,
            _ => 1,
        }
    }

    /// Turns a row's raw answers into what they mean: logits into probabilities, log odds into one.
    pub fn answer(self, raw: &mut [f64]) {
        match self {
            Objective::Softmax { .. } => softmax(raw),
            Objective::Logistic => raw[0] = 1.0 / (1.0 + (-raw[0]).exp()),
            Objective::Squared | Objective::Absolute => {}
        }
    }

    /// The loss of a row's answers: cross-entropy in nats, the squared or the absolute error.
    pub fn loss(self, answers: &[f64], target: &[f64]) -> f64 {
        let ln = |p: f64| p.clamp(EDGE, 1.0).ln();
        match self {
            Objective::Softmax { .. } => -answers.iter().zip(target).map(|(&p, q)| q * ln(p)).sum::<f64>(),
            Objective::Logistic => -(target[0] * ln(answers[0]) + (1.0 - target[0]) * ln(1.0 - answers[0])),
            Objective::Squared => (answers[0] - target[0]).powi(2),
            Objective::Absolute => (answers[0] - target[0]).abs(),
        }
    }

    /// The first and second derivative of half the squared error, of the others' loss itself, by one raw
    /// answer. Softmax takes the diagonal of the second derivatives K/(K-1) times, which makes up for what
    /// a diagonal leaves out (Friedman, Hastie and Tibshirani 2000, algorithm 6). Absolute error has none;
    /// 1 stands in its place.
    #[inline]
    pub(super) fn derivatives(self, answer: f64, target: f64) -> (f64, f64) {
        let first = answer - target;
        match self {
            Objective::Softmax { classes } => {
                (first, answer * (1.0 - answer) * classes as f64 / (classes as f64 - 1.0))
            }
            Objective::Logistic => (first, answer * (1.0 - answer)),
            Objective::Squared => (first, 1.0),
            Objective::Absolute => (if first == 0.0 { 0.0 } else { first.signum() }, 1.0),
        }
    }

    /// The constant raw answers that fit best; rows weigh `weight`, of which some is above 0.
    pub(super) fn base(self, target: &[f64], weight: &[f64]) -> Vec<f32> {
        let outputs = self.outputs();
        let total: f64 = weight.iter().sum();
        let mean = |output: usize| {
            let of_output = target[output..].iter().step_by(outputs);
            of_output.zip(weight).map(|(q, w)| q * w).sum::<f64>() / total
        };
        match self {
            Objective::Softmax { .. } => (0..outputs).map(|k| mean(k).max(EDGE).ln() as f32).collect(),
            Objective::Logistic => {
                let p = mean(0).clamp(EDGE, 1.0 - EDGE);
                vec![(p / (1.0 - p)).ln() as f32]
            }
            Objective::Squared => vec![mean(0) as f32],
            Objective::Absolute => {
                vec![median(target.iter().copied().zip(weight.iter().copied()).collect()) as f32]
            }
        }
    }

    /// Refuses a target that it cannot learn.
    pub(super) fn check(self, target: &[f64], rows: usize) -> Result<(), TreesError> {
        if let Objective::Softmax { classes } = self
            && classes < 2
        {
            let found = classes.to_string();
            return Err(TreesError::Parameter { name: "classes", found, expected: "at least 2" });
        }
        let outputs = self.outputs();
        if target.len() != rows * outputs {
            let what = "the target".to_string();
            return Err(TreesError::Length { what, found: target.len(), expected: rows * outputs });
        }
        let entry = |row, found: f64, expected| {
            let what = "the target".to_string();
            Err(TreesError::Entry { what, row, found: found.to_string(), expected })
        };
        let probabilities = matches!(self, Objective::Softmax { .. } | Objective::Logistic);
        let fits = |x: f64| if probabilities { (0.0..=1.0).contains(&x) } else { x.is_finite() };
        if let Some(place) = target.iter().position(|&x| !fits(x)) {
            let expected = if probabilities { "a probability from 0 to 1" } else { "a finite number" };
            return entry(place / outputs, target[place], expected);
        }
        if let Objective::Softmax { .. } = self {
            let sums = target.chunks(outputs).map(|row| row.iter().sum::<f64>());
            if let Some((row, sum)) = sums.enumerate().find(|(_, sum)| (sum - 1.0).abs() > 1e-3) {
                return entry(row, sum, "probabilities that sum to 1");
            }
        }
        Ok(())
    }
}

/// A value that has no more than half the weight below it, and no more than half above.
pub(super) fn median(mut weighted: Vec<(f64, f64)>) -> f64 {
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = weighted.iter().map(|v| v.1).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for &(value, weight) in &weighted {
        below += weight;
        if weight > 0.0 && below >= half {
            return value;
        }
    }
    weighted.last().map_or(0.0, |v| v.0)
}

fn softmax(raw: &mut [f64]) {
    let most = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for x in raw.iter_mut() {
        *x = (*x - most).exp();
        sum += *x;
    }
    raw.iter_mut().for_each(|x| *x /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the derivatives with differences of the loss.
    fn check(objective: Objective, raw: &[f64], target: &[f64], half: f64, factor: f64) {
        let loss = |shift: f64| {
            let mut raw = raw.to_vec();
            raw[0] += shift;
            objective.answer(&mut raw);
            half * objective.loss(&raw, target)
        };
        let mut answers = raw.to_vec();
        objective.answer(&mut answers);
        let (first, second) = objective.derivatives(answers[0], target[0]);
        let e = 1e-4;
        assert!((first - (loss(e) - loss(-e)) / (2.0 * e)).abs() < 1e-6);
        let curvature = (loss(e) - 2.0 * loss(0.0) + loss(-e)) / (e * e);
        assert!((second - factor * curvature).abs() < 1e-5, "{second} {curvature}");
    }

    #[test]
    fn derivatives_are_those_of_the_loss() {
        let softmax = Objective::Softmax { classes: 3 };
        check(softmax, &[0.3, -1.0, 2.0], &[0.2, 0.5, 0.3], 1.0, 1.5);
        check(Objective::Logistic, &[0.7], &[0.2], 1.0, 1.0);
        check(Objective::Squared, &[0.7], &[3.0], 0.5, 1.0);
        assert_eq!(Objective::Absolute.derivatives(0.7, 3.0), (-1.0, 1.0));
        assert_eq!(Objective::Absolute.derivatives(3.0, 3.0).0, 0.0);
    }

    #[test]
    fn boosting_starts_from_the_best_constant() {
        let weight = [1.0, 1.0, 2.0];
        let mut base: Vec<f64> = Objective::Softmax { classes: 2 }
            .base(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &weight)
            .iter()
            .map(|&b| f64::from(b))
            .collect();
        Objective::Softmax { classes: 2 }.answer(&mut base);
        assert!((base[0] - 0.5).abs() < 1e-6);
        assert_eq!(Objective::Squared.base(&[1.0, 2.0, 3.0], &weight), [2.25]);
        assert_eq!(Objective::Absolute.base(&[1.0, 2.0, 9.0], &[1.0, 1.0, 1.0]), [2.0]);
        assert!(Objective::Logistic.base(&[1.0, 1.0, 1.0], &weight)[0].is_finite());
    }

    #[test]
    fn the_median_follows_the_weights() {
        assert_eq!(median(vec![(3.0, 1.0), (1.0, 1.0), (2.0, 1.0)]), 2.0);
        assert_eq!(median(vec![(3.0, 5.0), (1.0, 1.0), (2.0, 1.0)]), 3.0);
        assert_eq!(median(vec![(0.0, 0.0), (1.0, 1.0)]), 1.0);
    }

    #[test]
    fn targets_that_cannot_be_are_refused() {
        let softmax = Objective::Softmax { classes: 2 };
        let said = |objective: Objective, target: &[f64], rows| {
            objective.check(target, rows).expect_err("a bad target").to_string()
        };
        assert_eq!(said(softmax, &[0.5, 0.5, 1.0], 2), "the target has 3 entries, expected 4");
        assert_eq!(
            said(softmax, &[0.5, 0.5, 0.5, 0.2], 2),
            "the target, row 1: found 0.7, expected probabilities that sum to 1"
        );
        assert_eq!(
            said(Objective::Logistic, &[0.0, 1.5], 2),
            "the target, row 1: found 1.5, expected a probability from 0 to 1"
        );
        assert_eq!(
            said(Objective::Squared, &[f64::NAN], 1),
            "the target, row 0: found NaN, expected a finite number"
        );
        assert!(Objective::Softmax { classes: 1 }.check(&[1.0], 1).is_err());
    }
}
