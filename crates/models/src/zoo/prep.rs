//! From raw rows to a member's features, learned on training rows only.
//!
//! Invariant: [`Prep::encode`] and the nodes of [`Prep::write`] give the same features in the same order; the features
//! of training rows, which [`Prep::learn`] gives, hold nothing of a row's own label.

use super::cells::Cells;
use super::clusters::Clusters;
use super::nearby::Nearby;
use super::recipe::{Extra, Inputs, Recipe, Transform};
use crate::contract::{FitError, PredictError, Seed};
use crate::encode::{Encoder, Features, Style};
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise::Classes;
use domain::{Examples, Schema, Table};
use stats::metric::most_probable;

/// A recipe, as learned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prep {
    encoder: Encoder,
    raw: bool,
    cells: Option<Cells>,
    extras: Vec<Fitted>,
}

#[derive(Debug, Clone, PartialEq)]
enum Fitted {
    NonZero(Cells),
    Zero(Cells),
    Nearby(Nearby),
    Clusters(Clusters),
}

impl Prep {
    /// Learns a recipe; gives it with the features of the training rows.
    pub fn learn(
        trainer: &str,
        recipe: &Recipe,
        data: &Examples,
        target: &Classes<'_>,
        seed: Seed,
    ) -> Result<(Prep, Features), FitError> {
        let encoder = Encoder::learn_for(trainer, &data.rows, Style::Trees)?;
        let bad = |e: PredictError| crate::supervise::bad(trainer, e.to_string());
        let raw = encoder.encode(&data.rows).map_err(bad)?;
        let cells = recipe.inputs.filter(|&i| i != Inputs::Raw).map(|inputs| Cells::learn(&raw, inputs));
        let mut prep = Prep { encoder, raw: recipe.inputs == Some(Inputs::Raw), cells, extras: Vec::new() };
        let mut columns = prep.inputs(&raw);
        for &extra in &recipe.extras {
            let (fitted, features) = learn(extra, &raw, data, target, seed);
            columns.extend(features);
            prep.extras.push(fitted);
        }
        if columns.is_empty() {
            return Err(crate::supervise::bad(trainer, "the recipe makes no features of these rows".into()));
        }
        Ok((prep, Features { rows: raw.rows, columns }))
    }

    /// The raw columns that it takes.
    pub fn schema(&self) -> &Schema {
        self.encoder.inputs()
    }

    /// The features of new rows.
    pub fn encode(&self, rows: &Table) -> Result<Features, PredictError> {
        let raw = self.encoder.encode(rows)?;
        let mut columns = self.inputs(&raw);
        for extra in &self.extras {
            columns.extend(match extra {
                Fitted::NonZero(cells) => vec![non_zero(&cells.encode(&raw))],
                Fitted::Zero(cells) => zero(&cells.encode(&raw)),
                Fitted::Nearby(nearby) => nearby.of_new(&raw),
                Fitted::Clusters(clusters) => clusters.features(&raw),
            });
        }
        Ok(Features { rows: raw.rows, columns })
    }

    fn inputs(&self, raw: &Features) -> Vec<Vec<f32>> {
        match &self.cells {
            Some(cells) => cells.encode(raw).columns,
            None if self.raw => raw.columns.clone(),
            None => Vec::new(),
        }
    }

    /// Declares the raw columns and writes the nodes; gives the name of the features, `float [N, columns]`. To be
    /// called on an empty graph.
    pub fn write(&self, graph: &mut GraphBuilder) -> String {
        let raw = self.encoder.write(graph);
        let mut blocks = Vec::new();
        match &self.cells {
            Some(cells) => blocks.push(cells.write(graph, &raw)),
            None if self.raw => blocks.push(raw.clone()),
            None => {}
        }
        for extra in &self.extras {
            match extra {
                Fitted::NonZero(cells) => blocks.push(write_non_zero(cells, graph, &raw)),
                Fitted::Zero(cells) => blocks.push(write_zero(cells, graph, &raw)),
                Fitted::Nearby(nearby) => blocks.extend(nearby.write(graph, &raw)),
                Fitted::Clusters(clusters) => blocks.extend(clusters.write(graph, &raw)),
            }
        }
        match blocks.as_slice() {
            [one] => one.clone(),
            _ => graph.op("Concat", &blocks, vec![("axis", 1.into())]),
        }
    }
}

fn learn(
    extra: Extra,
    raw: &Features,
    data: &Examples,
    target: &Classes<'_>,
    seed: Seed,
) -> (Fitted, Vec<Vec<f32>>) {
    match extra {
        Extra::NonZero => {
            let cells = Cells::learn(raw, Inputs::Filled(Transform::Plain));
            let features = vec![non_zero(&cells.encode(raw))];
            (Fitted::NonZero(cells), features)
        }
        Extra::Zero => {
            let cells = Cells::learn(raw, Inputs::Filled(Transform::Plain));
            let features = zero(&cells.encode(raw));
            (Fitted::Zero(cells), features)
        }
        Extra::Neighbours(space) => {
            let class = most_probable(&target.probability, target.names.len());
            let class: Vec<Option<usize>> =
                class.into_iter().zip(&target.weight).map(|(c, &w)| (w > 0.0).then_some(c)).collect();
            let nearby = Nearby::learn(raw, space, &class, target.names.len());
            let features = nearby.of_training(raw, data.entity.as_deref());
            (Fitted::Nearby(nearby), features)
        }
        Extra::Clusters(count) => {
            let clusters = Clusters::learn(raw, count, seed);
            let features = clusters.features(raw);
            (Fitted::Clusters(clusters), features)
        }
    }
}

fn non_zero(filled: &Features) -> Vec<f32> {
    let count = |row: usize| filled.columns.iter().filter(|c| c[row] != 0.0).count() as f32;
    (0..filled.rows).map(count).collect()
}

fn zero(filled: &Features) -> Vec<Vec<f32>> {
    let flag = |&x: &f32| if x == 0.0 { 1.0 } else { 0.0 };
    filled.columns.iter().map(|column| column.iter().map(flag).collect()).collect()
}

fn write_non_zero(cells: &Cells, graph: &mut GraphBuilder, raw: &str) -> String {
    let zero = write_zero_flags(cells, graph, raw);
    let axes = graph.fresh("axes");
    graph.initializer_i64(&axes, &[1], vec![1]);
    let other = graph.op("Not", &[&zero], vec![]);
    let count = graph.op("Cast", &[&other], vec![("to", i64::from(Dtype::F32.code()).into())]);
    graph.op("ReduceSum", &[&count, &axes], vec![("keepdims", 1.into())])
}

fn write_zero(cells: &Cells, graph: &mut GraphBuilder, raw: &str) -> String {
    let zero = write_zero_flags(cells, graph, raw);
    graph.op("Cast", &[&zero], vec![("to", i64::from(Dtype::F32.code()).into())])
}

fn write_zero_flags(cells: &Cells, graph: &mut GraphBuilder, raw: &str) -> String {
    let filled = cells.write(graph, raw);
    let nothing = graph.fresh("nothing");
    graph.initializer_f32(&nothing, &[1], vec![0.0]);
    graph.op("Equal", &[&filled, &nothing], vec![])
}
