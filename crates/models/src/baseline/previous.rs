//! The baseline `previous`: the answer of the model in use today, from a column of the table.
//!
//! Not a model of that model: the answer is passed through. Where the column is missing, or names what is no
//! class, the constant answer stands in: the class mix or the mean.

use super::{answer_name, mean, prior};
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::declare;
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise::{self, Classes};
use domain::{Column, Examples, Field, OutputKind, Schema, Target, Task, Values};

/// Probabilities are passed through up to this distance from 0 and 1, so that the log loss stays finite.
const EDGE: f32 = 1e-6;

/// The trainer `previous`.
///
/// What the column may hold: for a regression, a number. For classes, a text: the class, which is answered as
/// sure as it was right on the training rows by Laplace's rule, but never less than any other class. Or
/// numbers that are all class names, such as 0 and 1, which is the same. Or, for two classes, numbers from 0
/// to 1: the probability of the second class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// The column's name.
    pub column: String,
}

/// How a column tells a class.
enum Telling {
    /// By the probability of the second of two classes.
    Probability,
    /// By its name.
    Name,
    /// By its name, which is a number.
    NumberName(Vec<f32>),
}

impl Fit for Previous {
    fn name(&self) -> &str {
        "previous"
    }

    fn fit(&self, data: &Examples, _: Seed, go: &mut dyn FnMut(f64) -> bool) -> Result<Artifact, FitError> {
        if !go(0.0) {
            return Err(FitError::Interrupted);
        }
        let column = data.rows.column(&self.column);
        let column = column
            .ok_or_else(|| supervise::bad("previous", format!("there is no column `{}`", self.column)))?;
        if let Target::Number(_) = data.target { number(data, column) } else { class(data, column) }
    }
}

fn number(data: &Examples, column: &Column) -> Result<Artifact, FitError> {
    let target = supervise::numbers("previous", data)?;
    let Values::Number(_) = column.values else {
        return Err(unfit(column, "numbers"));
    };
    let (mut graph, inputs) = begin(column, Task::Regression)?;
    let stand_in = row(&mut graph, &[mean(target.target, &target.weight)]);
    let known = write_finite(&mut graph, &column.name);
    graph.output("value", Dtype::F32, &[1]);
    graph.node("", "Where", &[&known, &column.name, &stand_in], &["value"], vec![]);
    Ok(supervise::artifact(Task::Regression, inputs, OutputKind::Value, &graph))
}

fn class(data: &Examples, column: &Column) -> Result<Artifact, FitError> {
    let target = supervise::classes("previous", data)?;
    let telling = telling(column, target.names)?;
    let (mut graph, inputs) = begin(column, Task::Classification)?;
    let (known, answer) = match &telling {
        Telling::Probability => write_probability(&mut graph, &column.name),
        Telling::Name => {
            let levels = vec![("cats_strings", target.names.to_vec().into()), ("zeros", 1.into())];
            let hot = graph.ml("OneHotEncoder", &[&column.name], levels);
            let hot = graph.op("Flatten", &[&hot], vec![("axis", 1.into())]);
            write_sure(&mut graph, &hot, target.names.len(), trust(&target, column))
        }
        Telling::NumberName(values) => {
            let names = graph.fresh("classes");
            graph.initializer_f32(&names, &[1, values.len()], values.clone());
            let hot = graph.op("Equal", &[&column.name, &names], vec![]);
            let hot = graph.op("Cast", &[&hot], vec![("to", i64::from(Dtype::F32.code()).into())]);
            write_sure(&mut graph, &hot, target.names.len(), trust(&target, column))
        }
    };
    let stand_in = row(&mut graph, &prior(&target));
    graph.output("probabilities", Dtype::F32, &[target.names.len()]);
    graph.node("", "Where", &[&known, &answer, &stand_in], &["probabilities"], vec![]);
    let output = OutputKind::Probabilities { classes: target.names.to_vec() };
    Ok(supervise::artifact(Task::Classification, inputs, output, &graph))
}

