//! Writing a forest as one node of an ONNX graph.
//!
//! The operators are `TreeEnsembleClassifier` and `TreeEnsembleRegressor` of `ai.onnx.ml`, version 3.
//! Thresholds and leaf values are single-precision numbers already, so that a row takes the same path there;
//! only the sum of its leaves may be rounded otherwise.
//!
//! Logistic is written as softmax over 0 and the log odds, which is the same probability. The operator's own
//! way for two classes, one score and `LOGISTIC`, leaves the logistic out when no leaf value is negative.

use super::bagged::Bagged;
use super::forest::{Forest, Node};
use super::objective::Objective;
use crate::onnx::{Attribute, GraphBuilder, ML};

/// The names of a written forest's outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The most probable class, from 0, `int64 [N]`; none for a number.
    pub class: Option<String>,
    /// The probability of every class, `float [N, K]`, where logistic has two: not so and so; or the
    /// number, `float [N, 1]`.
    pub answers: String,
}

/// The attributes that list nodes and leaves, one entry each.
#[derive(Debug, Default)]
struct Lists {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    features: Vec<i64>,
    modes: Vec<String>,
    values: Vec<f32>,
    lefts: Vec<i64>,
    rights: Vec<i64>,
    missing_left: Vec<i64>,
    leaf_trees: Vec<i64>,
    leaf_nodes: Vec<i64>,
    leaf_outputs: Vec<i64>,
    leaf_values: Vec<f32>,
}

impl Forest {
    /// Adds the forest to a graph. `input` names its features there: `float [N, features]`, missing as NaN.
    pub fn write_onnx(&self, graph: &mut GraphBuilder, input: &str) -> Written {
        let answers = graph.fresh("tree_answers");
        let classes = match self.objective {
            Objective::Softmax { classes } => classes,
            Objective::Logistic => 2,
            Objective::Squared | Objective::Absolute => {
                graph.node(ML, "TreeEnsembleRegressor", &[input], &[&answers], self.regressor());
                return Written { class: None, answers };
            }
        };
        let class = graph.fresh("tree_class");
        graph.node(ML, "TreeEnsembleClassifier", &[input], &[&class, &answers], self.classifier(classes));
        Written { class: Some(class), answers }
    }

    fn classifier(&self, classes: usize) -> Vec<(&'static str, Attribute)> {
        let mut lists = self.lists();
        let mut attributes = vec![("post_transform", "SOFTMAX".into())];
        if classes > 2 {
            attributes.push(("base_values", self.base.clone().into()));
        } else {
            lists.add_to_first_trees(&self.base);
        }
        if self.objective == Objective::Logistic {
            lists.speak_for_second_class();
        }
        attributes.extend([
            ("classlabels_int64s", (0..classes as i64).collect::<Vec<_>>().into()),
            ("class_treeids", lists.leaf_trees.clone().into()),
            ("class_nodeids", lists.leaf_nodes.clone().into()),
            ("class_ids", lists.leaf_outputs.clone().into()),
            ("class_weights", lists.leaf_values.clone().into()),
        ]);
        attributes.extend(lists.nodes());
        attributes
    }

    fn regressor(&self) -> Vec<(&'static str, Attribute)> {
        let lists = self.lists();
        let mut attributes = vec![
            ("post_transform", "NONE".into()),
            ("aggregate_function", "SUM".into()),
            ("n_targets", 1.into()),
            ("base_values", self.base.clone().into()),
            ("target_treeids", lists.leaf_trees.clone().into()),
            ("target_nodeids", lists.leaf_nodes.clone().into()),
            ("target_ids", lists.leaf_outputs.clone().into()),
            ("target_weights", lists.leaf_values.clone().into()),
        ];
        attributes.extend(lists.nodes());
        attributes
    }

    fn lists(&self) -> Lists {
        let mut lists = Lists::default();
        for (tree, nodes) in self.trees.iter().map(|tree| &tree.nodes).enumerate() {
            for (place, node) in nodes.iter().enumerate() {
                lists.push(tree, place, node, tree % self.base.len());
            }
        }
        lists
    }
}

