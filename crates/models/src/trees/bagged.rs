//! Trees that are averaged, not boosted: random forests and extra trees.
//!
//! Leaves hold the probability of every class, so that one tree speaks for all of them and soft labels are learned
//! as they are. Invariant: the same matrix, target, weights, parameters and seed give the same trees on any number
//! of threads, since every draw belongs to its tree and place.

use super::TreesError;
use super::binned::Binned;
use super::draw::uniform;
use super::forest::{Node, Tree};
use super::halve::Halving;
use super::matrix::Matrix;
use super::params::Params;
use rayon::prelude::*;

/// Trees grown between two looks at the progress.
const BATCH: usize = 8;
/// What draws are for.
const ROWS: u64 = 11;

/// How averaged trees are grown.
#[derive(Debug, Clone, PartialEq)]
pub struct Averaging {
    /// How many trees. 1 to 10,000.
    pub trees: usize,
    /// The most leaves of a tree, largest first. At least 2.
    pub max_leaves: usize,
    /// The fewest drawn rows of a leaf. At least 1.
    pub min_data_in_leaf: usize,
    /// Columns that a division chooses among; `None` is the root of their number.
    pub columns: Option<usize>,
    /// Whether a column's boundary is drawn (extra trees) and not sought (random forest).
    pub random_cuts: bool,
    /// Whether each tree learns from rows drawn with replacement.
    pub bootstrap: bool,
    /// How many rows the class shares of the parent's population count as in each leaf, so that none is 0. 0 or more.
    pub smoothing: f64,
}

/// A tree whose leaf values are the numbers of its leaves, and what those leaves say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Speaker {
    pub(super) tree: Tree,
    /// One row of `outputs` a leaf.
    pub(super) leaves: Vec<f32>,
}

/// Averaged trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Bagged {
    pub(super) outputs: usize,
    pub(super) trees: Vec<Speaker>,
}

impl Averaging {
    /// A random forest of Breiman: the best boundary among a few columns, on rows drawn with replacement.
    pub fn random_forest(trees: usize) -> Averaging {
        let (columns, random_cuts, bootstrap) = (None, false, true);
        let (max_leaves, min_data_in_leaf, smoothing) = (4096, 2, 1.0);
        Averaging { trees, max_leaves, min_data_in_leaf, columns, random_cuts, bootstrap, smoothing }
    }

    /// Extra trees of Geurts, Ernst and Wehenkel 2006: drawn boundaries, on all rows.
    pub fn extra_trees(trees: usize) -> Averaging {
        Averaging { random_cuts: true, bootstrap: false, ..Averaging::random_forest(trees) }
    }

    /// Grows trees on `outputs` probabilities a row, which sum to 1, with a weight each.
    ///
    /// - *What it answers.* The probability of each class, as the share among rows of the same leaf.
    /// - *Assumptions.* Independent rows. Trees differ by what they draw.
    /// - *When it misleads.* Shares in small leaves are rough: calibrate, or let a stack do it.
    /// - *Source.* Breiman 2001; Geurts, Ernst and Wehenkel 2006.
    /// - *Checked against.* Its own graph; the known truth of simulated rows.
    pub fn fit(
        &self,
        matrix: &Matrix,
        target: &[f64],
        outputs: usize,
        weight: &[f64],
        seed: u64,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Bagged, TreesError> {
        self.check(matrix, target, outputs, weight)?;
        let bins = Params { max_bins: 64, min_data_in_bin: 1, ..Params::default() };
        let binned = Binned::new(matrix, &bins);
        let prior = prior(target, outputs, weight);
        let mut trees = Vec::with_capacity(self.trees);
        while trees.len() < self.trees {
            if !progress(trees.len() as f64 / self.trees as f64) {
                return Err(TreesError::Interrupted);
            }
            let next = trees.len()..self.trees.min(trees.len() + BATCH);
            let grow = |tree: usize| {
                let drawn = self.draw(weight, seed, tree as u64);
                let halving =
                    Halving { binned: &binned, target, outputs, weight: &drawn, params: self, prior: &prior };
                halving.grow(seed, tree as u64)
            };
            trees.extend(next.into_par_iter().map(grow).collect::<Vec<_>>());
        }
        Ok(Bagged { outputs, trees })
    }

    /// What each row weighs in one tree: how often it was drawn, times its own weight.
    fn draw(&self, weight: &[f64], seed: u64, tree: u64) -> Vec<f32> {
        if !self.bootstrap {
            return weight.iter().map(|&w| w as f32).collect();
        }
        let rows = weight.len();
        let mut drawn = vec![0.0f32; rows];
        for place in 0..rows as u64 {
            let row = (uniform([seed, ROWS, tree, place]) * rows as f64) as usize;
            drawn[row] += weight[row] as f32;
        }
        // A draw may leave nothing where few rows count.
        if drawn.iter().any(|&w| w > 0.0) { drawn } else { weight.iter().map(|&w| w as f32).collect() }
    }

    fn check(
        &self,
        matrix: &Matrix,
        target: &[f64],
        outputs: usize,
        weight: &[f64],
    ) -> Result<(), TreesError> {
        let refuse = |name, found: usize, expected| {
            Err(TreesError::Parameter { name, found: found.to_string(), expected })
        };
        if !(1..=10_000).contains(&self.trees) {
            return refuse("trees", self.trees, "1 to 10000");
        }
        if self.max_leaves < 2 {
            return refuse("max_leaves", self.max_leaves, "at least 2");
        }
        for (what, found, expected) in [
            ("the target", target.len(), matrix.rows() * outputs),
            ("the list of weights", weight.len(), matrix.rows()),
        ] {
            if found != expected {
                return Err(TreesError::Length { what: what.into(), found, expected });
            }
        }
        if weight.iter().any(|&w| w > 0.0) { Ok(()) } else { Err(TreesError::Empty) }
    }
}

fn prior(target: &[f64], outputs: usize, weight: &[f64]) -> Vec<f64> {
    let mut shares = vec![0.0; outputs];
    for (row, w) in target.chunks_exact(outputs).zip(weight) {
        shares.iter_mut().zip(row).for_each(|(s, p)| *s += w * p);
    }
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|s| *s /= total);
    shares
}

