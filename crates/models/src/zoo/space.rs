//! Where distances between rows are measured: rows as points, in Rust and as ONNX nodes alike.

use super::cells::Cells;
use super::recipe::{Inputs, Space, Transform};
use crate::encode::Features;
use crate::onnx::GraphBuilder;

/// Keeps the length of a row without any words above 0.
const LEAST: f32 = 1e-12;

/// A space, as learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Points {
    cells: Cells,
    /// The weight of each word, where columns are counts of words.
    idf: Option<Vec<f32>>,
}

impl Points {
    pub fn learn(raw: &Features, space: Space) -> Points {
        match space {
            Space::Scaled => Points { cells: Cells::learn(raw, Inputs::Scaled(Transform::Log1p)), idf: None },
            Space::TfIdf => {
                let cells = Cells::learn(raw, Inputs::Filled(Transform::Plain));
                let with = |column: &Vec<f32>| column.iter().filter(|&&x| x > 0.0).count() as f64;
                let weight = |column| (((1.0 + raw.rows as f64) / (1.0 + with(column))).ln() + 1.0) as f32;
                Points { idf: Some(raw.columns.iter().map(weight).collect()), cells }
            }
        }
    }

    /// The rows, one after the other, each as wide as `raw` has columns.
    pub fn encode(&self, raw: &Features) -> Vec<f32> {
        let mut rows = by_row(&self.cells.encode(raw));
        let Some(idf) = &self.idf else { return rows };
        for row in rows.chunks_exact_mut(idf.len()) {
            row.iter_mut().zip(idf).for_each(|(x, w)| *x = x.max(0.0) * w);
            let length = (row.iter().map(|x| x * x).sum::<f32>() + LEAST).sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
        rows
    }

    /// `raw` is `float [N, columns]`; so is what is named.
    pub fn write(&self, graph: &mut GraphBuilder, raw: &str) -> String {
        let cells = self.cells.write(graph, raw);
        let Some(idf) = &self.idf else { return cells };
        let (weight, least) = (graph.fresh("idf"), graph.fresh("least"));
        graph.initializer_f32(&weight, &[1, idf.len()], idf.clone()).initializer_f32(
            &least,
            &[1],
            vec![LEAST],
        );
        let words = graph.op("Relu", &[&cells], vec![]);
        let weighed = graph.op("Mul", &[&words, &weight], vec![]);
        let settings = vec![("axes", vec![1i64].into()), ("keepdims", 1.into())];
        let squares = graph.op("ReduceSumSquare", &[&weighed], settings);
        let above = graph.op("Add", &[&squares, &least], vec![]);
        let length = graph.op("Sqrt", &[&above], vec![]);
        graph.op("Div", &[&weighed, &length], vec![])
    }
}

/// Rows as points of [`Space::Scaled`], one after the other.
pub(crate) fn points_of(raw: &Features) -> Vec<f32> {
    Points::learn(raw, Space::Scaled).encode(raw)
}

/// Features row by row.
pub(super) fn by_row(features: &Features) -> Vec<f32> {
    let width = features.columns.len();
    let mut rows = vec![0.0; features.rows * width];
    for (place, column) in features.columns.iter().enumerate() {
        column.iter().enumerate().for_each(|(row, &x)| rows[row * width + place] = x);
    }
    rows
}

/// Features from rows of `width`.
pub(super) fn by_column(rows: &[f32], width: usize) -> Vec<Vec<f32>> {
    (0..width).map(|place| rows.iter().skip(place).step_by(width.max(1)).copied().collect()).collect()
}