fn telling(column: &Column, classes: &[String]) -> Result<Telling, FitError> {
    let cells = match &column.values {
        Values::Text(_) => return Ok(Telling::Name),
        Values::Number(cells) => cells,
        _ => return Err(unfit(column, "class names or probabilities")),
    };
    let names: Option<Vec<f64>> = classes.iter().map(|c| c.trim().parse().ok()).collect();
    let known = || cells.iter().filter(|x| x.is_finite());
    match names {
        Some(names) if known().all(|x| names.contains(x)) => {
            Ok(Telling::NumberName(names.iter().map(|&x| x as f32).collect()))
        }
        _ if classes.len() == 2 && known().all(|x| (0.0..=1.0).contains(x)) => Ok(Telling::Probability),
        _ => Err(unfit(column, "class names, or for two classes probabilities from 0 to 1")),
    }
}

/// How sure to be of a class that the column names: as often as it was right on the training rows, by
/// Laplace's rule, and more than of any other class.
fn trust(target: &Classes<'_>, column: &Column) -> f64 {
    let classes = target.names.len();
    let (mut right, mut told) = (0.0, 0.0);
    for (row, weight) in target.weight.iter().enumerate() {
        let name = match &column.values {
            Values::Text(cells) => target.names.iter().position(|n| Some(n) == cells[row].as_ref()),
            Values::Number(cells) => target.names.iter().position(|n| n.trim().parse() == Ok(cells[row])),
            _ => None,
        };
        if let Some(class) = name {
            told += weight;
            right += weight * target.probability[row * classes + class];
        }
    }
    let even = 1.0 / classes as f64;
    ((right + 1.0) / (told + classes as f64)).max(even + (1.0 - even) * 1e-3)
}

/// The probability of the second class, and one minus it before; known where the column is a number.
fn write_probability(graph: &mut GraphBuilder, column: &str) -> (String, String) {
    let known = write_finite(graph, column);
    let [low, high, one] = [EDGE, 1.0 - EDGE, 1.0].map(|x| {
        let name = graph.fresh("edge");
        graph.initializer_f32(&name, &[], vec![x]);
        name
    });
    let second = graph.op("Clip", &[column, &low, &high], vec![]);
    let first = graph.op("Sub", &[&one, &second], vec![]);
    let both = graph.op("Concat", &[&first, &second], vec![("axis", 1.into())]);
    (known, both)
}

/// A sure answer of the one class that is hot; known where one is.
fn write_sure(graph: &mut GraphBuilder, hot: &str, classes: usize, trust: f64) -> (String, String) {
    let rest = (1.0 - trust) / (classes as f64 - 1.0).max(1.0);
    let [half, trust, rest] = [0.5, trust, rest].map(|x| {
        let name = graph.fresh("trust");
        graph.initializer_f32(&name, &[1], vec![x as f32]);
        name
    });
    let named = graph.op("Greater", &[hot, half.as_str()], vec![]);
    let some = graph.op("ReduceMax", &[hot], vec![("axes", vec![1i64].into()), ("keepdims", 1.into())]);
    let known = graph.op("Greater", &[&some, &half], vec![]);
    (known, graph.op("Where", &[&named, &trust, &rest], vec![]))
}

/// Where a number is neither missing nor infinite: `bool [N, 1]`.
fn write_finite(graph: &mut GraphBuilder, column: &str) -> String {
    let nothing = graph.op("Sub", &[column, column], vec![]);
    let missing = graph.op("IsNaN", &[&nothing], vec![]);
    graph.op("Not", &[&missing], vec![])
}

fn begin(column: &Column, task: Task) -> Result<(GraphBuilder, Schema), FitError> {
    let inputs = Schema { fields: vec![Field::observed(column, crate::encode::MAX_CATEGORIES)] };
    supervise::check_names("previous", &inputs, answer_name(task))?;
    let mut graph = GraphBuilder::new("previous");
    declare(&mut graph, &inputs);
    Ok((graph, inputs))
}

fn row(graph: &mut GraphBuilder, answer: &[f64]) -> String {
    let name = graph.fresh("stand_in");
    graph.initializer_f32(&name, &[1, answer.len()], answer.iter().map(|&x| x as f32).collect());
    name
}

