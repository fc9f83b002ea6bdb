//! Growing one tree that is averaged: nodes are divided where the classes come apart most.
//!
//! Not the boosting grower: there one number a leaf, from derivatives; here the shares of all classes. The gain is
//! what a division takes off the Gini impurity, which for soft labels is the sum of their variances.

use super::bagged::{Averaging, Speaker};
use super::binned::Binned;
use super::draw::uniform;
use super::forest::{Node, Tree};
use std::collections::BinaryHeap;

/// What draws are for.
const COLUMNS: u64 = 12;
const CUT: u64 = 13;

/// What a tree is grown from.
pub(super) struct Halving<'a> {
    pub binned: &'a Binned,
    pub target: &'a [f64],
    pub outputs: usize,
    /// Of this tree's draw.
    pub weight: &'a [f32],
    pub params: &'a Averaging,
    /// The class shares of all rows.
    pub prior: &'a [f64],
}

/// A leaf that may be divided; larger ones come first, of equal ones the older.
struct Open {
    node: usize,
    rows: Vec<u32>,
}

/// The best division so far.
struct Cut {
    feature: usize,
    /// The last bin that goes left; missing goes right.
    bin: usize,
    gain: f64,
    left_is_larger: bool,
}

impl PartialEq for Open {
    fn eq(&self, other: &Open) -> bool {
        self.node == other.node
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Open) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Open) -> std::cmp::Ordering {
        self.rows.len().cmp(&other.rows.len()).then(other.node.cmp(&self.node))
    }
}

