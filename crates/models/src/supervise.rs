//! Targets and weights as trainers take them, checked once for all trainers.
//!
//! Not preprocessing: rows stay raw. Invariant of what comes out: as many entries as the examples have rows,
//! all finite, weights 0 or more with some above 0.

use crate::contract::{Artifact, FitError};
use crate::onnx::GraphBuilder;
use domain::{Examples, OutputKind, Schema, Signature, Target, Task};

/// A schema names the categories of a text column up to so many.
pub(crate) const MAX_CATEGORIES: usize = 256;

/// What a model of this target answers.
pub(crate) fn output(target: &Target) -> OutputKind {
    match target {
        Target::Class { classes, .. } | Target::Soft { classes, .. } => {
            OutputKind::Probabilities { classes: classes.clone() }
        }
        Target::Number(_) => OutputKind::Value,
        Target::Path { horizon, .. } => OutputKind::Path { horizon: *horizon },
    }
}

/// Examples of a classification.
pub(crate) struct Classes<'a> {
    /// The class names, sorted.
    pub names: &'a [String],
    /// `rows * names.len()`: each row's probabilities, summing to 1.
    pub probability: Vec<f64>,
    /// One a row.
    pub weight: Vec<f64>,
}

/// Examples of a regression.
pub(crate) struct Numbers<'a> {
    /// One a row.
    pub target: &'a [f64],
    /// One a row.
    pub weight: Vec<f64>,
}

impl Classes<'_> {
    /// The sum of weights of each class.
    pub fn totals(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.names.len()];
        for (row, weight) in self.probability.chunks(self.names.len()).zip(&self.weight) {
            totals.iter_mut().zip(row).for_each(|(t, p)| *t += weight * p);
        }
        totals
    }

    /// The same of these rows only.
    pub fn take(&self, rows: &[usize]) -> Classes<'_> {
        let width = self.names.len();
        let row = |&r: &usize| self.probability[r * width..(r + 1) * width].iter().copied();
        let weight = rows.iter().map(|&r| self.weight[r]).collect();
        Classes { names: self.names, probability: rows.iter().flat_map(row).collect(), weight }
    }

    /// Refuses examples that all belong to one class.
    pub fn need_two(&self, trainer: &str) -> Result<(), FitError> {
        let totals = self.totals();
        if totals.iter().filter(|&&t| t > 0.0).count() >= 2 {
            return Ok(());
        }
        let only = totals.iter().position(|&t| t > 0.0).map_or("", |k| self.names[k].as_str());
        Err(bad(trainer, format!("every row is of class `{only}`; there is nothing to tell apart")))
    }
}

impl Numbers<'_> {
    /// Refuses examples that all have the same target.
    pub fn need_two(&self, trainer: &str) -> Result<(), FitError> {
        let counted = || self.target.iter().zip(&self.weight).filter(|&(_, &w)| w > 0.0).map(|(&y, _)| y);
        let first = counted().next().unwrap_or(0.0);
        if counted().any(|y| y != first) {
            return Ok(());
        }
        Err(bad(trainer, format!("every target is {first}; there is nothing to tell apart")))
    }
}

/// The classes of examples for a trainer that tells classes apart.
pub(crate) fn classes<'a>(trainer: &str, data: &'a Examples) -> Result<Classes<'a>, FitError> {
    let (names, probability) = match &data.target {
        Target::Class { classes, index } => (classes, one_hot(trainer, index, classes)?),
        Target::Soft { classes, probability } => (classes, soft(trainer, probability, classes.len())?),
        other => return Err(wrong_task(trainer, other, "classes")),
    };
    Ok(Classes { names, probability, weight: weights(trainer, data)? })
}

/// The numbers of examples for a trainer that predicts one.
pub(crate) fn numbers<'a>(trainer: &str, data: &'a Examples) -> Result<Numbers<'a>, FitError> {
    let Target::Number(target) = &data.target else {
        return Err(wrong_task(trainer, &data.target, "one number a row"));
    };
    if let Some(row) = target.iter().position(|y| !y.is_finite()) {
        return Err(bad(
            trainer,
            format!("target of row {row} is {}, expected a finite number", target[row]),
        ));
    }
    Ok(Numbers { target, weight: weights(trainer, data)? })
}

/// Weights as trainers of networks take them: 1 on average over the rows that count at all.
pub(crate) fn relative(weight: &[f64]) -> Vec<f32> {
    let counted = weight.iter().filter(|&&w| w > 0.0).count() as f64;
    let average = weight.iter().sum::<f64>() / counted;
    weight.iter().map(|w| (w / average) as f32).collect()
}

/// A finished graph with its signature.
pub(crate) fn artifact(task: Task, inputs: Schema, output: OutputKind, graph: &GraphBuilder) -> Artifact {
    Artifact { onnx: graph.finish(), signature: Signature { task, inputs, output } }
}

/// Refuses a raw column that has the name of the answer: a graph cannot have one name for both.
pub(crate) fn check_names(trainer: &str, inputs: &Schema, answer: &str) -> Result<(), FitError> {
    match inputs.field(answer) {
        None => Ok(()),
        Some(_) => Err(FitError::Write {
            trainer: trainer.into(),
            why: format!("column `{answer}` has the name of the model's answer; rename or drop it"),
        }),
    }
}

