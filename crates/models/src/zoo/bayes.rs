//! Naive Bayes, as a learner.
//!
//! *What it answers*: how probable each class is when columns are taken as independent within it. *Assumptions*:
//! columns that are never negative are counts of one multinomial, others are normal within a class.
//! *When it misleads*: columns that go together count twice, so it is far too sure; its order of classes is better than
//! its numbers, which a stack mends. *Source*: McCallum and Nigam 1998; Manning, Raghavan and Schütze 2008, chapter 13. *Checked against*: the
//! formula on a table worked by hand.

use super::learner::{Head, Job};
use super::space::by_row;
use crate::contract::FitError;
use crate::encode::Features;
use crate::onnx::GraphBuilder;
use crate::supervise::bad;

/// Variances are kept above this share of the largest, as scikit-learn does, but much wider: cells are scaled.
const LEAST_VARIANCE: f64 = 1e-3;

/// Log probabilities as sums: `linear x + square x² + constant`.
struct Bayes {
    columns: usize,
    classes: usize,
    /// `columns * classes`, a column's classes side by side.
    linear: Vec<f32>,
    /// The same; `None` where no column is normal.
    square: Option<Vec<f32>>,
    constant: Vec<f32>,
}

/// A class's weighted sums of a column: of weights, values and squares.
#[derive(Default, Clone, Copy)]
struct Sums(f64, f64, f64);

pub(super) fn fit(job: &Job<'_>, smoothing: f64) -> Result<Box<dyn Head>, FitError> {
    if !(smoothing > 0.0 && smoothing.is_finite()) {
        return Err(bad(job.trainer, format!("smoothing is {smoothing}, expected a number above 0")));
    }
    let (columns, classes) = (job.x.columns.len(), job.target.names.len());
    let totals = job.target.totals();
    let all: f64 = totals.iter().sum();
    let prior = |t: &f64| ((t + smoothing) / (all + smoothing * classes as f64)).ln();
    let mut constant: Vec<f64> = totals.iter().map(prior).collect();
    let (mut linear, mut square) = (vec![0.0; columns * classes], vec![0.0; columns * classes]);
    let counted: Vec<bool> = job.x.columns.iter().map(|c| c.iter().all(|&x| x >= 0.0)).collect();
    let sums: Vec<Vec<Sums>> = job.x.columns.iter().map(|c| class_sums(c, job)).collect();
    let words = counted.iter().filter(|&&c| c).count() as f64;
    for class in 0..classes {
        let together: f64 = (0..columns).filter(|&c| counted[c]).map(|c| sums[c][class].1).sum();
        for column in 0..columns {
            let place = column * classes + class;
            if counted[column] {
                linear[place] = ((sums[column][class].1 + smoothing) / (together + smoothing * words)).ln();
                continue;
            }
            let (mean, variance) = normal(&sums[column], class);
            square[place] = -0.5 / variance;
            linear[place] = mean / variance;
            constant[class] -= 0.5 * (mean * mean / variance + variance.ln());
        }
    }
    let single = |v: Vec<f64>| v.into_iter().map(|x| x as f32).collect::<Vec<f32>>();
    let square = counted.iter().any(|&c| !c).then(|| single(square));
    Ok(Box::new(Bayes { columns, classes, linear: single(linear), square, constant: single(constant) }))
}

fn class_sums(column: &[f32], job: &Job<'_>) -> Vec<Sums> {
    let classes = job.target.names.len();
    let mut sums = vec![Sums::default(); classes];
    for ((&x, row), weight) in
        column.iter().zip(job.target.probability.chunks_exact(classes)).zip(&job.target.weight)
    {
        let x = f64::from(x);
        for (sum, p) in sums.iter_mut().zip(row) {
            let w = weight * p;
            (sum.0, sum.1, sum.2) = (sum.0 + w, sum.1 + w * x, sum.2 + w * x * x);
        }
    }
    sums
}

/// Mean and variance of a column in a class; those of all rows where the class has none.
fn normal(sums: &[Sums], class: usize) -> (f64, f64) {
    let all = sums.iter().fold(Sums::default(), |a, b| Sums(a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let of = |s: Sums| (s.1 / s.0, (s.2 / s.0 - (s.1 / s.0).powi(2)).max(0.0));
    let (whole, spread) = of(all);
    let (mean, variance) = if sums[class].0 > 0.0 { of(sums[class]) } else { (whole, spread) };
    (mean, variance.max(LEAST_VARIANCE * spread).max(1e-6))
}

impl Head for Bayes {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        let rows = by_row(x);
        let row = |row: &[f32]| {
            let mut scores: Vec<f64> = self.constant.iter().map(|&c| f64::from(c)).collect();
            for (column, &x) in row.iter().enumerate() {
                for (class, score) in scores.iter_mut().enumerate() {
                    let place = column * self.classes + class;
                    let square = self.square.as_ref().map_or(0.0, |s| s[place]);
                    *score +=
                        f64::from(x) * (f64::from(self.linear[place]) + f64::from(square) * f64::from(x));
                }
            }
            stats::distill::softmax(&scores, self.classes, 1.0)
                .expect("scores are finite, classes two or more")
        };
        rows.chunks_exact(self.columns).flat_map(row).collect()
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let (linear, constant) = (graph.fresh("linear"), graph.fresh("constant"));
        graph.initializer_f32(&linear, &[self.columns, self.classes], self.linear.clone());
        graph.initializer_f32(&constant, &[self.classes], self.constant.clone());
        let mut scores = graph.op("Gemm", &[input, &linear, &constant], vec![]);
        if let Some(square) = &self.square {
            let name = graph.fresh("square");
            graph.initializer_f32(&name, &[self.columns, self.classes], square.clone());
            let squares = graph.op("Mul", &[input, input], vec![]);
            let more = graph.op("MatMul", &[&squares, &name], vec![]);
            scores = graph.op("Add", &[&scores, &more], vec![]);
        }
        graph.op("Softmax", &[&scores], vec![("axis", 1.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Seed;
    use crate::supervise::Classes;

    #[test]
    fn counts_are_those_of_the_formula() {
        let names = ["a", "b"].map(String::from);
        let x = Features { rows: 3, columns: vec![vec![3.0, 1.0, 0.0], vec![1.0, 0.0, 2.0]] };
        let target =
            Classes { names: &names, probability: vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0], weight: vec![1.0; 3] };
        let job = Job { trainer: "t", x: &x, target: &target, split: None, taught: None, seed: Seed(1) };
        let head = fit(&job, 1.0).expect("a fit");
        let found = head.probabilities(&Features { rows: 1, columns: vec![vec![2.0], vec![1.0]] });
        // priors 3/5 and 2/5; words of a: 5/7 and 2/7, of b: 1/4 and 3/4
        let (a, b) = (0.6 * (5.0f64 / 7.0).powi(2) * 2.0 / 7.0, 0.4 * 0.25f64.powi(2) * 0.75);
        assert!((found[0] - a / (a + b)).abs() < 1e-6, "{found:?}");
        assert!(fit(&job, 0.0).is_err());
    }
}
