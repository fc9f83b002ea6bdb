//! Tests of `stump`.

use super::*;
use crate::conformance::check_fit;
use crate::contract::Predict;
use crate::onnx::OnnxModel;
use domain::{Table, Timestamp};
use testkit::mixed;

const NAN: f64 = f64::NAN;

fn texts(cells: &[&str]) -> Values {
    Values::Text(cells.iter().map(|c| (!c.is_empty()).then(|| c.to_string())).collect())
}

fn examples(values: Values, target: Target) -> Examples {
    let rows = Table::new(vec![Column { name: "x".into(), values }]).expect("one column");
    Examples { rows, target, weight: None, at: None, entity: None }
}

fn class(index: &[u32]) -> Target {
    Target::Class { classes: vec!["no".into(), "yes".into()], index: index.to_vec() }
}

/// The rule found for a column, in words, and the training rows' answers for the last class.
fn check(data: &Examples, words: &str, expect: &[f64]) {
    let goal = Goal::of("stump", data).expect("two targets");
    let column = &data.rows.columns()[0];
    let rule = best_question(&goal, column, data).expect("a column that divides the rows");
    assert_eq!(in_words(column, &rule.question), words);
    let artifact = Stump.fit(data, Seed(1), &mut |_| true).expect("a fit");
    let model = OnnxModel::load(&artifact).expect("our own bytes");
    let outputs = model.predict(&data.rows).expect("the training rows");
    for (row, expect) in expect.iter().enumerate() {
        let found = outputs.row(row).last().expect("an answer");
        assert!((found - expect).abs() < 1e-6, "row {row}: {found} against {expect}");
    }
}

#[test]
fn a_stump_conforms() {
    check_fit(&Stump, &mixed::classes(300, 1).examples);
    check_fit(&Stump, &mixed::numbers(300, 1).examples);
}

#[test]
fn a_number_is_cut_where_the_classes_part() {
    let data = examples(Values::Number(vec![3.0, 1.0, 2.0, 6.0, 5.0, 4.0]), class(&[0, 0, 0, 1, 1, 1]));
    check(&data, "x <= 3.5", &[0.2, 0.2, 0.2, 0.8, 0.8, 0.8]);
}

#[test]
fn a_missing_number_goes_where_it_costs_least() {
    let cells = || Values::Number(vec![1.0, 2.0, 3.0, 4.0, NAN, NAN]);
    check(&examples(cells(), class(&[0, 0, 1, 1, 0, 0])), "x <= 2.5 or missing", &[1.0 / 6.0]);
    check(&examples(cells(), class(&[0, 0, 1, 1, 1, 1])), "x <= 2.5", &[0.25, 0.25, 5.0 / 6.0]);
    check(&examples(cells(), class(&[0, 0, 0, 0, 1, 1])), "x is known", &[1.0 / 6.0]);
}

#[test]
fn a_text_is_one_of_a_set() {
    let cells: Vec<&str> = ["a", "b", "c", ""].iter().flat_map(|c| [*c; 5]).chain(["rare"]).collect();
    let yes = |c: &&str| u32::from(["b", ""].contains(c));
    let index: Vec<u32> = cells.iter().map(yes).collect();
    check(&examples(texts(&cells), class(&index)), "x is  or b", &[1.0 / 13.0, 1.0 / 13.0]);
}

#[test]
fn an_instant_is_asked_for_its_parts() {
    let at = (0..48).map(|hour| Some(Timestamp(hour * domain::time::HOUR))).collect();
    let index: Vec<u32> = (0..48).map(|hour| u32::from(hour % 24 >= 18)).collect();
    check(&examples(Values::Time(at), class(&index)), "x hour <= 17.5", &[1.0 / 38.0]);
}

#[test]
fn numbers_are_divided_by_least_squares() {
    let target = Target::Number(vec![1e9 + 1.0, 1e9 + 2.0, 1e9 + 9.0, 1e9 + 10.0]);
    let data = examples(Values::Number(vec![1.0, 2.0, 3.0, 4.0]), target);
    let goal = Goal::of("stump", &data).expect("numbers");
    let rule = best_question(&goal, &data.rows.columns()[0], &data).expect("a rule");
    assert_eq!(in_words(&data.rows.columns()[0], &rule.question), "x <= 2.5");
    assert!((rule.loss - 1.0).abs() < 1e-9, "{}", rule.loss);
    assert_eq!((rule.yes, rule.no), (vec![1e9 + 1.5], vec![1e9 + 9.5]));
}

#[test]
fn numbers_that_fall_are_divided_as_well_as_numbers_that_rise() {
    let data = |target: &[f64]| {
        examples(Values::Number(vec![1.0, 2.0, 3.0, 4.0, NAN]), Target::Number(target.to_vec()))
    };
    check(&data(&[10.0, 9.0, 2.0, 1.0, 1.5]), "x <= 2.5", &[9.5, 9.5, 1.5, 1.5, 1.5]);
    check(&data(&[1.0, 2.0, 9.0, 10.0, 1.5]), "x <= 2.5 or missing", &[1.5, 1.5, 9.5, 9.5, 1.5]);
}

/// No set of texts is better than the one found: all of them are tried.
#[test]
fn the_best_of_all_sets_is_found() {
    let counts = [(6, 2), (5, 5), (9, 1), (1, 7), (3, 4), (8, 8)];
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut cells = Vec::new();
    let mut index = Vec::new();
    for (name, (no, yes)) in names.iter().zip(counts) {
        cells.extend(vec![*name; no + yes]);
        index.extend([vec![0; no], vec![1; yes]].concat());
    }
    let data = examples(texts(&cells), class(&index));
    let goal = Goal::of("stump", &data).expect("two classes");
    let found = best_question(&goal, &data.rows.columns()[0], &data).expect("a rule").loss;
    let loss = |set: u32| {
        let mut sides = [[0.0; 2]; 2];
        for (i, (no, yes)) in counts.iter().enumerate() {
            let side = &mut sides[(set >> i & 1) as usize];
            side[0] += *no as f64;
            side[1] += *yes as f64;
        }
        goal.loss(&sides[0]) + goal.loss(&sides[1])
    };
    let best = (1..(1 << counts.len()) - 1).map(loss).fold(f64::INFINITY, f64::min);
    assert!((found - best).abs() < 1e-9, "{found} against {best}");
}

#[test]
fn a_table_without_a_question_is_refused() {
    let data = examples(Values::Number(vec![1.0; 4]), class(&[0, 0, 1, 1]));
    let error = Stump.fit(&data, Seed(1), &mut |_| true).expect_err("a constant column");
    assert_eq!(error.to_string(), "cannot fit `stump`: no column divides the rows");
}
