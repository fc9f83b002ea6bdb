//! Growing one tree, best leaf first.
//!
//! The rows of a leaf lie together in one list, in ascending order; dividing a leaf divides its part of the
//! list, stably. Leaves come out without values: those are the objective's business.

use super::binned::{Binned, Feature};
use super::forest::{Node, Tree};
use super::histogram;
use super::params::Params;
use super::split::{self, Rules, Split};
use super::sum::Sum;
use std::ops::Range;

/// Memory that one tree after another uses.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// The rows, leaf by leaf.
    pub(super) order: Vec<u32>,
    right: Vec<u32>,
    bins: Vec<u8>,
    free: Vec<Vec<Sum>>,
}

/// A leaf of a grown tree.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) node: usize,
    /// Where its rows lie in the workspace's order.
    pub(super) rows: Range<usize>,
    pub(super) total: Sum,
}

/// A leaf that may yet be divided.
struct Open {
    leaf: Leaf,
    depth: usize,
    /// How to divide it, and its histogram; none where nothing is gained.
    best: Option<(Split, Vec<Sum>)>,
}

/// What every step of a tree's growth looks at.
pub(super) struct Ground<'a> {
    pub(super) binned: &'a Binned,
    pub(super) params: &'a Params,
    /// The columns that may be used.
    pub(super) drawn: &'a [bool],
    /// Each row's derivatives; empty for rows that do not count.
    pub(super) sums: &'a [Sum],
    pub(super) rules: Rules,
}

impl Ground<'_> {
    /// Grows a tree.
    pub(super) fn grow(&self, work: &mut Workspace) -> (Tree, Vec<Leaf>) {
        let mut tree = Tree { nodes: vec![Node::Leaf { value: 0.0 }] };
        let mut leaves = vec![self.root(work)];
        while leaves.len() < self.params.max_leaves
            && let Some(next) = most_to_gain(&leaves)
        {
            let last = leaves.len() + 1 == self.params.max_leaves;
            let [left, right] = self.divide(&mut leaves[next], last, &mut tree, work);
            leaves[next] = left;
            leaves.push(right);
        }
        let close = |open: Open| {
            work.free.extend(open.best.map(|best| best.1));
            open.leaf
        };
        (tree, leaves.into_iter().map(close).collect())
    }

    fn root(&self, work: &mut Workspace) -> Open {
        work.order.clear();
        work.order.extend(0..self.binned.rows as u32);
        let mut total = Sum::default();
        self.sums.iter().for_each(|&sum| total += sum);
        let leaf = Leaf { node: 0, rows: 0..self.binned.rows, total };
        let mut root = Open { leaf, depth: 0, best: None };
        if self.divisible(&root) {
            let histogram = self.histogram(&root.leaf, work);
            self.search(&mut root, histogram, work);
        }
        root
    }

    /// Divides a leaf. The last division's children need no search.
    fn divide(&self, parent: &mut Open, last: bool, tree: &mut Tree, work: &mut Workspace) -> [Open; 2] {
        let (split, histogram) = parent.best.take().expect("a leaf without gain is not divided");
        let feature = &self.binned.features[split.feature];
        let Leaf { node, rows, total } = &parent.leaf;
        let middle = rows.start + work.partition(rows.clone(), feature, &split);
        let (left, right) = (tree.nodes.len(), tree.nodes.len() + 1);
        tree.nodes.extend([Node::Leaf { value: 0.0 }; 2]);
        tree.nodes[*node] = Node::Split {
            feature: split.feature as u32,
            threshold: feature.cuts.upper.get(split.bin).copied().unwrap_or(f32::INFINITY),
            missing_left: split.missing_left,
            left: left as u32,
            right: right as u32,
            gain: split.gain as f32,
        };
        let open = |leaf| Open { leaf, depth: parent.depth + 1, best: None };
        let mut children = [
            open(Leaf { node: left, rows: rows.start..middle, total: split.left }),
            open(Leaf { node: right, rows: middle..rows.end, total: *total - split.left }),
        ];
        if last || !children.iter().any(|child| self.divisible(child)) {
            work.free.push(histogram);
        } else {
            self.search_both(&mut children, histogram, work);
        }
        children
    }

    /// Searches two children: the histogram of the smaller from its rows, that of the larger from the parent's.
    fn search_both(&self, children: &mut [Open; 2], mut parent: Vec<Sum>, work: &mut Workspace) {
        let [left, right] = children;
        let right_is_smaller = right.leaf.rows.len() < left.leaf.rows.len();
        let (smaller, larger) = if right_is_smaller { (right, left) } else { (left, right) };
        let histogram = self.histogram(&smaller.leaf, work);
        histogram::subtract(&mut parent, &histogram);
        self.search(smaller, histogram, work);
        self.search(larger, parent, work);
    }

    fn search(&self, open: &mut Open, histogram: Vec<Sum>, work: &mut Workspace) {
        let best = |total| split::best(self.binned, self.drawn, &histogram, total, &self.rules);
        match self.divisible(open).then(|| best(open.leaf.total)).flatten() {
            Some(split) => open.best = Some((split, histogram)),
            None => work.free.push(histogram),
        }
    }

    fn histogram(&self, leaf: &Leaf, work: &mut Workspace) -> Vec<Sum> {
        let mut histogram = work.free.pop().unwrap_or_default();
        histogram.resize(self.binned.bins, Sum::default());
        let rows = &work.order[leaf.rows.clone()];
        histogram::build(self.binned, rows, self.sums, leaf.total, &mut histogram);
        histogram
    }

    fn divisible(&self, open: &Open) -> bool {
        self.rules.divisible(open.leaf.total) && self.params.max_depth.is_none_or(|most| open.depth < most)
    }
}

