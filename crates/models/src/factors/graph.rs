//! Writing sums of what is known of a user and an item.

use super::ratings::{Columns, Ratings};
use crate::contract::{Artifact, FitError};
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise;
use domain::{OutputKind, Schema, Task};

/// The answer's name.
const ANSWER: &str = "value";

/// What is added to the mean.
pub(super) struct Parts<'a> {
    /// The mean of all ratings.
    pub mean: f64,
    /// One a place of a user; `None` where users do not count.
    pub user: Option<&'a [f64]>,
    /// One a place of an item.
    pub item: &'a [f64],
    /// Vectors of users and items of this length, `[places, rank]`, whose product is added.
    pub vectors: Option<(&'a [f64], &'a [f64], usize)>,
}

/// Writes the sum of parts, cut to the range of the ratings.
pub(super) fn write(
    trainer: &str,
    inputs: Schema,
    columns: &Columns,
    ratings: &Ratings,
    parts: &Parts<'_>,
) -> Result<Artifact, FitError> {
    supervise::check_names(trainer, &inputs, ANSWER)?;
    let mut graph = GraphBuilder::new(trainer);
    if parts.user.is_some() {
        columns.user.declare(&mut graph);
    }
    columns.item.declare(&mut graph);
    let user = parts.user.map(|biases| (columns.user.write(&mut graph), biases));
    let item = columns.item.write(&mut graph);
    let mean = graph.fresh("mean");
    graph.initializer_f32(&mean, &[1], vec![parts.mean as f32]);
    let bias = gather(&mut graph, &item, parts.item, 1);
    let mut sum = graph.op("Add", &[&bias, &mean], vec![]);
    if let Some((user, biases)) = user {
        let bias = gather(&mut graph, &user, biases, 1);
        sum = graph.op("Add", &[&sum, &bias], vec![]);
        if let Some((users, items, rank)) = parts.vectors {
            let product = product(&mut graph, (&user, users), (&item, items), rank);
            sum = graph.op("Add", &[&sum, &product], vec![]);
        }
    }
    let ((least, most), [low, high]) = (ratings.range(), ["least", "most"].map(|name| graph.fresh(name)));
    graph.initializer_f32(&low, &[], vec![least as f32]).initializer_f32(&high, &[], vec![most as f32]);
    graph.output(ANSWER, Dtype::F32, &[1]);
    graph.node("", "Clip", &[&sum, &low, &high], &[ANSWER], vec![]);
    Ok(supervise::artifact(Task::Regression, inputs, OutputKind::Value, &graph))
}

/// The rows of a table `[places, width]` at these places: `float [N, width]`.
fn gather(graph: &mut GraphBuilder, places: &str, table: &[f64], width: usize) -> String {
    let name = graph.fresh("table");
    let numbers = table.iter().map(|&x| x as f32).collect();
    graph.initializer_f32(&name, &[table.len() / width, width], numbers);
    graph.op("Gather", &[name.as_str(), places], vec![("axis", 0.into())])
}

fn product(
    graph: &mut GraphBuilder,
    (user, users): (&str, &[f64]),
    (item, items): (&str, &[f64]),
    rank: usize,
) -> String {
    let (users, items) = (gather(graph, user, users, rank), gather(graph, item, items, rank));
    let each = graph.op("Mul", &[&users, &items], vec![]);
    let axis = graph.fresh("factors");
    graph.initializer_i64(&axis, &[1], vec![1]);
    graph.op("ReduceSum", &[&each, &axis], vec![("keepdims", 1.into())])
}
