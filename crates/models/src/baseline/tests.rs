//! Tests of `baseline`.

use super::*;
use crate::conformance::check_fit;
use crate::contract::Predict;
use crate::onnx::OnnxModel;
use domain::{Column, Table, Values};
use testkit::mixed;

fn examples(target: Target, weight: Option<Vec<f64>>) -> Examples {
    let values = Values::Text(vec![Some("some text".into()); target.len()]);
    let rows = Table::new(vec![Column { name: "x".into(), values }]).expect("one column");
    Examples { rows, target, weight, at: None, entity: None }
}

fn class(index: &[u32]) -> Target {
    Target::Class { classes: ["a", "b", "c"].map(String::from).to_vec(), index: index.to_vec() }
}

/// Fits, and answers the first row.
fn check(trainer: &dyn Fit, data: &Examples, expect: &[f64]) {
    let artifact = trainer.fit(data, Seed(1), &mut |_| true).expect("a fit");
    let model = OnnxModel::load(&artifact).expect("our own bytes");
    let outputs = model.predict(&data.rows).expect("the training rows");
    assert_eq!(outputs.rows(), data.len());
    for (found, expect) in outputs.row(0).iter().zip(expect) {
        assert!((found - expect).abs() < 1e-6, "{:?}", outputs.row(0));
    }
}

#[test]
fn constants_conform() {
    let classes = mixed::classes(120, 1).examples;
    check_fit(&Prior, &classes);
    check_fit(&Majority, &classes);
    let numbers = mixed::numbers(120, 1).examples;
    check_fit(&Mean, &numbers);
    check_fit(&Median, &numbers);
}

#[test]
fn the_prior_is_the_class_mix() {
    let data = examples(class(&[0, 0, 0, 1, 1, 2, 0, 0, 1, 2]), None);
    check(&Prior, &data, &[0.5, 0.3, 0.2]);
    check(
        &Prior,
        &examples(class(&[0, 1, 2]), Some(vec![3.0, 1.0, 0.5])),
        &[3.0 / 4.5, 1.0 / 4.5, 0.5 / 4.5],
    );
}

#[test]
fn a_class_without_rows_is_not_impossible() {
    check(&Prior, &examples(class(&[0, 0, 1]), None), &[3.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0]);
}

#[test]
fn the_majority_is_sure_but_not_too_sure() {
    check(&Majority, &examples(class(&[1, 1, 0, 2, 2]), None), &[1.0 / 8.0, 6.0 / 8.0, 1.0 / 8.0]);
}

#[test]
fn mean_and_median_are_weighted() {
    let numbers = |v: &[f64]| Target::Number(v.to_vec());
    check(&Mean, &examples(numbers(&[1.0, 2.0, 9.0]), None), &[4.0]);
    check(&Mean, &examples(numbers(&[1.0, 2.0, 9.0]), Some(vec![2.0, 1.0, 1.0])), &[13.0 / 4.0]);
    check(&Median, &examples(numbers(&[9.0, 1.0, 2.0]), None), &[2.0]);
    check(&Median, &examples(numbers(&[9.0, 1.0, 2.0, 4.0]), None), &[3.0]);
    check(&Median, &examples(numbers(&[9.0, 1.0, 2.0]), Some(vec![5.0, 1.0, 1.0])), &[9.0]);
}

#[test]
fn the_floor_needs_no_input() {
    let classes = floor(&examples(class(&[0, 0, 1, 2]), None)).expect("four rows");
    assert_eq!(classes.values, [0.5, 0.25, 0.25]);
    let path = Target::Path { horizon: 2, values: vec![1.0, 10.0, 3.0, f64::NAN] };
    let path = floor(&examples(path, None)).expect("two rows");
    assert_eq!((path.kind, path.values), (OutputKind::Path { horizon: 2 }, vec![2.0, 10.0]));
    assert_eq!(floor(&examples(class(&[]), None)), None);
}

#[test]
fn another_kind_of_problem_is_refused() {
    let error = Mean.fit(&examples(class(&[0, 1]), None), Seed(1), &mut |_| true).expect_err("classes");
    assert_eq!(error.to_string(), "trainer `mean` does not fit 3 classes; it fits one number a row");
}