impl Bagged {
    /// Adds the mean of the trees to a graph; gives the name of the probabilities, `float [N, outputs]`. `input` names
    /// the features there, missing as NaN.
    pub fn write_onnx(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let lists = self.lists();
        let mut attributes = vec![
            ("post_transform", "NONE".into()),
            ("aggregate_function", "SUM".into()),
            ("n_targets", (self.outputs as i64).into()),
            ("target_treeids", lists.leaf_trees.clone().into()),
            ("target_nodeids", lists.leaf_nodes.clone().into()),
            ("target_ids", lists.leaf_outputs.clone().into()),
            ("target_weights", lists.leaf_values.clone().into()),
        ];
        attributes.extend(lists.nodes());
        let sums = graph.fresh("tree_shares");
        graph.node(ML, "TreeEnsembleRegressor", &[input], &[&sums], attributes);
        // Single-precision shares of many trees miss a sum of 1 by more than answers may.
        let axes = graph.fresh("axes");
        graph.initializer_i64(&axes, &[1], vec![1]);
        let total = graph.op("ReduceSum", &[&sums, &axes], vec![("keepdims", 1.into())]);
        graph.op("Div", &[&sums, &total], vec![])
    }

    fn lists(&self) -> Lists {
        let mut lists = Lists::default();
        for (tree, place, node) in self.nodes() {
            lists.push_node(tree, place, node);
            let Node::Leaf { value } = node else { continue };
            // A leaf's value is its number, behind which stand its shares.
            let shares = &self.trees[tree].leaves[*value as usize * self.outputs..][..self.outputs];
            for (output, share) in shares.iter().enumerate() {
                lists.push_leaf(tree, place, output, share / self.trees.len() as f32);
            }
        }
        lists
    }
}

impl Lists {
    fn push(&mut self, tree: usize, place: usize, node: &Node, output: usize) {
        self.push_node(tree, place, node);
        if let Node::Leaf { value } = *node {
            self.push_leaf(tree, place, output, value);
        }
    }

    fn push_node(&mut self, tree: usize, place: usize, node: &Node) {
        self.trees.push(tree as i64);
        self.nodes.push(place as i64);
        let (mode, feature, threshold, left, right, missing_left) = match *node {
            Node::Split { feature, threshold, missing_left, left, right, .. } => {
                ("BRANCH_LEQ", feature, threshold, left, right, missing_left)
            }
            Node::Leaf { .. } => ("LEAF", 0, 0.0, 0, 0, false),
        };
        self.modes.push(mode.into());
        self.features.push(i64::from(feature));
        self.values.push(threshold);
        self.lefts.push(i64::from(left));
        self.rights.push(i64::from(right));
        self.missing_left.push(i64::from(missing_left));
    }

    fn push_leaf(&mut self, tree: usize, place: usize, output: usize, value: f32) {
        self.leaf_trees.push(tree as i64);
        self.leaf_nodes.push(place as i64);
        self.leaf_outputs.push(output as i64);
        self.leaf_values.push(value);
    }

    /// Adds the bases to the leaves of the first round, since base values of two classes have no agreed meaning.
    fn add_to_first_trees(&mut self, base: &[f32]) {
        for (&tree, value) in self.leaf_trees.iter().zip(&mut self.leaf_values) {
            *value += base.get(tree as usize).unwrap_or(&0.0);
        }
    }

    /// Gives every leaf to the second of two classes. The first tree's leaves say 0 for the first as well, since
    /// a class that no leaf speaks for is answered in another way.
    fn speak_for_second_class(&mut self) {
        self.leaf_outputs.fill(1);
        let first_tree = self.leaf_trees.iter().take_while(|&&tree| tree == 0).count();
        self.leaf_trees.splice(0..0, vec![0; first_tree]);
        self.leaf_nodes = [&self.leaf_nodes[..first_tree], &self.leaf_nodes].concat();
        self.leaf_outputs.splice(0..0, vec![0; first_tree]);
        self.leaf_values.splice(0..0, vec![0.0; first_tree]);
    }

