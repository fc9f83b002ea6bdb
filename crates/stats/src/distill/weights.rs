//! Blend weights of least log loss, found on rows that none of the models learned from.

use super::blend::{Blend, Group};
use super::temperature::FLOOR;
use crate::input::{self, BadInput};
use crate::metric::check_probabilities;

/// The search ends when no weights can be better by more than this many nats a row, or after so many steps.
const CONTENT: f64 = 1e-7;
const STEPS: usize = 2000;
/// A step grows by this factor after success.
const BOLDER: f64 = 1.5;

/// How models are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Weighted sums.
    Arithmetic,
    /// Weighted products, renormalised.
    Geometric,
}

/// Weights, 0 or more and summing to 1, of least mean log loss; `models[m]` holds `classes.len() * width`
/// probabilities.
///
/// - *What it answers.* How much each model should say.
/// - *Assumptions.* Rows that no model learned from: out-of-fold answers. Both losses are convex in the weights,
///   so what is found is the least there is, to 1e-7 nats.
/// - *When it misleads.* On few rows, or with many models, the weights fit the noise; in-fold answers give all
///   weight to the model that learned its rows by heart.
/// - *Source.* Kivinen and Warmuth 1997 (exponentiated gradient), with a step that halves until the loss falls;
///   stopped by the gap of Jaggi 2013.
/// - *Checked against.* A grid over the simplex.
pub fn fit_weights(
    models: &[&[f64]],
    classes: &[usize],
    width: usize,
    pool: Pool,
) -> Result<Vec<f64>, BadInput> {
    input::at_least("models", models.len(), 1)?;
    for model in models {
        check_probabilities(classes, model, width)?;
    }
    let problem = Problem { models, classes, width, pool };
    let mut weights = vec![1.0 / models.len() as f64; models.len()];
    let (mut loss, mut slope) = problem.loss(&weights);
    let mut step = 1.0;
    for _ in 0..STEPS {
        if gap(&weights, &slope) < CONTENT || step < 1e-12 {
            break;
        }
        let next = moved(&weights, &slope, step);
        let (next_loss, next_slope) = problem.loss(&next);
        if next_loss < loss {
            (weights, loss, slope, step) = (next, next_loss, next_slope, step * BOLDER);
        } else {
            step *= 0.5;
        }
    }
    Ok(weights)
}

/// Exponents within each group, then the groups' weights: a [`Blend`] fitted in two convex steps. `groups`
/// lists places of `models`; see [`fit_weights`].
pub fn fit_blend(
    models: &[&[f64]],
    classes: &[usize],
    width: usize,
    groups: &[Vec<usize>],
) -> Result<Blend, BadInput> {
    let mut fitted = Vec::new();
    let mut pooled = Vec::new();
    for group in groups {
        if let Some(&place) = group.iter().find(|&&place| place >= models.len()) {
            let expected = "the place of one of the models";
            return Err(BadInput::Value { what: "member", row: None, found: place as f64, expected });
        }
        let members: Vec<&[f64]> = group.iter().map(|&place| models[place]).collect();
        let powers = fit_weights(&members, classes, width, Pool::Geometric)?;
        let members = group.iter().copied().zip(powers).collect();
        let alone = Group { weight: 1.0, members };
        pooled.push(Blend { groups: vec![alone.clone()] }.apply(models, width)?);
        fitted.push(alone);
    }
    let pooled: Vec<&[f64]> = pooled.iter().map(Vec::as_slice).collect();
    let weights = fit_weights(&pooled, classes, width, Pool::Arithmetic)?;
    fitted.iter_mut().zip(weights).for_each(|(group, weight)| group.weight = weight);
    Ok(Blend { groups: fitted })
}

struct Problem<'a> {
    models: &'a [&'a [f64]],
    classes: &'a [usize],
    width: usize,
    pool: Pool,
}

