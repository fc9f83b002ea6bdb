//! Tests of `encode`.

use super::*;
use crate::contract::PredictError;
use crate::onnx::{Data, Dtype, GraphBuilder, Program, Tensor};
use domain::time::SECOND;
use domain::{Kind, Timestamp};
use std::sync::Arc;
use testkit::mixed;

fn column(name: &str, values: Values) -> Column {
    Column { name: name.into(), values }
}

fn table(columns: Vec<Column>) -> Table {
    Table::new(columns).expect("columns of one length")
}

fn texts(cells: &[&str]) -> Values {
    Values::Text(cells.iter().map(|c| (!c.is_empty()).then(|| c.to_string())).collect())
}

/// The features that the graph computes, row by row.
fn run(encoder: &Encoder, rows: &Table) -> Vec<f32> {
    let mut graph = GraphBuilder::new("features");
    let features = encoder.write(&mut graph);
    graph.output("features", Dtype::F32, &[encoder.width()]);
    graph.node("", "Identity", &[&features], &["features"], vec![]);
    let program = Program::load(&graph.finish()).expect("our own bytes");
    let feeds: Vec<(&str, Tensor)> =
        encoder.inputs().fields.iter().map(|f| (f.name.as_str(), feed(rows, &f.name))).collect();
    let outputs = program.run(&feeds).expect("rows like those of training");
    match outputs[0].1.data() {
        Data::F32(values) => values.clone(),
        other => panic!("features of {}", other.dtype()),
    }
}

fn feed(rows: &Table, name: &str) -> Tensor {
    let column = rows.column(name).expect("a column that was learned");
    let single = vec![rows.rows(), 1];
    let (shape, data) = match &column.values {
        Values::Number(v) => (single, Data::F32(v.iter().map(|&x| x as f32).collect())),
        Values::Text(v) => {
            (single, Data::Str(v.iter().map(|s| Arc::from(s.as_deref().unwrap_or(""))).collect()))
        }
        Values::Time(v) => {
            let seconds = |at: &Option<Timestamp>| at.map_or(f64::NAN, |at| at.0 as f64 / SECOND as f64);
            (single, Data::F64(v.iter().map(seconds).collect()))
        }
        Values::Tensor { shape, data } => {
            ([&[rows.rows()], shape.as_slice()].concat(), Data::F32(data.clone()))
        }
    };
    Tensor::new(shape, data).expect("as many elements as the shape says")
}

fn check_graph_agrees(encoder: &Encoder, rows: &Table) {
    let expected = encoder.encode(rows).expect("rows like those of training");
    let found = run(encoder, rows);
    assert_eq!(expected.columns.len(), encoder.width());
    for (place, name) in encoder.feature_names().iter().enumerate() {
        for row in 0..rows.rows() {
            let (f, e) = (found[row * encoder.width() + place], expected.columns[place][row]);
            assert!(f.to_bits() == e.to_bits() || f.is_nan() && e.is_nan(), "{name}, row {row}: {f} {e}");
        }
    }
}

#[test]
fn rust_and_graph_agree_to_the_bit() {
    for style in [Style::Linear, Style::Trees] {
        let encoder = Encoder::learn(&mixed::classes(3_000, 1).examples.rows, style);
        check_graph_agrees(&encoder, &mixed::classes(500, 2).examples.rows);
    }
}

#[test]
fn rust_and_graph_agree_on_cells_never_seen() {
    let training = mixed::classes(3_000, 1).examples.rows;
    let odd = table(vec![
        column("age", Values::Number(vec![f64::INFINITY, f64::NAN, -1e300, 1e-50, 41.25])),
        column("debt", Values::Number(vec![1e9, -0.0, f64::NEG_INFINITY, 0.1, f64::NAN])),
        column("noise", Values::Number(vec![0.3; 5])),
        column("job", texts(&["", "astronaut", "nurse", "Nurse", " nurse"])),
        column("town", texts(&["town 1", "", "nowhere", "town 299", "town 3"])),
        column(
            "called",
            Values::Time(
                [
                    "1899-02-28T23:59:59.999999Z",
                    "none",
                    "2000-02-29",
                    "2400-12-31T23:00:00Z",
                    "1969-12-31T23:59:59Z",
                ]
                .map(Timestamp::parse)
                .to_vec(),
            ),
        ),
        column("pulse", Values::Tensor { shape: vec![2, 2], data: (0..20).map(|i| i as f32).collect() }),
    ]);
    for style in [Style::Linear, Style::Trees] {
        check_graph_agrees(&Encoder::learn(&training, style), &odd);
    }
}