fn unfit(column: &Column, expected: &str) -> FitError {
    let (name, found) = (&column.name, column.values.kind());
    supervise::bad("previous", format!("column `{name}` ({found}) does not hold {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::check_fit;
    use crate::contract::Predict;
    use crate::onnx::OnnxModel;
    use domain::Table;
    use testkit::mixed;

    const TRAINER: &str = "old model";

    fn previous() -> Previous {
        Previous { column: TRAINER.into() }
    }

    fn with(data: &Examples, values: Values) -> Examples {
        let mut columns = data.rows.clone().into_columns();
        columns.push(Column { name: TRAINER.into(), values });
        let rows = Table::new(columns).expect("as many rows");
        Examples { rows, ..data.clone() }
    }

    fn small(values: Values, target: Target) -> Examples {
        let rows = Table::new(vec![Column { name: TRAINER.into(), values }]).expect("one column");
        Examples { rows, target, weight: None, at: None, entity: None }
    }

    fn class(names: &[&str], index: &[u32]) -> Target {
        Target::Class { classes: names.iter().map(|n| n.to_string()).collect(), index: index.to_vec() }
    }

    fn check(data: &Examples, expect: &[&[f64]]) {
        let artifact = previous().fit(data, Seed(1), &mut |_| true).expect("a fit");
        let model = OnnxModel::load(&artifact).expect("our own bytes");
        let outputs = model.predict(&data.rows).expect("the training rows");
        for (row, expect) in expect.iter().enumerate() {
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6;
            assert!(outputs.row(row).iter().zip(*expect).all(near), "row {row}: {:?}", outputs.row(row));
        }
    }

    #[test]
    fn every_kind_of_column_conforms() {
        let mixed = mixed::classes(200, 1);
        check_fit(&previous(), &with(&mixed.examples, Values::Number(mixed.truth.clone())));
        let named = |p: &f64| Some(if *p > 0.5 { "yes" } else { "no" }.to_string());
        check_fit(&previous(), &with(&mixed.examples, Values::Text(mixed.truth.iter().map(named).collect())));
        let numbers = mixed::numbers(200, 1);
        check_fit(&previous(), &with(&numbers.examples, Values::Number(numbers.truth.clone())));
    }

    #[test]
    fn a_probability_is_passed_through() {
        let data = small(Values::Number(vec![0.25, f64::NAN, 1.0]), class(&["no", "yes"], &[0, 0, 1]));
        check(&data, &[&[0.75, 0.25], &[2.0 / 3.0, 1.0 / 3.0], &[1e-6, 1.0 - 1e-6]]);
    }

    #[test]
    fn a_class_is_answered_as_sure_as_it_was_right() {
        let cells = ["a", "a", "a", "c", "x"].map(|c| Some(c.to_string())).to_vec();
        let data = small(Values::Text(cells), class(&["a", "b", "c"], &[0, 0, 1, 2, 2]));
        // Right 3 times of 4 that named a class: (3 + 1) / (4 + 3).
        let (sure, rest) = (4.0 / 7.0, 1.5 / 7.0);
        check(
            &data,
            &[&[sure, rest, rest], &[sure, rest, rest], &[sure], &[rest, rest, sure], &[0.4, 0.2, 0.4]],
        );
    }

    #[test]
    fn a_number_may_name_a_class() {
        let data = small(Values::Number(vec![0.0, 1.0, 1.0]), class(&["0", "1"], &[0, 1, 0]));
        check(&data, &[&[0.6, 0.4], &[0.4, 0.6], &[0.4, 0.6]]);
    }

    #[test]
    fn a_model_that_is_always_wrong_still_names_its_class_first() {
        let data = small(Values::Number(vec![0.0, 1.0]), class(&["0", "1"], &[1, 0]));
        check(&data, &[&[0.5005, 0.4995], &[0.4995, 0.5005]]);
    }

    #[test]
    fn what_holds_no_answer_is_refused() {
        let fit = |data: &Examples| {
            previous().fit(data, Seed(1), &mut |_| true).map(|_| ()).map_err(|e| e.to_string())
        };
        let data = small(Values::Number(vec![3.0, 7.0]), class(&["no", "yes"], &[0, 1]));
        assert_eq!(
            fit(&data),
            Err("cannot fit `previous`: column `old model` (number) does not hold class names, or for two classes probabilities from 0 to 1".into())
        );
        let data = small(Values::Text(vec![None]), Target::Number(vec![1.0]));
        assert_eq!(
            fit(&data),
            Err("cannot fit `previous`: column `old model` (text) does not hold numbers".into())
        );
        let other = Previous { column: "x".into() }.fit(&data, Seed(1), &mut |_| true);
        assert!(other.expect_err("no such column").to_string().contains("there is no column `x`"));
    }
}