impl Problem<'_> {
    /// The mean log loss and its derivative by each weight.
    fn loss(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let mut loss = 0.0;
        let mut slope = vec![0.0; weights.len()];
        for (row, &class) in self.classes.iter().enumerate() {
            loss += match self.pool {
                Pool::Arithmetic => self.arithmetic(weights, row, class, &mut slope),
                Pool::Geometric => self.geometric(weights, row, class, &mut slope),
            };
        }
        let rows = self.classes.len() as f64;
        slope.iter_mut().for_each(|s| *s /= rows);
        (loss / rows, slope)
    }

    fn arithmetic(&self, weights: &[f64], row: usize, class: usize, slope: &mut [f64]) -> f64 {
        let of = |model: &&[f64]| model[row * self.width + class].max(FLOOR);
        let p: f64 = self.models.iter().zip(weights).map(|(m, w)| w * of(m)).sum();
        slope.iter_mut().zip(self.models).for_each(|(s, m)| *s -= of(m) / p);
        -p.ln()
    }

    fn geometric(&self, weights: &[f64], row: usize, class: usize, slope: &mut [f64]) -> f64 {
        let log = |model: &[f64], k: usize| model[row * self.width + k].max(FLOOR).ln();
        let mut logits = vec![0.0; self.width];
        for (model, w) in self.models.iter().zip(weights) {
            logits.iter_mut().enumerate().for_each(|(k, z)| *z += w * log(model, k));
        }
        let p = super::temperature::softmax_row(&logits, 1.0);
        for (s, model) in slope.iter_mut().zip(self.models) {
            let expected: f64 = p.iter().enumerate().map(|(k, p)| p * log(model, k)).sum();
            *s += expected - log(model, class);
        }
        -p[class].max(FLOOR).ln()
    }
}

/// By how much the loss may yet fall: the loss is convex, so no weights are better than its tangent says.
fn gap(weights: &[f64], slope: &[f64]) -> f64 {
    let here: f64 = weights.iter().zip(slope).map(|(w, s)| w * s).sum();
    here - slope.iter().copied().fold(f64::INFINITY, f64::min)
}

fn moved(weights: &[f64], slope: &[f64], step: f64) -> Vec<f64> {
    let least = slope.iter().copied().fold(f64::INFINITY, f64::min);
    let mut next: Vec<f64> =
        weights.iter().zip(slope).map(|(w, s)| w * (-step * (s - least)).exp()).collect();
    let total: f64 = next.iter().sum();
    next.iter_mut().for_each(|w| *w /= total);
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::log_losses;
    use crate::random::unit;
    use crate::sum::mean;

    /// Three models of three classes: of 400 rows each knows another part of the truth.
    fn models() -> (Vec<usize>, Vec<Vec<f64>>) {
        let classes: Vec<usize> = (0..400).map(|i| i % 3).collect();
        let model = |m: u64| -> Vec<f64> {
            let row = |(i, &class): (usize, &usize)| {
                let sharp = 3.0 * unit(m, 1, i as u64) - 0.6 * m as f64;
                let logit =
                    |k: usize| f64::from(u8::from(k == class)) * sharp + unit(m, 2 + k as u64, i as u64);
                super::super::temperature::softmax_row(&[logit(0), logit(1), logit(2)], 1.0)
            };
            classes.iter().enumerate().flat_map(row).collect()
        };
        let models = (0..3).map(model).collect();
        (classes, models)
    }

    fn check(pool: Pool, score: impl Fn(&[f64], &[&[f64]]) -> Vec<f64>) {
        let (classes, models) = models();
        let models: Vec<&[f64]> = models.iter().map(Vec::as_slice).collect();
        let loss = |w: &[f64]| mean(&log_losses(&classes, &score(w, &models), 3).unwrap());
        let found = fit_weights(&models, &classes, 3, pool).unwrap();
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let least = loss(&found);
        for i in 0..=20 {
            for j in 0..=20 - i {
                let w = [i as f64 / 20.0, j as f64 / 20.0, (20 - i - j) as f64 / 20.0];
                assert!(least <= loss(&w) + 1e-6, "{found:?} {least} against {w:?} {}", loss(&w));
            }
        }
    }

    #[test]
    fn no_weights_of_a_grid_are_better() {
        let whole = |w: &[f64]| w.iter().copied().enumerate().collect::<Vec<_>>();
        check(Pool::Geometric, |w, m| {
            Blend { groups: vec![Group { weight: 1.0, members: whole(w) }] }.apply(m, 3).unwrap()
        });
        check(Pool::Arithmetic, |w, m| {
            let groups = whole(w).into_iter().map(|(i, weight)| Group { weight, members: vec![(i, 1.0)] });
            Blend { groups: groups.collect() }.apply(m, 3).unwrap()
        });
    }

    #[test]
    fn a_blend_is_no_worse_than_its_best_model() {
        let (classes, models) = models();
        let models: Vec<&[f64]> = models.iter().map(Vec::as_slice).collect();
        let blend = fit_blend(&models, &classes, 3, &[vec![0, 1], vec![2]]).unwrap();
        let loss = |p: &[f64]| mean(&log_losses(&classes, p, 3).unwrap());
        let best = models.iter().map(|m| loss(m)).fold(f64::INFINITY, f64::min);
        assert!(loss(&blend.apply(&models, 3).unwrap()) <= best + 1e-6);
        assert!(fit_blend(&models, &classes, 3, &[vec![3]]).is_err());
        assert!(fit_weights(&[], &classes, 3, Pool::Arithmetic).is_err());
    }
}
