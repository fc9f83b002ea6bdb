//! Tests of `factors`.

use super::*;
use crate::conformance::check_fit;
use crate::contract::{Artifact, Fit, Predict, Seed};
use crate::onnx::OnnxModel;
use domain::{Column, Examples, Table, Target, Values};
use stats::random::{below, unit};

/// Ratings from 1 to 5 that follow from a user's and an item's bias and a product of vectors of length 2.
fn ratings(rows: usize, texts: bool) -> Examples {
    let entry = |place: usize, side: u64, at: u64| unit(9, place as u64, 10 * side + at) - 0.5;
    let (users, items): (Vec<usize>, Vec<usize>) =
        (0..rows).map(|row| (below(40, 1, row as u64, 0), below(30, 1, row as u64, 1))).unzip();
    let value = |(&u, &i): (&usize, &usize)| {
        let product: f64 = (1..3).map(|at| 6.0 * entry(u, 0, at) * entry(i, 1, at)).sum();
        (3.0 + entry(u, 0, 0) + entry(i, 1, 0) + product).clamp(1.0, 5.0)
    };
    let target = Target::Number(users.iter().zip(&items).map(value).collect());
    let id = |places: &[usize], sign: &str| match texts {
        true => Values::Text(places.iter().map(|p| (*p > 0).then(|| format!("{sign}{p}"))).collect()),
        false => {
            Values::Number(places.iter().map(|&p| if p > 0 { p as f64 * 7.0 } else { f64::NAN }).collect())
        }
    };
    let rows = Table::new(vec![
        Column { name: "film".into(), values: id(&items, "f") },
        Column { name: "who".into(), values: id(&users, "u") },
    ]);
    Examples { rows: rows.expect("one length"), target, weight: None, at: None, entity: None }
}

fn predict(artifact: &Artifact, rows: &Table) -> Vec<f64> {
    OnnxModel::load(artifact).expect("our own bytes").predict(rows).expect("answers").values
}

fn trainers() -> [Box<dyn Fit>; 3] {
    let (user, item) = ("who", "film");
    [
        Box::new(ItemMean::new(user, item)),
        Box::new(Biases::new(user, item)),
        Box::new(Factors::new(user, item)),
    ]
}

#[test]
fn all_conform_whether_ids_are_texts_or_numbers() {
    for trainer in trainers() {
        check_fit(trainer.as_ref(), &ratings(300, true));
        check_fit(trainer.as_ref(), &ratings(300, false));
    }
}

#[test]
fn each_trainer_knows_more_than_the_one_before() {
    let data = ratings(4000, true);
    let (learn, judge): (Vec<usize>, Vec<usize>) = (0..4000).partition(|row| row % 5 != 0);
    let (learn, judge) = (data.take(&learn), data.take(&judge));
    let Target::Number(actual) = &judge.target else { panic!("numbers") };
    let errors = trainers().map(|trainer| {
        let artifact = trainer.fit(&learn, Seed(1), &mut |_| true).expect("a fit");
        stats::sum::mean(
            &stats::metric::squared_losses(actual, &predict(&artifact, &judge.rows)).expect("numbers"),
        )
    });
    assert!(errors[1] < errors[0] - 0.02 && errors[2] < errors[1] / 3.0, "{errors:?}");
}

/// As `BaselineOnly` of scikit-surprise has it: items first, `sum / (10 + count)`, users `sum / (15 + count)`.
#[test]
fn biases_are_those_of_the_formula() {
    let text = |v: &[&str]| Values::Text(v.iter().map(|s| Some(s.to_string())).collect());
    let column = |name: &str, values| Column { name: name.into(), values };
    let rows =
        Table::new(vec![column("who", text(&["a", "a", "b"])), column("film", text(&["x", "y", "x"]))]);
    let target = Target::Number(vec![5.0, 3.0, 4.0]);
    let data = Examples { rows: rows.expect("one length"), target, weight: None, at: None, entity: None };
    let (_, ratings) = ratings::Ratings::read("biases", &data, "who", "film").expect("ratings");
    let (mean, user, item) = bias::settle(&ratings, &mut |_| true).expect("not stopped");
    let (mut a, mut b, mut x, mut y) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..10 {
        (x, y) = ((5.0 - 4.0 - a + (4.0 - 4.0 - b)) / 12.0, (3.0 - 4.0 - a) / 11.0);
        (a, b) = ((5.0 - 4.0 - x + (3.0 - 4.0 - y)) / 17.0, (4.0 - 4.0 - x) / 16.0);
    }
    assert_eq!((mean, user[0], item[0]), (4.0, 0.0, 0.0));
    for (found, expected) in [(user[1], a), (user[2], b), (item[1], x), (item[2], y)] {
        assert!((found - expected).abs() < 1e-12, "{found} against {expected}");
    }
}

#[test]
fn a_stranger_gets_the_item_s_part_and_a_fraction_is_a_stranger() {
    let data = ratings(300, false);
    let artifact = Factors::new("who", "film").fit(&data, Seed(1), &mut |_| true).expect("a fit");
    let column =
        |name: &str, values: &[f64]| Column { name: name.into(), values: Values::Number(values.to_vec()) };
    let rows = Table::new(vec![
        column("who", &[1e9, f64::NAN, 7.5, f64::INFINITY, 7.0]),
        column("film", &[14.0; 5]),
    ]);
    let found = predict(&artifact, &rows.expect("one length"));
    assert!(found[1..4].iter().all(|x| x == &found[0]), "{found:?}");
    assert_ne!(found[4], found[0]);
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let error = Biases::new("user", "film").fit(&ratings(50, true), Seed(1), &mut |_| true);
    assert_eq!(error.expect_err("no column").to_string(), "cannot fit `biases`: there is no column `user`");
}
