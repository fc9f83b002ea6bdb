//! Columns filled, transformed and scaled, in Rust and as ONNX nodes alike.

use super::recipe::{Inputs, Transform};
use super::scale::{Scale, Zeros};
use crate::encode::Features;
use crate::onnx::{Data, GraphBuilder, Tensor};
use stats::sum::quantile_sorted;

/// What Anscombe adds under the root.
const ANSCOMBE: f32 = 0.375;

/// Columns as [`Inputs`] says, as learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    transform: Transform,
    /// What stands for a missing cell, one a column.
    fill: Vec<f32>,
    /// Whether a column was never negative.
    counted: Vec<bool>,
    scale: Option<Scale>,
}

impl Cells {
    /// Learned on raw training features, missing as NaN. [`Inputs::Raw`] is as [`Transform::Plain`] unscaled.
    pub fn learn(raw: &Features, inputs: Inputs) -> Cells {
        let (transform, scaling) = match inputs {
            Inputs::Raw => (Transform::Plain, None),
            Inputs::Filled(transform) => (transform, None),
            Inputs::Scaled(transform) => (transform, Some(Zeros::Moved)),
            Inputs::Sparse(transform) => (transform, Some(Zeros::Kept)),
        };
        let finite =
            |c: &Vec<f32>| c.iter().copied().filter(|x| x.is_finite()).map(f64::from).collect::<Vec<f64>>();
        let median = |c: &Vec<f32>| {
            let mut cells = finite(c);
            cells.sort_by(f64::total_cmp);
            if cells.is_empty() { 0.0 } else { quantile_sorted(&cells, 0.5) as f32 }
        };
        let fill = raw.columns.iter().map(median).collect();
        let counted = raw.columns.iter().map(|c| finite(c).iter().all(|&x| x >= 0.0)).collect();
        let mut cells = Cells { transform, fill, counted, scale: None };
        cells.scale = scaling.map(|zeros| Scale::learn(&cells.encode(raw), zeros));
        cells
    }

    pub fn encode(&self, raw: &Features) -> Features {
        let column = |(place, cells): (usize, &Vec<f32>)| {
            let counted = self.counted[place] && self.transform != Transform::Plain;
            let cell = |&x: &f32| {
                let x = if x.is_finite() { x } else { self.fill[place] };
                if counted { self.of(x.max(0.0)) } else { x }
            };
            cells.iter().map(cell).collect()
        };
        let features =
            Features { rows: raw.rows, columns: raw.columns.iter().enumerate().map(column).collect() };
        match &self.scale {
            Some(scale) => scale.encode(&features),
            None => features,
        }
    }

    fn of(&self, x: f32) -> f32 {
        match self.transform {
            Transform::Plain => x,
            Transform::Log1p => (x + 1.0).ln(),
            Transform::Root => (x + ANSCOMBE).sqrt(),
        }
    }

    /// `raw` is `float [N, columns]`; so is what is named.
    pub fn write(&self, graph: &mut GraphBuilder, raw: &str) -> String {
        let width = self.fill.len();
        let fill = graph.fresh("fill");
        graph.initializer_f32(&fill, &[1, width], self.fill.clone());
        // A number minus itself is NaN when it is NaN or infinite, and 0 otherwise.
        let nothing = graph.op("Sub", &[raw, raw], vec![]);
        let missing = graph.op("IsNaN", &[&nothing], vec![]);
        let filled = graph.op("Where", &[missing.as_str(), &fill, raw], vec![]);
        let moved = self.write_transform(graph, &filled);
        self.scale.as_ref().map_or(moved.clone(), |scale| scale.write(graph, &moved))
    }

    fn write_transform(&self, graph: &mut GraphBuilder, filled: &str) -> String {
        let (add, op) = match self.transform {
            Transform::Plain => return filled.to_string(),
            Transform::Log1p => (1.0, "Log"),
            Transform::Root => (ANSCOMBE, "Sqrt"),
        };
        let constant = graph.fresh("add");
        graph.initializer_f32(&constant, &[1], vec![add]);
        let positive = graph.op("Relu", &[filled], vec![]);
        let added = graph.op("Add", &[&positive, &constant], vec![]);
        let moved = graph.op(op, &[&added], vec![]);
        if self.counted.iter().all(|&c| c) {
            return moved;
        }
        let counted = graph.fresh("counted");
        let mask = Tensor::new(vec![1, self.counted.len()], Data::Bool(self.counted.clone()));
        graph.initializer(&counted, &mask.expect("one flag a column"));
        graph.op("Where", &[counted.as_str(), &moved, filled], vec![])
    }
}