impl Bagged {
    /// The mean of the trees' answers, `outputs` a row.
    pub fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let row = |row: usize| {
            let mut sums = vec![0.0; self.outputs];
            for speaker in &self.trees {
                let leaf = speaker.tree.value(|column| matrix.get(row, column)) as usize;
                let said = &speaker.leaves[leaf * self.outputs..(leaf + 1) * self.outputs];
                sums.iter_mut().zip(said).for_each(|(s, &p)| *s += f64::from(p));
            }
            let total: f64 = sums.iter().sum();
            sums.into_iter().map(|s| s / total).collect::<Vec<f64>>()
        };
        (0..matrix.rows()).into_par_iter().flat_map_iter(row).collect()
    }

    /// How many leaves all trees have.
    pub fn leaves(&self) -> usize {
        self.trees.iter().map(|s| s.tree.leaves()).sum()
    }

    /// All nodes, tree by tree.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, usize, &Node)> {
        let trees = self.trees.iter().enumerate();
        trees.flat_map(|(tree, s)| {
            s.tree.nodes.iter().enumerate().map(move |(place, node)| (tree, place, node))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Data, Dtype, GraphBuilder, Program, Tensor};

    const ROWS: usize = 1500;

    /// Two columns of which the first decides between three classes, with missing cells in the second.
    fn problem() -> (Vec<Vec<f32>>, Vec<f64>) {
        let of = |column: u64, row: u64| uniform([column, 3, 0, row]);
        let x: Vec<f32> = (0..ROWS as u64).map(|r| (of(0, r) * 30.0).round() as f32).collect();
        let y = (0..ROWS as u64).map(|r| if of(1, r) < 0.1 { f32::NAN } else { of(2, r) as f32 }).collect();
        let target = x.iter().flat_map(|&x| match x {
            x if x < 10.0 => [0.9, 0.1, 0.0],
            x if x < 20.0 => [0.1, 0.2, 0.7],
            _ => [0.0, 1.0, 0.0],
        });
        let target = target.collect();
        (vec![x, y], target)
    }

    fn check(averaging: &Averaging) {
        let (columns, target) = problem();
        let matrix = Matrix::from_columns(columns.clone()).expect("equal lengths");
        let fit =
            || averaging.fit(&matrix, &target, 3, &[1.0; ROWS], 5, &mut |_| true).expect("a sound problem");
        let forest = fit();
        assert_eq!(forest, fit(), "equal seeds give equal trees");
        let answers = forest.predict(&matrix);
        let error = answers.iter().zip(&target).map(|(a, t)| (a - t).abs()).sum::<f64>() / ROWS as f64;
        assert!(error < 0.25, "{error}");
        let mut graph = GraphBuilder::new("bagged");
        graph.input("x", Dtype::F32, &[2]);
        let name = forest.write_onnx(&mut graph, "x");
        graph.output(&name, Dtype::F32, &[3]);
        let program = Program::load(&graph.finish()).expect("our own bytes");
        let cells = (0..ROWS).flat_map(|row| columns.iter().map(move |c| c[row])).collect();
        let x = Tensor::new(vec![ROWS, 2], Data::F32(cells)).expect("as long as its shape");
        let found = program.run(&[("x", x)]).expect("a sound graph").remove(0).1;
        let Data::F32(found) = found.into_parts().1 else { panic!("not single precision") };
        for (f, a) in found.iter().zip(&answers) {
            assert!((f64::from(*f) - a).abs() < 1e-6, "{f} {a}");
        }
    }

    #[test]
    fn soft_labels_are_learned_and_written() {
        check(&Averaging { columns: Some(2), ..Averaging::random_forest(20) });
        check(&Averaging { columns: Some(2), min_data_in_leaf: 10, ..Averaging::extra_trees(40) });
    }

    #[test]
    fn limits_hold_and_nonsense_is_refused() {
        let (columns, target) = problem();
        let matrix = Matrix::from_columns(columns).expect("equal lengths");
        let fit = |a: &Averaging, w: &[f64]| a.fit(&matrix, &target, 3, w, 5, &mut |_| true);
        let few = Averaging { max_leaves: 4, ..Averaging::random_forest(10) };
        assert!(fit(&few, &[1.0; ROWS]).expect("a fit").leaves() <= 40);
        assert_eq!(fit(&few, &[0.0; ROWS]), Err(TreesError::Empty));
        let none = Averaging { trees: 0, ..few };
        let said = fit(&none, &[1.0; ROWS]).expect_err("no trees").to_string();
        assert_eq!(said, "parameter `trees` is 0, expected 1 to 10000");
    }
}
