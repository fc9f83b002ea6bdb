//! Small trees feature by feature: no tree is walked.
//!
//! A tree's leaves, left to right, are the bits of a word. A node whose comparison fails rules out the leaves on its
//! left, so the leaf that a row reaches is the first that no failing node rules out. Nodes of all trees stand together
//! by feature and threshold, ascending; those that fail are a run from the start, found without a guess a node, and a
//! feature that is 0 in most rows costs next to nothing.
//!
//! *Source*: Lucchese et al. 2015 (QuickScorer). *Checked against*: walks through the same trees. Not for trees of more
//! than [`LEAVES`] leaves, nor for comparisons for equality.

use super::forest::Threshold;

/// The most leaves of a tree.
pub(super) const LEAVES: usize = u64::BITS as usize;

/// A node of a tree, as it is listed here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Branch<T> {
    /// Fails where the feature is above the threshold, and where it is missing unless `missing_left`.
    Inner { feature: u32, threshold: T, missing_left: bool, left: usize, right: usize },
    /// Its own place is what a walk would end at.
    Leaf,
}

/// A node that fails above its threshold.
#[derive(Debug, Clone, Copy)]
struct Failing<T> {
    threshold: T,
    tree: u32,
    /// The leaves that it does not rule out.
    kept: u64,
}

/// Trees ready to answer.
#[derive(Debug)]
pub(super) struct Quick<T> {
    /// Features that any node asks for, each with where its nodes begin and end.
    features: Vec<(u32, u32, u32)>,
    nodes: Vec<Failing<T>>,
    /// Whether a missing feature passes a node.
    missing_left: Vec<bool>,
    /// Where each tree's leaves begin among `leaves`.
    first: Vec<u32>,
    /// The place of each leaf, left to right, tree after tree.
    leaves: Vec<u32>,
}

/// What is gathered while trees are read.
struct Reading<'a, T> {
    branch: &'a dyn Fn(usize) -> Branch<T>,
    tree: u32,
    nodes: Vec<(u32, bool, Failing<T>)>,
    leaves: Vec<u32>,
}

impl<T: Threshold> Quick<T> {
    /// From trees, each the places of its root and of its end among branches. `None` where one has too many leaves.
    pub fn new(trees: &[(usize, usize)], branch: &dyn Fn(usize) -> Branch<T>) -> Option<Quick<T>> {
        let leaf = |at: &usize| matches!(branch(*at), Branch::Leaf);
        if trees.iter().any(|&(from, to)| (from..to).filter(leaf).count() > LEAVES) {
            return None;
        }
        let mut reading = Reading { branch, tree: 0, nodes: Vec::new(), leaves: Vec::new() };
        let mut first = Vec::with_capacity(trees.len());
        for (tree, &(root, _)) in (0..).zip(trees) {
            reading.tree = tree;
            first.push(reading.leaves.len() as u32);
            let start = reading.leaves.len();
            reading.read(root, start);
        }
        let Reading { mut nodes, leaves, .. } = reading;
        // What fails for every number comes first: NaN, which no number is at most.
        let by = |n: &(u32, bool, Failing<T>)| (n.0, n.2.threshold);
        nodes.sort_by(|a, b| {
            let ((f, s), (g, t)) = (by(a), by(b));
            let order = s.partial_cmp(&t).unwrap_or_else(|| t.is_nan().cmp(&s.is_nan()));
            f.cmp(&g).then(order)
        });
        let mut features: Vec<(u32, u32, u32)> = Vec::new();
        for (place, node) in (0..).zip(&nodes) {
            match features.last_mut() {
                Some(last) if last.0 == node.0 => last.2 = place + 1,
                _ => features.push((node.0, place, place + 1)),
            }
        }
        let missing_left = nodes.iter().map(|n| n.1).collect();
        let nodes = nodes.into_iter().map(|n| n.2).collect();
        Some(Quick { features, nodes, missing_left, first, leaves })
    }