#[test]
fn linear_features_are_finite_whatever_comes() {
    let training = mixed::classes(1_000, 1).examples.rows;
    let encoder = Encoder::learn(&training, Style::Linear);
    let blank = |c: &Column| match &c.values {
        Values::Number(v) => Values::Number(vec![f64::NAN; v.len()]),
        Values::Text(v) => Values::Text(vec![None; v.len()]),
        Values::Time(v) => Values::Time(vec![None; v.len()]),
        Values::Tensor { shape, data } => {
            Values::Tensor { shape: shape.clone(), data: vec![f32::NAN; data.len()] }
        }
    };
    let columns = training.columns().iter().map(|c| column(&c.name, blank(c))).collect();
    let features = encoder.encode(&table(columns)).expect("every column is there");
    assert!(features.columns.iter().flatten().all(|x| x.is_finite()));
}

#[test]
fn what_tells_nothing_is_left_out_with_a_note() {
    let encoder = Encoder::learn(&mixed::classes(1_000, 1).examples.rows, Style::Linear);
    assert_eq!(
        encoder.notes(),
        [
            "column `id` is left out: 1000 different texts in 1000 rows look like ids",
            "column `country` is left out: every cell is `nowhere`",
        ]
    );
    assert_eq!(encoder.inputs().fields.len(), 7);
    assert!(encoder.inputs().field("id").is_none());
}

#[test]
fn features_are_named_in_their_order() {
    let rows = table(vec![
        column("job", texts(&["b", "a", "b", "a", "b", "a", "b", "a", "b", "a"])),
        column("age", Values::Number((0..10).map(|i| if i == 3 { f64::NAN } else { i as f64 }).collect())),
        column("at", Values::Time((0..10).map(|i| Some(Timestamp(i * domain::time::HOUR))).collect())),
    ]);
    let names = Encoder::learn(&rows, Style::Linear).feature_names();
    assert_eq!(names, ["age", "age is missing", "job=a", "job=b", "at hour sine", "at hour cosine"]);
    assert_eq!(Encoder::learn(&rows, Style::Trees).feature_names(), ["age", "job=a", "job=b", "at hour"]);
}

#[test]
fn numbers_are_filled_with_the_median_and_standardised() {
    let rows = table(vec![column("x", Values::Number(vec![1.0, 2.0, f64::NAN, 6.0]))]);
    let features = Encoder::learn(&rows, Style::Linear).encode(&rows).expect("the training rows");
    let deviation = 7f64.sqrt();
    let expected = [-2.0, -1.0, -1.0, 3.0].map(|x| (x / deviation) as f32);
    assert!(features.columns[0].iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6));
    assert_eq!(features.columns[1], [0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn a_column_of_another_kind_is_refused() {
    let rows = table(vec![column("x", Values::Number(vec![1.0, 2.0]))]);
    let encoder = Encoder::learn(&rows, Style::Trees);
    let other = table(vec![column("x", texts(&["1", "2"]))]);
    match encoder.encode(&other) {
        Err(PredictError::Kind { name, found, expected }) => {
            assert_eq!(
                (name.as_str(), found, expected),
                ("x", Kind::Text.to_string(), Kind::Number.to_string())
            );
        }
        found => panic!("{found:?}"),
    }
    assert!(matches!(encoder.encode(&table(vec![])), Err(PredictError::MissingColumn(name)) if name == "x"));
}

#[test]
fn a_table_that_tells_nothing_cannot_be_learned_from() {
    let rows = table(vec![column("x", Values::Number(vec![2.0, 2.0]))]);
    let error = Encoder::learn_for("trees", &rows, Style::Trees).expect_err("a constant");
    assert_eq!(
        error.to_string(),
        "cannot fit `trees`: no column to learn from: column `x` is left out: every cell is 2"
    );
}
