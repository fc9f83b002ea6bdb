//! What learns from a member's features: one of a few kinds, each with its settings.

use super::{bayes, boost, forest, linear, nearest, perceptron};
use crate::contract::{FitError, Seed};
use crate::encode::Features;
use crate::neural::{Heat, Perceptron};
use crate::onnx::GraphBuilder;
use crate::split::Split;
use crate::supervise::Classes;
use crate::trees::{Averaging, Params};

/// A kind of model with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Learner {
    /// Naive Bayes: multinomial on columns that are never negative, Gaussian on the others.
    NaiveBayes {
        /// What is added to every count. Above 0.
        smoothing: f64,
    },
    /// The classes of the nearest rows.
    Neighbours {
        /// How many; at most all rows are asked.
        k: usize,
    },
    /// A random forest or extra trees.
    Averaged(Averaging),
    /// Multinomial logistic regression.
    Logistic {
        /// The price of large weights, 0 or more.
        penalty: f64,
    },
    /// Boosted trees.
    Boosted {
        /// How they are grown.
        params: Params,
        /// Whether each class is told from all others by trees of its own, or all together by softmax.
        one_vs_all: bool,
        /// Whether rows are held back to find the number of rounds, up to that of `params`; else it is that.
        search: bool,
    },
    /// A multilayer perceptron.
    Perceptron(Perceptron),
}

/// What a learner is given.
pub(crate) struct Job<'a> {
    /// The member's name, for errors.
    pub trainer: &'a str,
    /// One row of features a training row.
    pub x: &'a Features,
    /// What is true of the rows.
    pub target: &'a Classes<'a>,
    /// Rows to choose settings by, where there are enough.
    pub split: Option<&'a Split>,
    /// For a student that is a network: how, and the teacher's probabilities at the temperature.
    pub taught: Option<(Heat, &'a [f64])>,
    /// Where draws start.
    pub seed: Seed,
}

/// A fitted learner.
pub(crate) trait Head: Send + Sync {
    /// Probabilities, one row of classes a row of features.
    fn probabilities(&self, x: &Features) -> Vec<f64>;

    /// Adds it to a graph behind the features `input`, `float [N, columns]`; names its probabilities,
    /// `float [N, classes]`.
    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String;
}

impl Learner {
    /// Whether it knows what to do with a missing feature.
    pub(crate) fn takes_missing(&self) -> bool {
        matches!(self, Learner::Averaged(_) | Learner::Boosted { .. })
    }

    pub(crate) fn fit(
        &self,
        job: &Job<'_>,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Box<dyn Head>, FitError> {
        if !progress(0.0) {
            return Err(FitError::Interrupted);
        }
        match self {
            Learner::NaiveBayes { smoothing } => bayes::fit(job, *smoothing),
            Learner::Neighbours { k } => nearest::fit(job, *k),
            Learner::Averaged(averaging) => forest::fit(job, averaging, progress),
            Learner::Logistic { penalty } => linear::fit(job, *penalty, progress),
            Learner::Boosted { params, one_vs_all, search } => {
                boost::fit(job, params, *one_vs_all, *search, progress)
            }
            Learner::Perceptron(perceptron) => perceptron::fit(job, perceptron, progress),
        }
    }
}

/// Means of several heads, each as good as the other.
pub(super) struct Mean(pub Vec<Box<dyn Head>>);

impl Head for Mean {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        let mut heads = self.0.iter().map(|head| head.probabilities(x));
        let mut sum = heads.next().expect("a mean is of one or more");
        for next in heads {
            sum.iter_mut().zip(next).for_each(|(s, p)| *s += p);
        }
        sum.iter_mut().for_each(|s| *s /= self.0.len() as f64);
        sum
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let names: Vec<String> = self.0.iter().map(|head| head.write(graph, input)).collect();
        if let [one] = names.as_slice() {
            return one.clone();
        }
        let sum = graph.op("Sum", &names, vec![]);
        normalised(graph, &sum)
    }
}

/// Rows divided by their sums.
pub(crate) fn normalised(graph: &mut GraphBuilder, input: &str) -> String {
    let axes = graph.fresh("axes");
    graph.initializer_i64(&axes, &[1], vec![1]);
    let total = graph.op("ReduceSum", &[input, &axes], vec![("keepdims", 1.into())]);
    graph.op("Div", &[input, &total], vec![])
}