    fn nodes(self) -> Vec<(&'static str, Attribute)> {
        vec![
            ("nodes_treeids", self.trees.into()),
            ("nodes_nodeids", self.nodes.into()),
            ("nodes_featureids", self.features.into()),
            ("nodes_modes", self.modes.into()),
            ("nodes_values", self.values.into()),
            ("nodes_truenodeids", self.lefts.into()),
            ("nodes_falsenodeids", self.rights.into()),
            ("nodes_missing_value_tracks_true", self.missing_left.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Data, Dtype, Program, Tensor};
    use crate::trees::draw::uniform;
    use crate::trees::{Matrix, Params, Part, fit};

    const ROWS: usize = 1000;

    /// Columns with missing cells, of which the second is missing only where it is answered, not in training.
    fn columns(answered: bool) -> Vec<Vec<f32>> {
        let value = |column, row| match uniform([column, 7, 0, row]) {
            u if u < 0.1 && (answered || column != 1) => f32::NAN,
            u => (u * 40.0).round() as f32 / 8.0,
        };
        (0..4).map(|column| (0..ROWS as u64).map(|row| value(column, row)).collect()).collect()
    }

    fn fitted(objective: Objective) -> Forest {
        let matrix = Matrix::from_columns(columns(false)).expect("equal lengths");
        let target = |row: usize| {
            let of = |column| f64::from(matrix.get(row, column)).max(0.0) / 5.0;
            let p = (of(0) + of(1) * of(2)) / 2.0;
            match objective.outputs() {
                1 => vec![p],
                2 => vec![p, 1.0 - p],
                _ => vec![p, 0.8 * (1.0 - p), 0.2 * (1.0 - p)],
            }
        };
        let target: Vec<f64> = (0..ROWS).flat_map(target).collect();
        let part = Part { matrix: &matrix, target: &target, weight: None };
        fit(part, None, objective, &Params { rounds: 25, ..Params::default() }, 1, &mut |_| true)
            .expect("a sound problem")
    }

    /// The written graph's answers, and ours in its shape.
    fn both(forest: &Forest) -> (Vec<f32>, Vec<f64>) {
        let columns = columns(true);
        let mut graph = GraphBuilder::new("forest");
        graph.input("x", Dtype::F32, &[4]);
        let written = forest.write_onnx(&mut graph, "x");
        let logistic = forest.objective == Objective::Logistic;
        let width = if logistic { 2 } else { forest.objective.outputs() };
        graph.output(&written.answers, Dtype::F32, &[width]);
        let program = Program::load(&graph.finish()).expect("our own bytes");
        let cells = (0..ROWS).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
        let x = Tensor::new(vec![ROWS, 4], Data::F32(cells)).expect("as long as its shape");
        let answers = program.run(&[("x", x)]).expect("a sound graph").remove(0).1;
        let Data::F32(answers) = answers.into_parts().1 else { panic!("not single precision") };
        let ours = forest.predict(&Matrix::from_columns(columns).expect("equal lengths"));
        let ours = if logistic { ours.iter().flat_map(|p| [1.0 - p, *p]).collect() } else { ours };
        (answers, ours)
    }

    fn check(forest: &Forest) {
        let (written, ours) = both(forest);
        assert_eq!(written.len(), ours.len());
        for (w, o) in written.iter().zip(&ours) {
            assert!((f64::from(*w) - o).abs() < 1e-6, "{w} {o}");
        }
    }

    #[test]
    fn the_graph_answers_what_the_forest_predicts() {
        let objectives = [Objective::Logistic, Objective::Squared, Objective::Absolute];
        let classes = [2, 3].map(|classes| Objective::Softmax { classes });
        for objective in objectives.into_iter().chain(classes) {
            check(&fitted(objective));
        }
    }

    #[test]
    fn leaf_values_of_one_sign_change_nothing() {
        for sign in [1.0, -1.0] {
            let mut forest = fitted(Objective::Logistic);
            for node in forest.trees.iter_mut().flat_map(|tree| &mut tree.nodes) {
                if let Node::Leaf { value } = node {
                    *value = sign * value.abs();
                }
            }
            check(&forest);
        }
    }
}