    /// Rules leaves out for one row; `left` is written over and has one word a tree then.
    pub fn rule_out(&self, row: &[T], left: &mut Vec<u64>) {
        left.clear();
        left.resize(self.first.len(), u64::MAX);
        for &(feature, from, to) in &self.features {
            let x = row[feature as usize];
            let nodes = &self.nodes[from as usize..to as usize];
            if x.is_nan() {
                let passes = &self.missing_left[from as usize..to as usize];
                let failing = nodes.iter().zip(passes).filter(|(_, passes)| !**passes);
                failing.for_each(|(node, _)| left[node.tree as usize] &= node.kept);
                continue;
            }
            for node in nodes {
                if x <= node.threshold {
                    break;
                }
                left[node.tree as usize] &= node.kept;
            }
        }
    }

    /// The place of the leaf that a tree ends at.
    #[inline(always)]
    pub fn leaf(&self, tree: usize, left: u64) -> u32 {
        self.leaves[(self.first[tree] + left.trailing_zeros()) as usize]
    }
}

impl<T: Threshold> Reading<'_, T> {
    /// Reads a tree from here on; its leaves begin at `start`. No deeper than a tree has leaves.
    fn read(&mut self, at: usize, start: usize) {
        let Branch::Inner { feature, threshold, missing_left, left, right } = (self.branch)(at) else {
            self.leaves.push(at as u32);
            return;
        };
        let from = self.leaves.len() - start;
        self.read(left, start);
        let to = self.leaves.len() - start;
        let ruled_out = (u64::MAX >> (LEAVES - (to - from))) << from;
        self.nodes.push((feature, missing_left, Failing { threshold, tree: self.tree, kept: !ruled_out }));
        self.read(right, start);
    }
}

#[cfg(test)]
mod tests {
    use crate::onnx::ml::forest::{Aggregate, Forest, Listed, Mode};
    use proptest::prelude::*;

    fn node(
        mode: Mode,
        feature: u32,
        threshold: f32,
        children: (usize, usize),
        missing_yes: bool,
    ) -> Listed<f32> {
        Listed { mode, feature, threshold, yes: children.0, no: children.1, missing_yes }
    }

    /// A tree grown by splitting leaves at random; every leaf says its own place.
    fn tree(nodes: &mut Vec<Listed<f32>>, splits: &[(u32, u8, i8, bool)]) {
        let leaf = |at: usize| node(Mode::Leaf, 0, 0.0, (at, at), false);
        nodes.push(leaf(nodes.len()));
        let mut leaves = vec![nodes.len() - 1];
        for &(pick, kind, threshold, missing) in splits {
            let at = leaves.swap_remove(pick as usize % leaves.len());
            let mode = [Mode::Leq, Mode::Lt, Mode::Gte, Mode::Gt][usize::from(kind % 4)];
            let (yes, no) = (nodes.len(), nodes.len() + 1);
            let threshold = if threshold == i8::MIN { f32::NEG_INFINITY } else { f32::from(threshold % 4) };
            nodes[at] = node(mode, pick % 3, threshold, (yes, no), missing);
            nodes.extend([leaf(yes), leaf(no)]);
            leaves.extend([yes, no]);
        }
    }

    proptest! {
        #[test]
        fn the_same_leaves_are_reached_as_by_walking(
            trees in prop::collection::vec(prop::collection::vec(any::<(u32, u8, i8, bool)>(), 0..63), 1..12),
            cells in prop::collection::vec(-5i8..6, 3 * 20),
        ) {
            let (mut nodes, mut roots) = (Vec::new(), Vec::new());
            for splits in &trees {
                roots.push(nodes.len());
                tree(&mut nodes, splits);
            }
            let votes: Vec<_> = (0..nodes.len()).map(|i| vec![(0u32, (i * i) as f64)]).collect();
            let forest = Forest::new(&nodes, &roots, &votes, 1).expect("trees");
            let number = |&x: &i8| match x {
                5 => f32::NAN,
                -5 => f32::NEG_INFINITY,
                x => f32::from(x),
            };
            let x: Vec<f32> = cells.iter().map(number).collect();
            let found = forest.scores(&x, 20, 3, Aggregate::Sum).expect("three columns");
            prop_assert_eq!(found, forest.walked(&x, 20, 3, Aggregate::Sum));
        }
    }
}
