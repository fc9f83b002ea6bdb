//! What was learned: plain trees, and how they answer.
//!
//! A row goes left where its value is `<=` the threshold, in single precision; a missing value goes where
//! the node says. Leaf values and bases are single-precision numbers, as they are written; their sum here is
//! taken in double precision.

use super::matrix::Matrix;
use super::objective::Objective;

/// Boosted trees. Raw answers are sums: a base and one leaf value from each tree of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// What the raw answers mean.
    pub objective: Objective,
    /// How many columns the matrix had.
    pub features: usize,
    /// Round after round, one tree for each output in turn.
    pub trees: Vec<Tree>,
    /// Where the raw answer of each output starts.
    pub base: Vec<f32>,
    /// The validation loss after each round that was tried, where there was a validation part.
    pub history: Vec<f64>,
}

/// A tree; its first node is the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The nodes. A child comes after its parent.
    pub nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Node {
    /// Divides the rows.
    Split {
        /// The column.
        feature: u32,
        /// Rows go left whose value is at most this; infinite where only the missing go right.
        threshold: f32,
        /// Whether rows go left that miss the column.
        missing_left: bool,
        /// The node on the left.
        left: u32,
        /// The node on the right.
        right: u32,
        /// What the division took off the training loss, in the loss's second-order expansion, twice.
        gain: f32,
    },
    /// Ends a path.
    Leaf {
        /// What it adds to the raw answer.
        value: f32,
    },
}

impl Tree {
    /// The leaf value for a row, given what stands in each column.
    pub fn value(&self, row: impl Fn(usize) -> f32) -> f32 {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                Node::Leaf { value } => return value,
                Node::Split { feature, threshold, missing_left, left, right, .. } => {
                    let x = row(feature as usize);
                    let go_left = if x.is_nan() { missing_left } else { x <= threshold };
                    at = if go_left { left } else { right } as usize;
                }
            }
        }
    }

    /// How many leaves it has.
    pub fn leaves(&self) -> usize {
        self.nodes.iter().filter(|node| matches!(node, Node::Leaf { .. })).count()
    }
}

impl Forest {
    /// How many rounds were kept.
    pub fn rounds(&self) -> usize {
        self.trees.len() / self.base.len()
    }

    /// The raw answers, row by row: as many a row as there are outputs. Log odds for logistic, logits for
    /// softmax, the value itself otherwise.
    pub fn predict_raw(&self, matrix: &Matrix) -> Vec<f64> {
        (0..matrix.rows()).flat_map(|row| self.raw_row(|column| matrix.get(row, column))).collect()
    }

    /// The answers, row by row: probabilities for softmax (one a class) and logistic (of the second class),
    /// the value itself otherwise.
    pub fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let mut answers = self.predict_raw(matrix);
        answers.chunks_mut(self.base.len()).for_each(|row| self.objective.answer(row));
        answers
    }

    /// How much each column's divisions took off the training loss, in shares that sum to 1; all 0 when
    /// nothing was divided.
    ///
    /// It tells what the forest leans on, not what causes the target, and flatters columns of many values.
    pub fn importance(&self) -> Vec<f64> {
        let mut gains = vec![0.0; self.features];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes) {
            if let Node::Split { feature, gain, .. } = node {
                gains[*feature as usize] += f64::from(*gain);
            }
        }
        let total: f64 = gains.iter().sum();
        gains.into_iter().map(|gain| if total > 0.0 { gain / total } else { 0.0 }).collect()
    }

    fn raw_row(&self, row: impl Fn(usize) -> f32) -> Vec<f64> {
        let mut raw: Vec<f64> = self.base.iter().map(|&base| f64::from(base)).collect();
        let outputs = raw.len();
        for (i, tree) in self.trees.iter().enumerate() {
            raw[i % outputs] += f64::from(tree.value(&row));
        }
        raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump() -> Tree {
        let split =
            Node::Split { feature: 1, threshold: 2.5, missing_left: false, left: 1, right: 2, gain: 3.0 };
        Tree { nodes: vec![split, Node::Leaf { value: -1.0 }, Node::Leaf { value: 1.0 }] }
    }

    #[test]
    fn a_row_at_the_threshold_goes_left_and_a_missing_one_where_the_node_says() {
        let value = |x: f32| stump().value(|column| if column == 1 { x } else { 0.0 });
        let above = f32::from_bits(2.5f32.to_bits() + 1);
        assert_eq!([value(2.5), value(above), value(f32::NAN)], [-1.0, 1.0, 1.0]);
    }

    #[test]
    fn raw_answers_are_the_base_and_a_leaf_of_each_round() {
        let leaf = |value| Tree { nodes: vec![Node::Leaf { value }] };
        let forest = Forest {
            objective: Objective::Softmax { classes: 2 },
            features: 2,
            trees: vec![stump(), leaf(0.25), stump(), leaf(0.5)],
            base: vec![0.0, 10.0],
            history: vec![],
        };
        let matrix = Matrix::from_columns(vec![vec![0.0, 0.0], vec![0.0, 9.0]]).expect("equal lengths");
        assert_eq!(forest.predict_raw(&matrix), [-2.0, 10.75, 2.0, 10.75]);
        assert_eq!(forest.rounds(), 2);
        assert_eq!(forest.importance(), [0.0, 1.0]);
        let sums: Vec<f64> = forest.predict(&matrix).chunks(2).map(|row| row.iter().sum()).collect();
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12));
    }
}