/// What examples ask for, in words.
pub(crate) fn describe(target: &Target) -> String {
    match target {
        Target::Class { classes, .. } => format!("{} classes", classes.len()),
        Target::Soft { classes, .. } => format!("probabilities of {} classes", classes.len()),
        Target::Number(_) => "one number a row".into(),
        Target::Path { horizon, .. } => format!("the next {horizon} values of a series"),
    }
}

/// The error of a trainer that does not do this kind of problem.
pub(crate) fn wrong_task(trainer: &str, target: &Target, expected: &str) -> FitError {
    FitError::Task { trainer: trainer.into(), found: describe(target), expected: expected.into() }
}

/// The error of examples that cannot be learned from.
pub(crate) fn bad(trainer: &str, why: String) -> FitError {
    FitError::Data { trainer: trainer.into(), why }
}

fn one_hot(trainer: &str, index: &[u32], classes: &[String]) -> Result<Vec<f64>, FitError> {
    let mut probability = vec![0.0; index.len() * classes.len()];
    for (row, &class) in index.iter().enumerate() {
        if class as usize >= classes.len() {
            let count = classes.len();
            return Err(bad(trainer, format!("row {row} is of class number {class} of {count}, from 0")));
        }
        probability[row * classes.len() + class as usize] = 1.0;
    }
    Ok(probability)
}

fn soft(trainer: &str, probability: &[f64], classes: usize) -> Result<Vec<f64>, FitError> {
    let fits = |row: &[f64]| {
        row.iter().all(|p| (0.0..=1.0).contains(p)) && (row.iter().sum::<f64>() - 1.0).abs() <= 1e-6
    };
    match probability.chunks(classes.max(1)).position(|row| !fits(row)) {
        None => Ok(probability.to_vec()),
        Some(row) => Err(bad(trainer, format!("the probabilities of row {row} do not sum to 1"))),
    }
}

fn weights(trainer: &str, data: &Examples) -> Result<Vec<f64>, FitError> {
    if data.is_empty() {
        return Err(bad(trainer, "there are no rows".into()));
    }
    if data.target.len() != data.len() {
        let (rows, found) = (data.len(), data.target.len());
        return Err(bad(trainer, format!("{rows} rows come with {found} targets")));
    }
    let weight = data.weight.clone().unwrap_or_else(|| vec![1.0; data.len()]);
    if weight.len() != data.len() {
        let (rows, found) = (data.len(), weight.len());
        return Err(bad(trainer, format!("{rows} rows come with {found} weights")));
    }
    if let Some(row) = weight.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(bad(trainer, format!("weight of row {row} is {}, expected 0 or more", weight[row])));
    }
    if weight.iter().all(|&w| w == 0.0) {
        return Err(bad(trainer, "no row has a weight above 0".into()));
    }
    Ok(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Table, Values};

    fn examples(target: Target, weight: Option<Vec<f64>>) -> Examples {
        let values = Values::Number(vec![1.0, 2.0]);
        let rows = Table::new(vec![Column { name: "x".into(), values }]).expect("one column");
        Examples { rows, target, weight, at: None, entity: None }
    }

    fn check(target: Target, weight: Option<Vec<f64>>, expect: &str) {
        let data = examples(target, weight);
        let found = match data.target {
            Target::Number(_) => numbers("t", &data).map(|_| ()),
            _ => classes("t", &data).map(|_| ()),
        };
        assert_eq!(found.map_err(|e| e.to_string()), Err(format!("cannot fit `t`: {expect}")));
    }

    #[test]
    fn what_cannot_be_learned_from_is_named() {
        let names = || vec!["a".to_string(), "b".to_string()];
        let index = |index: &[u32]| Target::Class { classes: names(), index: index.to_vec() };
        let soft = |p: &[f64]| Target::Soft { classes: names(), probability: p.to_vec() };
        check(index(&[0]), None, "2 rows come with 1 targets");
        check(index(&[0, 2]), None, "row 1 is of class number 2 of 2, from 0");
        check(index(&[0, 1]), Some(vec![1.0]), "2 rows come with 1 weights");
        check(index(&[0, 1]), Some(vec![1.0, -1.0]), "weight of row 1 is -1, expected 0 or more");
        check(index(&[0, 1]), Some(vec![0.0, 0.0]), "no row has a weight above 0");
        check(soft(&[0.5, 0.5, 0.5, 0.4]), None, "the probabilities of row 1 do not sum to 1");
        check(Target::Number(vec![1.0, f64::NAN]), None, "target of row 1 is NaN, expected a finite number");
    }

    #[test]
    fn another_kind_of_problem_is_refused() {
        let data = examples(Target::Number(vec![1.0, 2.0]), None);
        let error = classes("logistic", &data).map(|_| ()).expect_err("numbers are no classes");
        assert_eq!(error.to_string(), "trainer `logistic` does not fit one number a row; it fits classes");
    }

    #[test]
    fn classes_are_weighed() {
        let target = Target::Class { classes: vec!["a".into(), "b".into()], index: vec![1, 0] };
        let data = examples(target, Some(vec![3.0, 0.5]));
        assert_eq!(classes("t", &data).expect("two rows").totals(), [0.5, 3.0]);
    }
}
