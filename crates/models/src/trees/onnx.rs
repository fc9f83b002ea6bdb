//! Writing a forest as one node of an ONNX graph.
//!
//! The operators are `TreeEnsembleClassifier` and `TreeEnsembleRegressor` of `ai.onnx.ml`, version 3.
//! Thresholds and leaf values are single-precision numbers already, so that a row takes the same path there;
//! only the sum of its leaves may be rounded otherwise.

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
        let post = if self.objective == Objective::Logistic { "LOGISTIC" } else { "SOFTMAX" };
        let lists = self.lists();
        let mut attributes = vec![
            ("post_transform", post.into()),
            ("base_values", self.base.clone().into()),
            ("classlabels_int64s", (0..classes as i64).collect::<Vec<_>>().into()),
            ("class_treeids", lists.leaf_trees.clone().into()),
            ("class_nodeids", lists.leaf_nodes.clone().into()),
            ("class_ids", lists.leaf_outputs.clone().into()),
            ("class_weights", lists.leaf_values.clone().into()),
        ];
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

impl Lists {
    fn push(&mut self, tree: usize, place: usize, node: &Node, output: usize) {
        self.trees.push(tree as i64);
        self.nodes.push(place as i64);
        let (mode, feature, threshold, left, right, missing_left) = match *node {
            Node::Split { feature, threshold, missing_left, left, right, .. } => {
                ("BRANCH_LEQ", feature, threshold, left, right, missing_left)
            }
            Node::Leaf { value } => {
                self.leaf_trees.push(tree as i64);
                self.leaf_nodes.push(place as i64);
                self.leaf_outputs.push(output as i64);
                self.leaf_values.push(value);
                ("LEAF", 0, 0.0, 0, 0, false)
            }
        };
        self.modes.push(mode.into());
        self.features.push(i64::from(feature));
        self.values.push(threshold);
        self.lefts.push(i64::from(left));
        self.rights.push(i64::from(right));
        self.missing_left.push(i64::from(missing_left));
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
