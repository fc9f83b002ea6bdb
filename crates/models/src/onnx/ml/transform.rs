//! From scores to probabilities: the `post_transform` that linear models and trees share.

use crate::onnx::node::Node;

/// What happens to a row of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transform {
    /// Nothing.
    None,
    /// Each score by itself through the logistic function.
    Logistic,
    /// All together through softmax.
    Softmax,
    /// As softmax, but scores that are zero stay zero.
    SoftmaxZero,
    /// Each score by itself through the inverse of the normal distribution.
    Probit,
}

impl Transform {
    /// Reads `post_transform`.
    pub fn of(node: &Node<'_>) -> Result<Transform, String> {
        match node.str("post_transform")? {
            None | Some("NONE") => Ok(Transform::None),
            Some("LOGISTIC") => Ok(Transform::Logistic),
            Some("SOFTMAX") => Ok(Transform::Softmax),
            Some("SOFTMAX_ZERO") => Ok(Transform::SoftmaxZero),
            Some("PROBIT") => Ok(Transform::Probit),
            Some(other) => Err(format!("there is no post_transform `{other}`")),
        }
    }

    /// Reads `post_transform` where it is a number.
    pub fn of_code(node: &Node<'_>) -> Result<Transform, String> {
        match node.int("post_transform")? {
            None | Some(0) => Ok(Transform::None),
            Some(1) => Ok(Transform::Softmax),
            Some(2) => Ok(Transform::Logistic),
            Some(3) => Ok(Transform::SoftmaxZero),
            Some(4) => Ok(Transform::Probit),
            Some(other) => Err(format!("there is no post_transform {other}")),
        }
    }

    /// Transforms a row. A single score is only touched by `PROBIT`, as in onnxruntime.
    pub fn apply(self, row: &mut [f32]) {
        match self {
            Transform::Probit => row.iter_mut().for_each(|x| *x = probit(*x)),
            _ if row.len() == 1 => {}
            Transform::None => {}
            Transform::Logistic => row.iter_mut().for_each(|x| *x = logistic(*x)),
            Transform::Softmax => softmax(row),
            Transform::SoftmaxZero => softmax_zero(row),
        }
    }

    /// The scores of both classes, from the one score of a model that tells two classes apart.
    /// `share` says that the score is the second class's share of 1, not a signed margin.
    pub fn both(self, score: f32, share: bool) -> [f32; 2] {
        match self {
            Transform::Logistic => [logistic(-score), logistic(score)],
            _ if share => [1.0 - score, score],
            _ => [-score, score],
        }
    }
}

/// `1 / (1 + exp(-x))`, without overflow.
fn logistic(x: f32) -> f32 {
    let positive = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - positive } else { positive }
}

/// The inverse of the normal distribution by Winitzki's approximation.
fn probit(x: f32) -> f32 {
    let x = 2.0 * x - 1.0;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let v = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    let root = (-v + (v * v - log / 0.147).sqrt()).sqrt();
    std::f32::consts::SQRT_2 * if x < 0.0 { -root } else { root }
}

fn softmax(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::MIN, f32::max);
    row.iter_mut().for_each(|x| *x = (*x - max).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

fn softmax_zero(row: &mut [f32]) {
    const ZERO: f32 = 1e-7;
    let max = row.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for x in row.iter_mut() {
        if x.abs() > ZERO {
            *x = (*x - max).exp();
            sum += *x;
        } else {
            *x *= (-max).exp();
        }
    }
    row.iter_mut().for_each(|x| *x /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(transform: Transform, row: &[f32], expected: &[f32]) {
        let mut row = row.to_vec();
        transform.apply(&mut row);
        let near = row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near, "{transform:?}: {row:?} is not {expected:?}");
    }

    #[test]
    fn each_transform_does_what_its_name_says() {
        check(Transform::None, &[1.0, 2.0], &[1.0, 2.0]);
        check(Transform::Logistic, &[0.0, 2.0], &[0.5, 0.880_797_1]);
        check(Transform::Softmax, &[0.0, 0.0], &[0.5, 0.5]);
        check(Transform::Softmax, &[1000.0, 0.0], &[1.0, 0.0]);
        check(Transform::SoftmaxZero, &[3.0, 0.0, 3.0], &[0.5, 0.0, 0.5]);
        // the approximation is off by 2e-3 at most: the 84.134 % point lies at 1
        let mut row = [0.841_34];
        Transform::Probit.apply(&mut row);
        assert!((row[0] - 1.0).abs() < 2e-3);
    }

    #[test]
    fn one_score_makes_two() {
        assert_eq!(Transform::None.both(0.25, true), [0.75, 0.25]);
        assert_eq!(Transform::None.both(0.25, false), [-0.25, 0.25]);
        assert_eq!(Transform::Logistic.both(0.0, true), [0.5, 0.5]);
    }
}
