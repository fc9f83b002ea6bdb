//! Tests of `linear`.

use super::*;
use crate::conformance::check_fit;
use crate::contract::Predict;
use crate::onnx::OnnxModel;
use domain::Target;
use testkit::mixed;

fn predict(artifact: &Artifact, data: &Examples) -> Vec<f64> {
    let model = OnnxModel::load(artifact).expect("our own bytes");
    model.predict(&data.rows).expect("rows like those of training").values
}

fn log_loss(probability: &[f64], data: &Examples) -> f64 {
    let Target::Class { classes, index } = &data.target else { panic!("classes") };
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    let losses = stats::metric::log_losses(&index, probability, classes.len()).expect("probabilities");
    stats::sum::mean(&losses)
}

#[test]
fn logistic_conforms() {
    check_fit(&Logistic::default(), &mixed::classes(400, 1).examples);
}

#[test]
fn ridge_conforms() {
    check_fit(&Ridge::default(), &mixed::numbers(400, 1).examples);
}

#[test]
fn a_sum_of_effects_is_learned_nearly_as_well_as_it_can_be() {
    let (train, test) = (mixed::classes(8_000, 1), mixed::classes(8_000, 2));
    let artifact = Logistic::default().fit(&train.examples, Seed(1), &mut |_| true).expect("a fit");
    let loss = log_loss(&predict(&artifact, &test.examples), &test.examples);
    // The circle of the day stands in for a step at noon, and towns are noise: a little is lost.
    assert!(loss < test.least_log_loss() + 0.015, "{loss} against {}", test.least_log_loss());
}

#[test]
fn a_line_is_learned_to_within_its_noise() {
    let (train, test) = (mixed::numbers(4_000, 1), mixed::numbers(4_000, 2));
    let artifact = Ridge::default().fit(&train.examples, Seed(1), &mut |_| true).expect("a fit");
    let Target::Number(actual) = &test.examples.target else { panic!("numbers") };
    let found = predict(&artifact, &test.examples);
    let mse = stats::sum::mean(&stats::metric::squared_losses(actual, &found).expect("numbers"));
    // Noise evenly spread from -1 to 1 has variance 1/3.
    assert!(mse < 1.0 / 3.0 + 0.06, "{mse}");
}

#[test]
fn soft_labels_teach_more_than_hard_ones() {
    let (train, test) = (mixed::classes(300, 5), mixed::classes(8_000, 6));
    let hard = Logistic::default().fit(&train.examples, Seed(1), &mut |_| true).expect("a fit");
    let probability = train.truth.iter().flat_map(|&p| [1.0 - p, p]).collect();
    let target = Target::Soft { classes: vec!["no".into(), "yes".into()], probability };
    let soft = Examples { target, ..train.examples.clone() };
    let soft = Logistic::default().fit(&soft, Seed(1), &mut |_| true).expect("a fit");
    let (hard, soft) = (predict(&hard, &test.examples), predict(&soft, &test.examples));
    assert!(log_loss(&soft, &test.examples) < log_loss(&hard, &test.examples) - 0.01);
}

#[test]
fn a_column_named_like_the_answer_is_refused() {
    let mut data = mixed::numbers(100, 1).examples;
    let mut columns = data.rows.clone().into_columns();
    columns[0].name = "value".into();
    data.rows = domain::Table::new(columns).expect("other names");
    let error = Ridge::default().fit(&data, Seed(1), &mut |_| true).expect_err("two things of one name");
    assert!(error.to_string().contains("column `value` has the name of the model's answer"), "{error}");
}

#[test]
fn one_class_is_refused_with_its_name() {
    let mut data = mixed::classes(100, 1).examples;
    data.target = Target::Class { classes: vec!["no".into(), "yes".into()], index: vec![1; 100] };
    let error = Logistic::default().fit(&data, Seed(1), &mut |_| true).expect_err("one class");
    assert_eq!(
        error.to_string(),
        "cannot fit `logistic`: every row is of class `yes`; there is nothing to tell apart"
    );
}

/// `tests/golden/linear.py` fits scikit-learn's models to the same numbers.
#[derive(serde::Deserialize)]
struct Golden {
    columns: Vec<Vec<f32>>,
    binary: GoldenLogistic,
    three: GoldenLogistic,
    ridge: GoldenRidge,
}

#[derive(serde::Deserialize)]
struct GoldenLogistic {
    index: Vec<usize>,
    weight: Vec<f64>,
    penalty: f64,
    coefficients: Vec<Vec<f64>>,
    intercepts: Vec<f64>,
}

#[derive(serde::Deserialize)]
struct GoldenRidge {
    target: Vec<f64>,
    weight: Vec<f64>,
    penalty: f64,
    coefficients: Vec<f64>,
    intercept: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/linear.json")).expect("the committed fixture")
}

fn check_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
}

fn check_logistic(columns: Vec<Vec<f32>>, golden: &GoldenLogistic, classes: usize) {
    let features = Features { rows: golden.index.len(), columns };
    let probability = crate::trees::one_hot(&golden.index, classes);
    let problem = Problem { features: &features, classes, probability: &probability, weight: &golden.weight };
    let start = Weights::zero(features.columns.len(), classes);
    let weights =
        logistic::fit(&problem, golden.penalty, start, Precision::Final, |_| true).expect("not stopped");
    for (sum, (coefficients, &intercept)) in golden.coefficients.iter().zip(&golden.intercepts).enumerate() {
        let (found, free) = weights.sum(sum);
        found.iter().zip(coefficients).for_each(|(&f, &e)| check_near(f, e));
        check_near(free, intercept);
    }
}

#[test]
fn weights_are_those_of_scikit_learn() {
    let golden = golden();
    check_logistic(golden.columns.clone(), &golden.binary, 2);
    check_logistic(golden.columns.clone(), &golden.three, 3);
    let features = Features { rows: golden.ridge.target.len(), columns: golden.columns };
    let moments = Moments::of(&features, &golden.ridge.target, &golden.ridge.weight);
    let line = moments.solve(golden.ridge.penalty).expect("a penalty above 0");
    line.weights.iter().zip(&golden.ridge.coefficients).for_each(|(&f, &e)| check_near(f, e));
    check_near(line.intercept, golden.ridge.intercept);
}
