//! Tests of `text`.

use super::*;
use crate::conformance::check_fit;
use crate::contract::{Artifact, Fit, Predict, Seed};
use crate::onnx::OnnxModel;
use domain::{Column, Examples, Table, Target, Values};
use stats::random::{below, unit};

const GOOD: [&str; 4] = ["great", "lovely", "Splendid", "moving"];
const BAD: [&str; 4] = ["dull", "awful", "Boring", "weak"];
const REST: [&str; 6] = ["film", "the", "a", "plot", "café", "of"];

/// Sentences of eight words, of which two speak for the class; beside them a number that helps a little.
fn reviews(rows: usize, classes: usize) -> Examples {
    let word = |row: usize, at: usize| -> &str {
        let draw = |count: usize| below(count, 3, row as u64, at as u64);
        match (at, row % classes) {
            (2 | 5, 0) => BAD[draw(4)],
            (2 | 5, 1) => GOOD[draw(4)],
            (2, _) => "middling",
            _ => REST[draw(6)],
        }
    };
    let text = |row: usize| (0..8).map(|at| word(row, at)).collect::<Vec<_>>().join(" ");
    let cells = (0..rows).map(|row| (row % 17 != 3).then(|| format!("{}, {row}!", text(row)))).collect();
    let stars = (0..rows).map(|row| (row % classes) as f64 + unit(5, row as u64, 0)).collect();
    let table = Table::new(vec![
        Column { name: "stars".into(), values: Values::Number(stars) },
        Column { name: "review".into(), values: Values::Text(cells) },
    ]);
    let names = ["bad", "good", "middling"];
    let target = Target::Class {
        classes: names[..classes].iter().map(|s| s.to_string()).collect(),
        index: (0..rows).map(|row| (row % classes) as u32).collect(),
    };
    Examples { rows: table.expect("one length"), target, weight: None, at: None, entity: None }
}

fn fit(trainer: &dyn Fit, data: &Examples) -> Artifact {
    trainer.fit(data, Seed(1), &mut |_| true).expect("a fit")
}

fn losses(artifact: &Artifact, data: &Examples) -> f64 {
    let Target::Class { classes, index } = &data.target else { panic!("classes") };
    let model = OnnxModel::load(artifact).expect("our own bytes");
    let found = model.predict(&data.rows).expect("rows like those of training").values;
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    stats::sum::mean(&stats::metric::log_losses(&index, &found, classes.len()).expect("probabilities"))
}

#[test]
fn tfidf_conforms() {
    check_fit(&Tfidf::default(), &reviews(120, 2));
    check_fit(&Tfidf::default(), &reviews(120, 3));
}

#[test]
fn nbsvm_conforms() {
    check_fit(&Nbsvm, &reviews(120, 2));
    check_fit(&Nbsvm, &reviews(120, 3));
}

#[test]
fn words_that_speak_for_a_class_are_learned() {
    let data = reviews(600, 3);
    let (learn, judge): (Vec<usize>, Vec<usize>) = (0..600).partition(|row| row % 4 != 0);
    let (learn, judge) = (data.take(&learn), data.take(&judge));
    for trainer in [&Tfidf::default() as &dyn Fit, &Nbsvm] {
        let loss = losses(&fit(trainer, &learn), &judge);
        assert!(loss < 0.25, "{}: {loss}", trainer.name());
    }
}

#[test]
fn a_table_without_documents_is_refused() {
    let mut data = reviews(50, 2);
    data.rows = data.rows.select(|name| name == "stars");
    let error = Tfidf::default().fit(&data, Seed(1), &mut |_| true).expect_err("no documents").to_string();
    assert!(error.contains("no column holds documents") && error.contains("hint:"), "{error}");
}
