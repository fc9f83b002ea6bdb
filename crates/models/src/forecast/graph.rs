//! Small helpers for graphs that take a window and answer a path.

use crate::onnx::{Attribute, Dtype, GraphBuilder};
use domain::{Domain, Field, Kind, OutputKind, Schema, Signature, Table, Task};

/// Where a window's graph begins: `history`, `float [N, length]`.
pub fn begin(name: &str, length: usize) -> GraphBuilder {
    let mut graph = GraphBuilder::new(name);
    graph.input(super::HISTORY, Dtype::F32, &[length]);
    graph
}

/// Names `value`, `float [N, horizon]`, as the answer, and gives the bytes.
pub fn end(mut graph: GraphBuilder, value: &str, horizon: usize) -> Vec<u8> {
    graph.node("", "Identity", &[value], &["forecast"], vec![]);
    graph.output("forecast", Dtype::F32, &[horizon]);
    graph.finish()
}

/// `value` times a constant matrix `[rows, columns]`, given row by row.
pub fn times(graph: &mut GraphBuilder, value: &str, matrix: &[f64], rows: usize) -> String {
    let columns = matrix.len() / rows.max(1);
    let name = graph.fresh("weights");
    graph.initializer_f32(&name, &[rows, columns], matrix.iter().map(|w| *w as f32).collect());
    graph.op("MatMul", &[value, &name], vec![])
}

/// As [`times`], summed in double precision and then rounded: sums come out alike whatever the order of adding, so
/// that a tree behind them takes the same path in every program that runs the graph.
pub fn times_exactly(graph: &mut GraphBuilder, value: &str, matrix: &[f64], rows: usize) -> String {
    let name = graph.fresh("weights");
    graph.initializer_f64(&name, &[rows, matrix.len() / rows.max(1)], matrix.to_vec());
    let wide = graph.op("Cast", &[value], vec![("to", Attribute::Int(11))]);
    let sums = graph.op("MatMul", &[&wide, &name], vec![]);
    graph.op("Cast", &[&sums], vec![("to", Attribute::Int(1))])
}

/// A constant `[1, n]`.
pub fn row(graph: &mut GraphBuilder, values: &[f32]) -> String {
    let name = graph.fresh("row");
    graph.initializer_f32(&name, &[1, values.len()], values.to_vec());
    name
}

/// `value` as `[-1, columns]`.
pub fn reshape(graph: &mut GraphBuilder, value: &str, columns: usize) -> String {
    let name = graph.fresh("shape");
    graph.initializer_i64(&name, &[2], vec![-1, columns as i64]);
    graph.op("Reshape", &[value, &name], vec![])
}

/// What a forecasting version takes and answers: a window, and the columns `others` of the training rows.
pub fn signature(length: usize, horizon: usize, rows: &Table, others: &[&str]) -> Signature {
    let history = Field {
        name: super::HISTORY.into(),
        kind: Kind::Tensor(vec![length]),
        nullable: false,
        domain: Domain::Any,
    };
    let others = rows.columns().iter().filter(|c| others.contains(&c.name.as_str()));
    let fields = std::iter::once(history).chain(others.map(|c| Field::observed(c, 0))).collect();
    Signature { task: Task::Forecasting, inputs: Schema { fields }, output: OutputKind::Path { horizon } }
}