/// The leaf whose division gains most, of equal ones the first.
fn most_to_gain(leaves: &[Open]) -> Option<usize> {
    let gain = |open: &Open| open.best.as_ref().map(|best| best.0.gain);
    let gains = leaves.iter().enumerate().filter_map(|(i, open)| Some((gain(open)?, i)));
    gains.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, i)| i)
}

impl Workspace {
    /// Puts the rows that go left before those that go right, and answers how many go left.
    fn partition(&mut self, rows: Range<usize>, feature: &Feature, split: &Split) -> usize {
        let rows = &mut self.order[rows];
        feature.bins_of(rows, &mut self.bins);
        let mut goes_left = [false; 256];
        goes_left[..=split.bin].fill(true);
        if let Some(missing) = feature.missing() {
            goes_left[missing] = split.missing_left;
        }
        self.right.resize(self.right.len().max(rows.len()), 0);
        // Every row is written to both sides and stays on one: no branch to mispredict.
        let (mut left, mut right) = (0, 0);
        for (i, &bin) in self.bins.iter().enumerate() {
            let row = rows[i];
            rows[left] = row;
            self.right[right] = row;
            let goes_left = goes_left[usize::from(bin)];
            left += usize::from(goes_left);
            right += usize::from(!goes_left);
        }
        rows[left..].copy_from_slice(&self.right[..right]);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Matrix;
    use crate::trees::draw::uniform;
    use crate::trees::sum::Scale;

    const ROWS: usize = 3000;

    fn columns() -> Vec<Vec<f32>> {
        let value = |column, row| match uniform([column, 5, 0, row]) {
            u if u < 0.1 => f32::NAN,
            u if u < 0.5 && column > 1 => 0.0,
            u => (u * 50.0).round() as f32,
        };
        (0..4).map(|column| (0..ROWS as u64).map(|row| value(column, row)).collect()).collect()
    }

    fn grown(params: &Params) -> (Tree, Vec<Leaf>, Workspace, Scale) {
        let matrix = Matrix::from_columns(columns()).expect("equal lengths");
        let binned = Binned::new(&matrix, params);
        let scale = Scale::new(ROWS, 60.0, 1.0);
        let columns = columns();
        let target =
            |row: usize| columns.iter().map(|c| f64::from(c[row])).filter(|x| !x.is_nan()).sum::<f64>();
        let sums: Vec<Sum> = (0..ROWS).map(|row| scale.row((target(row) - 100.0) / 4.0, 1.0)).collect();
        let mut work = Workspace::default();
        let drawn = vec![true; 4];
        let ground =
            Ground { binned: &binned, params, drawn: &drawn, sums: &sums, rules: Rules::new(params, scale) };
        let (tree, leaves) = ground.grow(&mut work);
        (tree, leaves, work, scale)
    }

    #[test]
    fn each_row_lies_in_the_leaf_that_the_tree_sends_it_to() {
        let (mut tree, leaves, work, scale) = grown(&Params::default());
        assert_eq!((leaves.len(), tree.leaves()), (31, 31));
        let columns = columns();
        for (name, leaf) in leaves.iter().enumerate() {
            tree.nodes[leaf.node] = Node::Leaf { value: name as f32 };
            assert_eq!(scale.count(leaf.total), leaf.rows.len());
        }
        let mut seen = 0;
        for (name, leaf) in leaves.iter().enumerate() {
            for &row in &work.order[leaf.rows.clone()] {
                assert_eq!(tree.value(|column| columns[column][row as usize]), name as f32);
                seen += 1;
            }
        }
        assert_eq!(seen, ROWS);
    }

    #[test]
    fn the_limits_on_trees_hold() {
        assert_eq!(grown(&Params { max_leaves: 2, ..Params::default() }).0.leaves(), 2);
        assert_eq!(grown(&Params { max_depth: Some(2), ..Params::default() }).0.leaves(), 4);
        let (_, leaves, ..) = grown(&Params { min_data_in_leaf: 300, ..Params::default() });
        assert!(leaves.len() > 3 && leaves.iter().all(|leaf| leaf.rows.len() >= 300));
    }
}
