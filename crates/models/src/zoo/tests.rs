//! Tests of the zoo: every member holds to what trainers promise, and its graph to what it answered.

use super::*;
use crate::conformance::check_fit;
use crate::contract::{Predict, Seed};
use crate::onnx::OnnxModel;
use crate::trees::{Averaging, Params};
use domain::{Examples, Target};
use testkit::mixed;

fn quick() -> Params {
    Params { rounds: 15, learning_rate: 0.2, max_leaves: 8, patience: 5, ..Params::default() }
}

fn members() -> Vec<Member> {
    let perceptron = Perceptron { layers: 1, width: 8, epochs: 3, dropout: 0.1 };
    let neighbours = Recipe::of(Inputs::Raw)
        .with(Extra::NonZero)
        .with(Extra::Zero)
        .with(Extra::Neighbours(Space::Scaled))
        .with(Extra::Neighbours(Space::TfIdf))
        .with(Extra::Clusters(5));
    let engineered = Learner::Averaged(Averaging { trees: 5, ..Averaging::extra_trees(5) });
    let linear = Recipe::of(Inputs::Scaled(Transform::Root));
    vec![
        Member::naive_bayes(),
        Member::neighbours(5),
        Member::random_forest(6),
        Member::extra_trees(6),
        Member::one_vs_all(quick()),
        Member { bags: 2, ..Member::perceptron(Transform::Root, perceptron) },
        Member::new("linear", linear, Learner::Logistic { penalty: 1.0 }),
        Member::new("engineered", neighbours, engineered),
    ]
}

/// Three classes with soft labels and unequal weights.
fn soft(rows: usize, seed: u64) -> Examples {
    let mixed = mixed::classes(rows, seed);
    let classes = ["a", "b", "c"].map(String::from).to_vec();
    let probability = mixed.truth.iter().flat_map(|&p| [p * p, p * (1.0 - p), 1.0 - p]).collect();
    let weight = Some((0..rows).map(|i| 0.5 + (i % 3) as f64).collect());
    Examples { target: Target::Soft { classes, probability }, weight, ..mixed.examples }
}

#[test]
fn members_conform_for_two_classes() {
    members().iter().for_each(|member| check_fit(member, &mixed::classes(220, 1).examples));
}

#[test]
fn members_conform_for_soft_labels_of_three_classes() {
    members().iter().for_each(|member| check_fit(member, &soft(220, 1)));
}

#[test]
fn the_graph_answers_what_the_member_does() {
    let (train, test) = (soft(400, 1), soft(200, 2));
    for member in members() {
        let learned = member.learn(&train, Seed(3), &mut |_| true).expect("a fit");
        let ours = learned.probabilities(&test.rows).expect("answers");
        let model = OnnxModel::load(&learned.artifact()).expect("our own bytes");
        let written = model.predict(&test.rows).expect("answers").values;
        let far = ours.iter().zip(&written).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(far < 2e-5, "{}: {far}", member.name);
    }
}

#[test]
fn what_matters_is_learned() {
    let (train, test) = (mixed::classes(2000, 1), mixed::classes(2000, 2));
    let Target::Class { index, .. } = &test.examples.target else { panic!("classes") };
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    let prior = index.iter().sum::<usize>() as f64 / index.len() as f64;
    let entropy = -(prior * prior.ln() + (1.0 - prior) * (1.0 - prior).ln());
    let loss = |member: &Member| {
        let learned = member.learn(&train.examples, Seed(1), &mut |_| true).expect("a fit");
        let p = learned.probabilities(&test.examples.rows).expect("answers");
        stats::sum::mean(&stats::metric::log_losses(&index, &p, 2).expect("probabilities"))
    };
    for member in [Member::random_forest(60), Member::extra_trees(60), Member::neighbours(30)] {
        assert!(loss(&member) < entropy - 0.01, "{}: {} of {entropy}", member.name, loss(&member));
    }
    // A boundary is drawn to within what the best possible model says.
    assert!(loss(&Member::random_forest(60)) < test.least_log_loss() + 0.1);
}

#[test]
fn missing_cells_are_only_for_trees() {
    let member = Member { recipe: Recipe::of(Inputs::Raw), ..Member::neighbours(3) };
    let error = member.learn(&soft(50, 1), Seed(1), &mut |_| true).map(|_| ()).expect_err("raw inputs");
    assert!(error.to_string().contains("only trees take"), "{error}");
}
