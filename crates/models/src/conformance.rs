//! What every trainer and its model must hold to, as one suite that any of them is run through.
//!
//! For tests, in this crate and in others: it panics with what was broken. Not a measure of quality. General
//! over targets: classes, probabilities, numbers and paths.
//!
//! On rows of a single class or a constant target a trainer may give a model that answers the constant, as
//! baselines do, or [`FitError::Data`]; anything else is broken.

use crate::contract::{Artifact, Fit, FitError, Predict, PredictError, Seed};
use crate::onnx::{Engine, OnnxModel};
use domain::{Column, Examples, OutputKind, Outputs, Table, Target, Values};

/// How far answers to the same row may differ between batches.
const SAME: f64 = 1e-9;
/// The same where single-precision sums are taken in another order for one row than for many, as SIMD kernels do.
const SAME_BY_RTEN: f64 = 1e-5;
/// How many rows are asked about.
const ROWS: usize = 300;

/// Runs the whole suite. `data` should have some dozen rows of every class or more.
///
/// # Panics
/// When the trainer, or a model of it, breaks a promise.
pub fn check_fit(trainer: &dyn Fit, data: &Examples) {
    let artifact = fit(trainer, data);
    assert_eq!(artifact, fit(trainer, data), "equal seeds give equal bytes");
    let model = load(&artifact);
    let rows = data.rows.take(&(0..data.len().min(ROWS)).collect::<Vec<_>>());
    check_signature(&model, data);
    check_answers(&predict(&model, &rows), rows.rows());
    check_invariance(&model, &rows);
    check_columns(&model, &rows);
    check_cells(&model, &rows);
    check_progress(trainer, data);
    check_constant(trainer, data);
    check_odd(trainer, data);
}

fn fit(trainer: &dyn Fit, data: &Examples) -> Artifact {
    trainer
        .fit(data, Seed(7), &mut |_| true)
        .unwrap_or_else(|e| panic!("{} does not fit: {e}", trainer.name()))
}

fn load(artifact: &Artifact) -> OnnxModel {
    OnnxModel::load(artifact).unwrap_or_else(|e| panic!("what was written cannot be read back: {e}"))
}

fn predict(model: &OnnxModel, rows: &Table) -> Outputs {
    model.predict(rows).unwrap_or_else(|e| panic!("rows were not answered: {e}"))
}

fn check_signature(model: &OnnxModel, data: &Examples) {
    let signature = model.signature();
    let expected = match &data.target {
        Target::Class { classes, .. } | Target::Soft { classes, .. } => {
            OutputKind::Probabilities { classes: classes.clone() }
        }
        Target::Number(_) => OutputKind::Value,
        Target::Path { horizon, .. } => OutputKind::Path { horizon: *horizon },
    };
    assert_eq!(signature.output, expected, "the signature promises what the target is");
    for field in &signature.inputs.fields {
        let column = data.rows.column(&field.name);
        let column = column.unwrap_or_else(|| panic!("`{}` is not among the raw columns", field.name));
        assert_eq!(column.values.kind(), field.kind, "column `{}`", field.name);
    }
}

fn check_answers(outputs: &Outputs, rows: usize) {
    assert_eq!(outputs.values.len(), rows * outputs.kind.width(), "one answer a row");
    assert!(outputs.values.iter().all(|x| x.is_finite()), "every number is finite");
    if let OutputKind::Probabilities { .. } = outputs.kind {
        for row in 0..rows {
            let answer = outputs.row(row);
            let sum: f64 = answer.iter().sum();
            assert!((sum - 1.0).abs() <= 1e-6, "row {row} sums to {sum}");
            assert!(answer.iter().all(|p| (0.0..=1.0).contains(p)), "row {row}: {answer:?}");
        }
    }
}

fn check_invariance(model: &OnnxModel, rows: &Table) {
    let all = predict(model, rows);
    let same = if model.engine() == Engine::Rten { SAME_BY_RTEN } else { SAME };
    let backwards: Vec<usize> = (0..rows.rows()).rev().collect();
    let reversed = predict(model, &rows.take(&backwards));
    for (place, &row) in backwards.iter().enumerate() {
        assert_same(reversed.row(place), all.row(row), same, "the order of rows changes nothing");
    }
    for row in (0..rows.rows()).step_by(rows.rows().div_ceil(20).max(1)) {
        let alone = predict(model, &rows.take(&[row]));
        assert_same(alone.row(0), all.row(row), same, "the size of a batch changes nothing");
    }
    let none = predict(model, &rows.take(&[]));
    assert!(none.values.is_empty(), "no rows have no answers");
}

