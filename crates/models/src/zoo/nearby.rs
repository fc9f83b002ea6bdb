//! How far the nearest rows of each class are, as features.
//!
//! *What it answers*: which classes live where a row stands. *Assumptions*: distances mean something: columns of one
//! kind, or scaled ones. *When it misleads*: where served rows repeat training rows, as copies are at distance 0.
//! *Source*: Titericz and Semenov 2015 (Otto, first place). *Checked against*: its own graph; all pairs.
//!
//! Invariant: a training row's features are measured with it, and all rows of its entity, left out.

use super::recipe::Space;
use super::space::{Points, by_column};
use crate::encode::Features;
use crate::onnx::{GraphBuilder, Others};

/// How many of the nearest are looked at.
const NEAREST: usize = 4;
/// The nearest 1, and the sums of the nearest 2 and 4.
const SUMS: [usize; 3] = [1, 2, 4];
/// A class of fewer rows has no such features: each of its rows would be told by what it lacks.
const FEWEST: usize = NEAREST + 1;

/// The training rows of each class, as learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nearby {
    points: Points,
    width: usize,
    classes: Vec<Class>,
}

#[derive(Debug, Clone, PartialEq)]
struct Class {
    /// Which training rows they are.
    rows: Vec<usize>,
    cells: Vec<f32>,
    others: Others,
}

impl Nearby {
    /// `class[i]` is the most probable class of row i; rows of `None` are no one's neighbours.
    pub fn learn(raw: &Features, space: Space, class: &[Option<usize>], classes: usize) -> Nearby {
        let points = Points::learn(raw, space);
        let (rows, width) = (points.encode(raw), raw.columns.len());
        let of = |wanted: usize| {
            let members: Vec<usize> = (0..class.len()).filter(|&row| class[row] == Some(wanted)).collect();
            let cells: Vec<f32> =
                members.iter().flat_map(|&r| &rows[r * width..(r + 1) * width]).copied().collect();
            Class { others: Others::new(&cells, width), rows: members, cells }
        };
        let classes = (0..classes).map(of).filter(|c| c.rows.len() >= FEWEST).collect();
        Nearby { points, width, classes }
    }

    /// The features of training rows. Rows of one `entity` are no neighbours of each other; without entities a row
    /// is only not its own.
    pub fn of_training(&self, raw: &Features, entity: Option<&[u64]>) -> Vec<Vec<f32>> {
        self.features(raw, |row, other| match entity {
            Some(entity) => entity[row] == entity[other],
            None => row == other,
        })
    }

    /// The features of new rows.
    pub fn of_new(&self, raw: &Features) -> Vec<Vec<f32>> {
        self.features(raw, |_, _| false)
    }

    fn features(&self, raw: &Features, same: impl Fn(usize, usize) -> bool + Sync) -> Vec<Vec<f32>> {
        let points = self.points.encode(raw);
        let class = |class: &Class| {
            let row = |row: usize, squares: &[f32]| {
                let counted = squares.iter().zip(&class.rows).filter(|&(_, &other)| !same(row, other));
                sums(nearest(counted.map(|(&d, _)| d)))
            };
            by_column(&class.others.map(&points, row).concat(), SUMS.len())
        };
        self.classes.iter().flat_map(class).collect()
    }

    /// `raw` is `float [N, columns]`; names one value a class, `float [N, 3]`.
    pub fn write(&self, graph: &mut GraphBuilder, raw: &str) -> Vec<String> {
        let points = self.points.write(graph, raw);
        let (k, adds) = (graph.fresh("nearest"), graph.fresh("sums"));
        graph.initializer_i64(&k, &[1], vec![NEAREST as i64]);
        let add = |place: usize| f32::from(u8::from(place / SUMS.len() < SUMS[place % SUMS.len()]));
        graph.initializer_f32(&adds, &[NEAREST, SUMS.len()], (0..NEAREST * SUMS.len()).map(add).collect());
        let class = |class: &Class| {
            let others = graph.fresh("rows_of_class");
            graph.initializer_f32(&others, &[class.rows.len(), self.width], class.cells.clone());
            // Both outputs of TopK must have a name for onnxruntime.
            let [squares, nearest, unused] = ["squares", "nearest", "unused"].map(|stem| graph.fresh(stem));
            let metric = vec![("metric", "sqeuclidean".into())];
            graph.node(crate::onnx::CONTRIB, "CDist", &[&points, &others], &[&squares], metric);
            graph.node("", "TopK", &[&squares, &k], &[&nearest, &unused], vec![("largest", 0.into())]);
            let distances = graph.op("Sqrt", &[&nearest], vec![]);
            graph.op("MatMul", &[&distances, &adds], vec![])
        };
        self.classes.iter().map(class).collect()
    }
}

/// The smallest, ascending; where there are fewer, the last stands for those that lack.
fn nearest(squares: impl Iterator<Item = f32>) -> [f32; NEAREST] {
    let mut found = [f32::INFINITY; NEAREST];
    for d in squares {
        if d < found[NEAREST - 1] {
            let place = found.partition_point(|&f| f <= d);
            found[place..].rotate_right(1);
            found[place] = d;
        }
    }
    let last = found.iter().copied().rfind(|d| d.is_finite()).unwrap_or(0.0);
    found.map(|d| if d.is_finite() { d } else { last })
}

fn sums(nearest: [f32; NEAREST]) -> [f32; 3] {
    SUMS.map(|count| nearest[..count].iter().map(|d| d.sqrt()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[f32]) -> Features {
        Features {
            rows: cells.len(),
            columns: vec![cells.to_vec(), cells.iter().map(|x| x * x - 9.0).collect()],
        }
    }

    #[test]
    fn a_row_is_not_its_own_neighbour_nor_are_those_of_its_entity() {
        let raw = line(&[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        let class = vec![Some(0); 7];
        let nearby = Nearby::learn(&raw, Space::Scaled, &class, 1);
        assert!(nearby.of_new(&raw)[0].iter().all(|&d| d == 0.0), "as new rows they are copies");
        let own = nearby.of_training(&raw, None);
        assert!(own[0].iter().all(|&d| d > 0.0) && own[2].iter().zip(&own[1]).all(|(four, two)| four > two));
        let pairs = nearby.of_training(&raw, Some(&[0, 0, 1, 1, 2, 2, 3]));
        assert!(pairs[0][0] > own[0][0], "the neighbour of one entity does not count");
    }

    #[test]
    fn small_classes_have_no_features() {
        let raw = line(&[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        let class = [0, 0, 0, 0, 0, 1, 1].map(Some);
        assert_eq!(Nearby::learn(&raw, Space::TfIdf, &class, 2).of_new(&raw).len(), 3);
    }

    #[test]
    fn the_smallest_are_kept_in_order() {
        assert_eq!(nearest([5.0, 1.0, 4.0, 1.0, 9.0, 2.0].into_iter()), [1.0, 1.0, 2.0, 4.0]);
        assert_eq!(nearest([3.0].into_iter()), [3.0; 4]);
        assert_eq!(sums([1.0, 4.0, 9.0, 16.0]), [1.0, 3.0, 10.0]);
    }
}
