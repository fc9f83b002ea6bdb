//! Tests of `boosted`.

use super::*;
use crate::conformance::check_fit;
use crate::contract::Predict;
use crate::onnx::OnnxModel;
use domain::Timestamp;
use testkit::mixed;

/// Few and large steps: what is promised does not depend on how long a fit takes.
fn quick() -> Trees {
    let params = Params { rounds: 30, learning_rate: 0.2, max_leaves: 8, patience: 5, ..Params::default() };
    Trees { params, ..Trees::default() }
}

fn predict(artifact: &Artifact, data: &Examples) -> Vec<f64> {
    let model = OnnxModel::load(artifact).expect("our own bytes");
    model.predict(&data.rows).expect("rows like those of training").values
}

#[test]
fn trees_conform_for_classes_and_numbers() {
    check_fit(&quick(), &mixed::classes(300, 1).examples);
    check_fit(&quick(), &mixed::numbers(300, 1).examples);
}

#[test]
fn trees_conform_for_soft_labels_of_three_classes() {
    let mixed = mixed::classes(300, 1);
    let classes = ["a", "b", "c"].map(String::from).to_vec();
    let probability = mixed.truth.iter().flat_map(|&p| [p * p, p * (1.0 - p), 1.0 - p]).collect();
    check_fit(&quick(), &Examples { target: Target::Soft { classes, probability }, ..mixed.examples });
}

#[test]
fn what_matters_is_learned() {
    let (train, test) = (mixed::classes(8_000, 1), mixed::classes(8_000, 2));
    let artifact = Trees::default().fit(&train.examples, Seed(1), &mut |_| true).expect("a fit");
    let Target::Class { index, .. } = &test.examples.target else { panic!("classes") };
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    let found = predict(&artifact, &test.examples);
    let loss = stats::sum::mean(&stats::metric::log_losses(&index, &found, 2).expect("probabilities"));
    assert!(loss < test.least_log_loss() + 0.035, "{loss} against {}", test.least_log_loss());
}

#[test]
fn the_median_and_the_mean_differ_where_a_few_numbers_are_huge() {
    let mut data = mixed::numbers(400, 1).examples;
    let Target::Number(values) = &mut data.target else { panic!("numbers") };
    (0..400).step_by(10).for_each(|row| values[row] = 1_000.0);
    let mean = |trees: &Trees| {
        let artifact = trees.fit(&data, Seed(1), &mut |_| true).expect("a fit");
        stats::sum::mean(&predict(&artifact, &data))
    };
    assert!(mean(&Trees { number: Middle::Median, ..quick() }) < 10.0);
    assert!(mean(&quick()) > 50.0);
}

#[test]
fn the_last_rows_say_when_to_stop() {
    // The relation is turned around in the last fifth, so no tree helps there.
    let mut data = mixed::classes(1_000, 1).examples;
    let Target::Class { index, .. } = &mut data.target else { panic!("classes") };
    index[800..].iter_mut().for_each(|class| *class = 1 - *class);
    data.at = Some((0..1_000).map(Timestamp).collect());
    let goal = goal(&quick(), &data).expect("two classes");
    let encoder = Encoder::learn(&data.rows, Style::Trees);
    let features = encoder.encode(&data.rows).expect("the training rows");
    let rounds = best_rounds(&quick().params, &goal, &features, &data, Seed(1), &mut |_| true);
    assert!(rounds.expect("a fit").expect("enough rows") <= 2);
}
