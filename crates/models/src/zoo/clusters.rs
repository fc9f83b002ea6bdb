//! Which cluster a row belongs to, and how far it is from all of them, as features.
//!
//! No label is looked at, so nothing can leak. *What it answers*: in which region of the inputs a row stands.
//! *Assumptions*: round clusters in scaled columns. *When it misleads*: the number of clusters is given, not found.
//! *Source*: Lloyd 1982; Arthur and Vassilvitskii 2007 for the start. *Checked against*: its own graph.

use super::recipe::Space;
use super::space::{Points, by_column};
use crate::contract::Seed;
use crate::encode::Features;
use crate::onnx::{Dtype, GraphBuilder, Others};
use stats::random;

/// Rows that centres are sought on.
const SAMPLE: usize = 10_000;
/// Times that centres move.
const MOVES: usize = 15;

/// Cluster centres, as learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clusters {
    points: Points,
    width: usize,
    centres: Vec<f32>,
}

impl Clusters {
    pub fn learn(raw: &Features, count: usize, seed: Seed) -> Clusters {
        let points = Points::learn(raw, Space::Scaled);
        let (rows, width) = (points.encode(raw), raw.columns.len());
        let every = raw.rows.div_ceil(SAMPLE).max(1);
        let sample: Vec<&[f32]> = rows.chunks_exact(width).step_by(every).collect();
        let mut centres = start(&sample, count.min(sample.len()), seed);
        for _ in 0..MOVES {
            centres = moved(&sample, &centres, width);
        }
        Clusters { points, width, centres }
    }

    fn count(&self) -> usize {
        self.centres.len() / self.width
    }

    pub fn features(&self, raw: &Features) -> Vec<Vec<f32>> {
        let (others, count) = (Others::new(&self.centres, self.width), self.count());
        let (mut line, mut out) = (Vec::new(), Vec::with_capacity(raw.rows * 2 * count));
        for row in self.points.encode(raw).chunks_exact(self.width) {
            others.squares(row, &mut line);
            let least = line.iter().copied().fold(f32::INFINITY, f32::min);
            out.extend(line.iter().map(|d| d.sqrt()));
            out.extend(line.iter().map(|&d| if d == least { 1.0 } else { 0.0 }));
        }
        by_column(&out, 2 * count)
    }

    /// `raw` is `float [N, columns]`; names two values `float [N, clusters]`.
    pub fn write(&self, graph: &mut GraphBuilder, raw: &str) -> Vec<String> {
        let points = self.points.write(graph, raw);
        let (centres, squares) = (graph.fresh("centres"), graph.fresh("squares"));
        graph.initializer_f32(&centres, &[self.count(), self.width], self.centres.clone());
        let metric = vec![("metric", "sqeuclidean".into())];
        graph.node(crate::onnx::CONTRIB, "CDist", &[&points, &centres], &[&squares], metric);
        let distances = graph.op("Sqrt", &[&squares], vec![]);
        let settings = vec![("axes", vec![1i64].into()), ("keepdims", 1.into())];
        let least = graph.op("ReduceMin", &[&squares], settings);
        let own = graph.op("Equal", &[&squares, &least], vec![]);
        let to = vec![("to", i64::from(Dtype::F32.code()).into())];
        vec![distances, graph.op("Cast", &[&own], to)]
    }
}

/// Centres far from each other: each is drawn with a chance that grows with the square of its distance.
fn start(sample: &[&[f32]], count: usize, seed: Seed) -> Vec<f32> {
    let first = random::below(sample.len(), seed.0, 71, 0);
    let mut centres = sample[first].to_vec();
    let mut least = vec![f64::INFINITY; sample.len()];
    let mut newest = sample[first];
    for draw in 1..count as u64 {
        for (least, row) in least.iter_mut().zip(sample) {
            *least = least.min(row.iter().zip(newest).map(|(a, b)| f64::from(a - b).powi(2)).sum());
        }
        let mut left = random::unit(seed.0, 71, draw) * least.iter().sum::<f64>();
        let found = least.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        newest = sample[found.unwrap_or(sample.len() - 1)];
        centres.extend_from_slice(newest);
    }
    centres
}

/// Each centre to the mean of its rows; one without rows stays.
fn moved(sample: &[&[f32]], centres: &[f32], width: usize) -> Vec<f32> {
    let (others, count) = (Others::new(centres, width), centres.len() / width);
    let (mut sums, mut counts, mut line) = (vec![0.0f64; centres.len()], vec![0usize; count], Vec::new());
    for row in sample {
        others.squares(row, &mut line);
        let own = (0..count).fold(0, |best, i| if line[i] < line[best] { i } else { best });
        counts[own] += 1;
        sums[own * width..].iter_mut().zip(*row).for_each(|(s, &x)| *s += f64::from(x));
    }
    let mean = |(place, (&sum, &old)): (usize, (&f64, &f32))| match counts[place / width] {
        0 => old,
        rows => (sum / rows as f64) as f32,
    };
    sums.iter().zip(centres).enumerate().map(mean).collect()
}
