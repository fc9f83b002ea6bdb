//! Mean 0 and deviation 1, within bounds, in Rust and as ONNX nodes alike.

use crate::encode::Features;
use crate::onnx::GraphBuilder;
use stats::sum::{mean, variance};

/// Numbers are kept within so many deviations, so that no cell, however odd, makes an answer infinite.
const REACH: f32 = 30.0;

/// A column's offset and factor each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    offset: Vec<f32>,
    factor: Vec<f32>,
}

/// What becomes of the zeros of a column that is mostly 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zeros {
    /// They move with the mean, as others do.
    Moved,
    /// They stay: no mean is taken off.
    Kept,
}

impl Scale {
    /// Of columns without missing cells. A constant column becomes 0.
    pub fn learn(features: &Features, zeros: Zeros) -> Scale {
        let moments = |cells: &Vec<f32>| {
            let cells: Vec<f64> = cells.iter().map(|&x| f64::from(x)).collect();
            let factor = if cells.len() > 1 { (1.0 / variance(&cells).sqrt()) as f32 } else { 0.0 };
            let constant = cells.iter().all(|&x| x == cells[0]) || !factor.is_finite();
            let sparse = 2 * cells.iter().filter(|x| **x == 0.0).count() > cells.len();
            let offset = if sparse && zeros == Zeros::Kept { 0.0 } else { mean(&cells) as f32 };
            (offset, if constant { 0.0 } else { factor })
        };
        let (offset, factor) = features.columns.iter().map(moments).unzip();
        Scale { offset, factor }
    }

    pub fn encode(&self, features: &Features) -> Features {
        let column = |(cells, (&offset, &factor)): (&Vec<f32>, (&f32, &f32))| {
            cells.iter().map(|x| ((x - offset) * factor).clamp(-REACH, REACH)).collect()
        };
        let columns = features.columns.iter().zip(self.offset.iter().zip(&self.factor)).map(column).collect();
        Features { rows: features.rows, columns }
    }

    /// Of the value `input`, `float [N, columns]`.
    pub fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let width = self.offset.len();
        let mut constant = |stem: &str, shape: &[usize], data: Vec<f32>| {
            let name = graph.fresh(stem);
            graph.initializer_f32(&name, shape, data);
            name
        };
        let offset = constant("offset", &[1, width], self.offset.clone());
        let factor = constant("factor", &[1, width], self.factor.clone());
        let (low, high) = (constant("low", &[], vec![-REACH]), constant("high", &[], vec![REACH]));
        let centred = graph.op("Sub", &[input, &offset], vec![]);
        let scaled = graph.op("Mul", &[&centred, &factor], vec![]);
        graph.op("Clip", &[&scaled, &low, &high], vec![])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_a_column_that_is_mostly_0_stay_where_that_is_asked() {
        let columns = vec![vec![0.0, 0.0, 0.0, 4.0], vec![1.0, 2.0, 3.0, 6.0], vec![0.0, 0.0, 1.0, 1.0]];
        let features = Features { rows: 4, columns };
        let scaled = |zeros| Scale::learn(&features, zeros).encode(&features).columns;
        let (moved, kept) = (scaled(Zeros::Moved), scaled(Zeros::Kept));
        assert_eq!(kept[0], [0.0, 0.0, 0.0, 2.0], "the deviation is 2");
        assert_eq!(moved[0], [-0.5, -0.5, -0.5, 1.5]);
        assert_eq!((&kept[1], &kept[2]), (&moved[1], &moved[2]), "others are centred, half zeros among them");
    }
}
