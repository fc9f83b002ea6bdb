//! Tests of ensembles: one graph, the same answers, no row judged by who saw it, and no fit made twice.

use super::*;
use crate::conformance::check_fit;
use crate::contract::{FitError, Predict, Seed};
use crate::onnx::OnnxModel;
use domain::{Examples, Target};
use stats::metric::log_losses;
use stats::sum::mean;
use testkit::mixed;

fn untimed(rows: usize, seed: u64) -> Examples {
    Examples { at: None, ..mixed::classes(rows, seed).examples }
}

fn log_loss(data: &Examples, answers: &[f64]) -> f64 {
    let Target::Class { index, .. } = &data.target else { panic!("classes") };
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    mean(&log_losses(&index, answers, 2).expect("probabilities"))
}

#[test]
fn an_ensemble_conforms() {
    check_fit(&Preset::Tiny.stack(), &mixed::classes(240, 1).examples);
}

#[test]
fn the_graph_is_about_as_good_as_out_of_fold_answers_say() {
    let (train, test) = (untimed(1500, 1), untimed(1500, 2));
    let shelf = Memory::default();
    let stacked = Preset::Tiny.stack().fit_on(&train, Seed(1), &shelf, &mut |_, _| true).expect("a fit");
    let model = OnnxModel::load(&stacked.artifact).expect("our own bytes");
    let answers = model.predict(&test.rows).expect("answers").values;
    let (found, promised) = (log_loss(&test, &answers), log_loss(&train, &stacked.out_of_fold));
    assert!((found - promised).abs() < 0.05, "{found} on new rows, {promised} out of fold");
    let best = stacked.members.iter().map(|m| m.log_loss).fold(f64::INFINITY, f64::min);
    assert!(stacked.log_loss < best + 0.02, "{} against {best}", stacked.log_loss);
    assert!((stacked.log_loss - promised).abs() < 1e-9);
}

#[test]
fn an_interrupted_fit_goes_on_where_it_was() {
    let (data, stack) = (untimed(300, 1), Preset::Tiny.stack());
    let shelf = Memory::default();
    let stopped = stack.fit_on(&data, Seed(1), &shelf, &mut |share, _| share < 0.4);
    assert!(matches!(stopped, Err(FitError::Interrupted)));
    let kept = shelf.len();
    assert!(kept > 2, "{kept}");
    let (mut first, mut seen) = (None, Vec::new());
    let whole = stack.fit_on(&data, Seed(1), &shelf, &mut |share, what| {
        first.get_or_insert(share);
        seen.push(what.to_string());
        true
    });
    assert!(first.is_some_and(|share| share > 0.3), "what was made is not made again: {first:?}");
    assert!(seen.last().is_some_and(|what| what == "second_network, all rows"), "{:?}", seen.last());
    let fresh = stack.fit_on(&data, Seed(1), &Nothing, &mut |_, _| true).expect("a fit");
    assert_eq!(whole.expect("a fit"), fresh);
}

/// Entities fix the folds, so that a changed label leaves them as they are.
#[test]
fn a_row_s_label_does_not_reach_its_members_answers() {
    let mut data = untimed(300, 1);
    data.entity = Some((0..300).collect());
    let stack = Preset::Tiny.stack();
    let before = stack.fit_on(&data, Seed(1), &Nothing, &mut |_, _| true).expect("a fit");
    let Target::Class { index, .. } = &mut data.target else { panic!("classes") };
    index[7] = 1 - index[7];
    let after = stack.fit_on(&data, Seed(1), &Nothing, &mut |_, _| true).expect("a fit");
    assert_eq!(before.fold, after.fold);
    for (old, new) in before.members.iter().zip(&after.members) {
        assert_eq!(old.out_of_fold[14..16], new.out_of_fold[14..16], "{}", old.name);
        assert_ne!(old.out_of_fold, new.out_of_fold, "other folds learn from it");
    }
}

#[test]
fn an_ensemble_without_a_fold_answers_it_as_out_of_fold() {
    let (data, stack) = (untimed(300, 1), Preset::Tiny.stack());
    let shelf = Memory::default();
    let stacked = stack.fit_on(&data, Seed(1), &shelf, &mut |_, _| true).expect("a fit");
    let kept = shelf.len();
    let without = stack.without(&data, Seed(1), 1, &shelf, &mut |_, _| true).expect("a fit");
    assert_eq!(shelf.len(), kept, "nothing is fitted again");
    let held: Vec<usize> = (0..300).filter(|&r| stacked.fold[r] == 1).collect();
    let model = OnnxModel::load(&without).expect("our own bytes");
    let answers = model.predict(&data.rows.take(&held)).expect("answers");
    for (place, &row) in held.iter().enumerate() {
        let difference = (answers.row(place)[0] - stacked.out_of_fold[2 * row]).abs();
        assert!(difference < 1e-4, "row {row}: {difference}");
    }
}

#[test]
fn what_cannot_be_stacked_is_refused() {
    let said = |stack: &Stack, rows| {
        stack
            .fit_on(&untimed(rows, 1), Seed(1), &Nothing, &mut |_, _| true)
            .expect_err("must fail")
            .to_string()
    };
    let mut twice = Preset::Tiny.stack();
    twice.members.push(twice.members[0].clone());
    assert_eq!(said(&twice, 100), "cannot fit `ensemble`: two of its models are called `logistic`");
    let few = said(&Preset::Tiny.stack(), 5);
    assert_eq!(few, "cannot fit `ensemble`: 5 rows cannot be held out in 3 folds");
}