impl Halving<'_> {
    pub fn grow(&self, seed: u64, tree: u64) -> Speaker {
        let rows = (0..self.binned.rows as u32).filter(|&r| self.weight[r as usize] > 0.0).collect();
        let mut nodes = vec![Node::Leaf { value: 0.0 }];
        let mut open = BinaryHeap::from([Open { node: 0, rows }]);
        let mut closed = Vec::new();
        while let Some(next) = open.pop() {
            let room = open.len() + closed.len() + 1 < self.params.max_leaves;
            let large = next.rows.len() >= 2 * self.params.min_data_in_leaf;
            let cut = (room && large).then(|| self.best(&next, seed, tree)).flatten();
            match cut {
                Some(cut) => open.extend(self.divide(&mut nodes, next, &cut)),
                None => closed.push(next),
            }
        }
        let mut leaves = Vec::with_capacity(closed.len() * self.outputs);
        for (name, leaf) in closed.iter().enumerate() {
            nodes[leaf.node] = Node::Leaf { value: name as f32 };
            leaves.extend(self.shares(&leaf.rows));
        }
        Speaker { tree: Tree { nodes }, leaves }
    }

    fn divide(&self, nodes: &mut Vec<Node>, parent: Open, cut: &Cut) -> [Open; 2] {
        let feature = &self.binned.features[cut.feature];
        let mut bins = Vec::new();
        feature.bins_of(&parent.rows, &mut bins);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (&row, &bin) in parent.rows.iter().zip(&bins) {
            if usize::from(bin) <= cut.bin { left.push(row) } else { right.push(row) }
        }
        let at = nodes.len();
        nodes.extend([Node::Leaf { value: 0.0 }; 2]);
        nodes[parent.node] = Node::Split {
            feature: cut.feature as u32,
            threshold: feature.cuts.upper.get(cut.bin).copied().unwrap_or(f32::INFINITY),
            // Rows that miss what training never missed go where most rows went.
            missing_left: feature.missing().is_none() && cut.left_is_larger,
            left: at as u32,
            right: at as u32 + 1,
            gain: cut.gain as f32,
        };
        [Open { node: at, rows: left }, Open { node: at + 1, rows: right }]
    }

    /// The best division among the drawn columns; columns that cannot divide the node do not count as drawn.
    fn best(&self, open: &Open, seed: u64, tree: u64) -> Option<Cut> {
        let count = self.binned.features.len();
        let wanted = self.params.columns.unwrap_or((count as f64).sqrt().round() as usize).clamp(1, count);
        let mut order: Vec<usize> = (0..count).collect();
        let (mut best, mut tried): (Option<Cut>, usize) = (None, 0);
        let mut bins = Vec::new();
        for place in 0..count {
            let draw = uniform([seed ^ COLUMNS, tree, open.node as u64, place as u64]);
            order.swap(place, place + (draw * (count - place) as f64) as usize);
            let feature = order[place];
            if self.binned.features[feature].place.len() < 2 {
                continue;
            }
            self.binned.features[feature].bins_of(&open.rows, &mut bins);
            let (low, high) = bins.iter().fold((u8::MAX, 0), |(l, h), &b| (l.min(b), h.max(b)));
            if low >= high {
                continue;
            }
            let draw = uniform([seed ^ CUT, tree, open.node as u64, feature as u64]);
            let found = self.search(feature, &open.rows, &bins, (low.into(), high.into()), draw);
            if let Some(cut) = found.filter(|cut| best.as_ref().is_none_or(|b| cut.gain > b.gain)) {
                best = Some(cut);
            }
            tried += 1;
            if tried == wanted {
                break;
            }
        }
        best
    }

    /// The best boundary between two bins, or the drawn one.
    fn search(
        &self,
        feature: usize,
        rows: &[u32],
        bins: &[u8],
        (low, high): (usize, usize),
        draw: f64,
    ) -> Option<Cut> {
        let width = self.outputs + 2;
        let mut sums = vec![0.0; (high - low + 1) * width];
        for (&row, &bin) in rows.iter().zip(bins) {
            let row = row as usize;
            let weight = f64::from(self.weight[row]);
            let sum = &mut sums[(usize::from(bin) - low) * width..][..width];
            let target = &self.target[row * self.outputs..][..self.outputs];
            sum.iter_mut().zip(target).for_each(|(s, p)| *s += weight * p);
            sum[width - 2] += weight;
            sum[width - 1] += 1.0;
        }
        let mut total = vec![0.0; width];
        sums.chunks_exact(width).for_each(|bin| total.iter_mut().zip(bin).for_each(|(t, b)| *t += b));
        let only = self.params.random_cuts.then(|| low + (draw * (high - low) as f64) as usize);
        let parent = score(&total);
        let least = self.params.min_data_in_leaf as f64;
        let (mut left, mut best): (Vec<f64>, Option<Cut>) = (vec![0.0; width], None);
        for (bin, sum) in (low..high).zip(sums.chunks_exact(width)) {
            left.iter_mut().zip(sum).for_each(|(l, s)| *l += s);
            let right: Vec<f64> = total.iter().zip(&left).map(|(t, l)| t - l).collect();
            let (here, there) = (left[width - 1], right[width - 1]);
            if only.is_some_and(|only| bin != only) || here < least || there < least {
                continue;
            }
            let gain = score(&left) + score(&right) - parent;
            if gain > parent * 1e-12 && best.as_ref().is_none_or(|b| gain > b.gain) {
                best = Some(Cut { feature, bin, gain, left_is_larger: here > there });
            }
        }
        best
    }

    /// The class shares of rows, drawn towards those of all.
    fn shares(&self, rows: &[u32]) -> Vec<f32> {
        let mut sums: Vec<f64> = self.prior.iter().map(|p| p * self.params.smoothing).collect();
        for &row in rows {
            let row = row as usize;
            let target = &self.target[row * self.outputs..][..self.outputs];
            sums.iter_mut().zip(target).for_each(|(s, p)| *s += f64::from(self.weight[row]) * p);
        }
        let total: f64 = sums.iter().sum();
        sums.into_iter().map(|s| (s / total) as f32).collect()
    }
}

/// What rows take off the impurity: their squared class sums by their weight.
fn score(sums: &[f64]) -> f64 {
    let (classes, rest) = sums.split_at(sums.len() - 2);
    if rest[0] > 0.0 { classes.iter().map(|s| s * s).sum::<f64>() / rest[0] } else { 0.0 }
}
