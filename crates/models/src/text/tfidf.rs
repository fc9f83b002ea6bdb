//! The trainer `tfidf`: rare words weigh more, repeated ones less than twice as much, and all texts are of
//! length 1; then multinomial logistic regression, its penalty chosen on held-back rows.

use super::features::Features;
use super::fit::{Loss, Weights};
use super::vocabulary::Weighting;
use super::{FINAL, ROUGH, held_back, problem};
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::linear::Portion;
use crate::onnx::{Dtype, GraphBuilder};
use crate::split::Split;
use crate::supervise::{self, Classes};
use domain::{Examples, OutputKind, Task};

/// The penalties tried, from strong to weak. Rows have length 1, so one range suits all data.
const PENALTIES: [f64; 8] = [100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01];
/// The penalty where there are too few rows or instants to hold some back: scikit-learn's.
const FALLBACK_PENALTY: f64 = 1.0;

/// The trainer `tfidf`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tfidf {
    /// The price of large weights; `None` chooses among eight by held-back rows.
    pub penalty: Option<f64>,
}

impl Fit for Tfidf {
    fn name(&self) -> &str {
        "tfidf"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        target.need_two(self.name())?;
        let features = Features::learn(self.name(), &data.rows, Weighting::TfIdf)?;
        let splits = if self.penalty.is_some() { vec![] } else { held_back(data, seed) };
        let mut part = Portion { done: 0, of: splits.len() * PENALTIES.len() + 1, progress };
        let penalty = match self.penalty {
            Some(penalty) => penalty,
            None => choose(&features, &target, &splits, &mut part)?,
        };
        let start = Weights::zero(features.matrix.width, target.names.len());
        let weights = problem(features.matrix.clone(), &target)
            .fit(Loss::Log, penalty, start, FINAL, |made| part.goes_on(made))
            .ok_or(FitError::Interrupted)?;
        Ok(write(&features, target.names, &weights))
    }
}

/// The penalty of least loss on held-back rows, the strongest of equals. Weights at each penalty start from
/// those at the one before, which are close.
fn choose(
    features: &Features,
    target: &Classes<'_>,
    splits: &[Split],
    part: &mut Portion<'_>,
) -> Result<f64, FitError> {
    let mut losses = [0.0; PENALTIES.len()];
    for split in splits {
        let learn = problem(features.matrix.take(&split.learn), &target.take(&split.learn));
        let judge = problem(features.matrix.take(&split.choose), &target.take(&split.choose));
        let mut weights = Weights::zero(features.matrix.width, target.names.len());
        for (loss, &penalty) in losses.iter_mut().zip(&PENALTIES) {
            weights = learn
                .fit(Loss::Log, penalty, weights, ROUGH, |made| part.goes_on(made))
                .ok_or(FitError::Interrupted)?;
            *loss += judge.loss(Loss::Log, &weights);
            part.done += 1;
        }
    }
    if splits.is_empty() {
        return Ok(FALLBACK_PENALTY);
    }
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(losses.iter().position(|&loss| loss == least).map_or(FALLBACK_PENALTY, |i| PENALTIES[i]))
}

fn write(features: &Features, classes: &[String], weights: &Weights) -> Artifact {
    let (width, count) = (features.matrix.width, classes.len());
    // Two classes share one sum: that of the first class stays 0.
    let sum = |class: usize| match (count, class) {
        (2, 0) => None,
        (2, _) => Some(weights.sum(0)),
        _ => Some(weights.sum(class)),
    };
    let weight = |place: usize| sum(place % count).map_or(0.0, |(w, _)| w[place / count] as f32);
    let intercepts = (0..count).map(|class| sum(class).map_or(0.0, |(_, b)| b as f32)).collect();
    let mut graph = GraphBuilder::new("tfidf");
    let all: Vec<f32> = (0..width * count).map(weight).collect();
    let scores = features.write(&mut graph, &all, intercepts);
    graph.output("probabilities", Dtype::F32, &[count]);
    graph.node("", "Softmax", &[&scores], &["probabilities"], vec![("axis", 1.into())]);
    let output = OutputKind::Probabilities { classes: classes.to_vec() };
    supervise::artifact(Task::Classification, features.inputs().clone(), output, &graph)
}