fn check_columns(model: &OnnxModel, rows: &Table) {
    let extra = Column { name: "conformance: extra".into(), values: Values::Text(vec![None; rows.rows()]) };
    let mut columns = rows.columns().to_vec();
    columns.insert(0, extra);
    let more = Table::new(columns).expect("the extra column has as many rows");
    assert_eq!(predict(model, &more), predict(model, rows), "columns that are not used are ignored");
    for field in &model.signature().inputs.fields {
        match model.predict(&rows.select(|name| name != field.name)) {
            Err(PredictError::MissingColumn(name)) => assert_eq!(name, field.name),
            other => panic!("without column `{}`: {other:?}", field.name),
        }
    }
}

/// Missing cells and unknown texts are answered. A block of numbers is left whole unless some had a number
/// missing in training.
fn check_cells(model: &OnnxModel, rows: &Table) {
    for field in &model.signature().inputs.fields {
        let blank = |values: &Values| match values {
            Values::Number(v) => Values::Number(vec![f64::NAN; v.len()]),
            Values::Text(v) => Values::Text(vec![None; v.len()]),
            Values::Time(v) => Values::Time(vec![None; v.len()]),
            Values::Tensor { shape, data } if field.nullable => {
                Values::Tensor { shape: shape.clone(), data: vec![f32::NAN; data.len()] }
            }
            whole => whole.clone(),
        };
        check_answers(&predict(model, &replaced(rows, &field.name, blank)), rows.rows());
        let unknown = |values: &Values| match values {
            Values::Number(v) => Values::Number(vec![-1e12; v.len()]),
            Values::Text(v) => Values::Text(vec![Some("conformance: unknown".into()); v.len()]),
            other => other.clone(),
        };
        check_answers(&predict(model, &replaced(rows, &field.name, unknown)), rows.rows());
    }
}

fn check_progress(trainer: &dyn Fit, data: &Examples) {
    let stopped = trainer.fit(data, Seed(7), &mut |_| false);
    assert!(matches!(stopped, Err(FitError::Interrupted)), "progress can say stop: {stopped:?}");
    let mut last = 0.0;
    let mut watch = |share: f64| {
        assert!((0.0..=1.0).contains(&share), "progress of {share}");
        assert!(share >= last, "progress fell from {last} to {share}");
        last = share;
        true
    };
    let watched = trainer.fit(data, Seed(7), &mut watch);
    assert!(watched.is_ok(), "watching changes nothing: {watched:?}");
}

fn check_constant(trainer: &dyn Fit, data: &Examples) {
    let mut constant = data.clone();
    match &mut constant.target {
        Target::Class { index, .. } => index.fill(0),
        Target::Soft { classes, probability } => {
            let width = classes.len();
            probability.iter_mut().enumerate().for_each(|(i, p)| *p = f64::from(u8::from(i % width == 0)));
        }
        Target::Number(values) | Target::Path { values, .. } => values.fill(3.0),
    }
    match trainer.fit(&constant, Seed(7), &mut |_| true) {
        Ok(artifact) => check_answers(&predict(&load(&artifact), &data.rows), data.len()),
        Err(FitError::Data { .. }) => {}
        Err(other) => panic!("a constant target gives an error of another kind: {other}"),
    }
}

/// Too few rows, or another kind of target, give a model or a clear error, and never a panic.
fn check_odd(trainer: &dyn Fit, data: &Examples) {
    let none = trainer.fit(&data.take(&[]), Seed(7), &mut |_| true);
    assert!(matches!(none, Err(FitError::Data { .. })), "no rows cannot be learned from: {none:?}");
    let one = trainer.fit(&data.take(&[0]), Seed(7), &mut |_| true);
    assert!(matches!(one, Ok(_) | Err(FitError::Data { .. })), "one row: {one:?}");
    let rows = data.len();
    let classes = || vec!["a".to_string(), "b".to_string()];
    for target in [
        Target::Class { classes: classes(), index: (0..rows as u32).map(|i| i % 2).collect() },
        Target::Soft { classes: classes(), probability: vec![0.5; rows * 2] },
        Target::Number((0..rows).map(|i| i as f64).collect()),
        Target::Path { horizon: 2, values: (0..rows * 2).map(|i| i as f64).collect() },
    ] {
        let other = Examples { target, ..data.clone() };
        let found = trainer.fit(&other, Seed(7), &mut |_| true);
        let clear = matches!(found, Ok(_) | Err(FitError::Data { .. } | FitError::Task { .. }));
        assert!(clear, "another kind of target: {found:?}");
    }
}

fn replaced(rows: &Table, name: &str, change: impl Fn(&Values) -> Values) -> Table {
    let columns = rows.columns().iter().map(|c| {
        let values = if c.name == name { change(&c.values) } else { c.values.clone() };
        Column { name: c.name.clone(), values }
    });
    Table::new(columns.collect()).expect("as many rows as before")
}

fn assert_same(found: &[f64], expected: &[f64], same: f64, why: &str) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= same * b.abs().max(1.0);
    assert!(found.iter().zip(expected).all(near), "{why}: {found:?} against {expected:?}");
}
