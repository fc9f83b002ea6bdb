//! Trees on a layout made for speed.
//!
//! Small trees are not walked at all: see [`super::quick`]. For the others,
//! all nodes lie in one array, tree after tree, each level together, and the two children of a node beside
//! each other. A leaf is its own left child, so that a walk is a fixed number of equal steps without a branch
//! that could be guessed wrong, and eight walks run side by side: eight trees for a single row, eight rows
//! for a batch. Invariant: every step stays inside the array.
//!
//! Leaves are added in the order of the trees, in double precision: one row answers the same alone and in any
//! batch, on any number of threads.

use super::quick::{Branch, Quick};
pub(super) use super::threshold::Threshold;
use rayon::prelude::*;
use std::collections::VecDeque;

/// How many walks run side by side.
const LANES: usize = 8;
/// How many rows share a pass over the trees.
const BLOCK: usize = 64;
/// How many steps are worth a second thread.
const PARALLEL: usize = 1 << 19;

const NAN_LEFT: u32 = 1 << 31;
const EQUAL: u32 = 1 << 30;
const FEATURE: u32 = EQUAL - 1;

/// How a node compares a feature with its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// `<=`
    Leq,
    /// `<`
    Lt,
    /// `>=`
    Gte,
    /// `>`
    Gt,
    /// `==`
    Eq,
    /// `!=`
    Neq,
    /// No comparison: the walk ends.
    Leaf,
}

/// A node as the file lists it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<T> {
    pub mode: Mode,
    pub feature: u32,
    pub threshold: T,
    /// Where to go when the comparison holds, as an index into the list.
    pub yes: usize,
    /// Where to go when it does not.
    pub no: usize,
    /// Whether a missing feature goes where the comparison holds; otherwise it fails every comparison but `!=`.
    pub missing_yes: bool,
}

/// A node as it is walked: left when `feature <= threshold`, else right, which is the node behind `left`.
#[derive(Debug, Clone, Copy)]
struct Split<T> {
    threshold: T,
    /// With [`NAN_LEFT`] and [`EQUAL`] in the upper bits.
    feature: u32,
    left: u32,
}

/// Where a tree starts, and how deep its deepest leaf lies.
#[derive(Debug, Clone, Copy)]
struct Root {
    at: u32,
    depth: u32,
}

/// Trees ready to be walked.
#[derive(Debug)]
pub(super) struct Forest<T> {
    splits: Vec<Split<T>>,
    roots: Vec<Root>,
    leaves: Leaves,
    /// Where every tree is small enough.
    quick: Option<Quick<T>>,
    /// Whether any node compares for equality.
    equal: bool,
    /// One more than the largest feature.
    columns: usize,
    targets: usize,
}

/// What the leaves say.
#[derive(Debug)]
enum Leaves {
    /// Every leaf of a tree speaks to one and the same target: the target of each tree, the weight of each node.
    One { target: Vec<u32>, weight: Vec<f64> },
    /// From where to where in `votes` each node's stand.
    Many { range: Vec<(u32, u32)>, votes: Vec<(u32, f64)> },
}

/// How votes are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    /// Their sum.
    Sum,
    /// Their sum, divided by the number of trees.
    Average,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

impl<T: Threshold> Forest<T> {
    /// Lays trees out. `roots` are indices into `nodes`, `votes[i]` what node `i` says when it is a leaf, as
    /// pairs of target and weight. Fails when a tree is no tree.
    pub fn new(
        nodes: &[Listed<T>],
        roots: &[usize],
        votes: &[Vec<(u32, f64)>],
        targets: usize,
    ) -> Result<Forest<T>, String> {
        let mut forest = Forest {
            splits: Vec::with_capacity(nodes.len()),
            roots: Vec::with_capacity(roots.len()),
            leaves: Leaves::Many { range: vec![], votes: vec![] },
            quick: None,
            equal: nodes.iter().any(|n| matches!(n.mode, Mode::Eq | Mode::Neq)),
            columns: 1,
            targets,
        };
        let mut origin = Vec::with_capacity(nodes.len());
        let mut reached = vec![false; nodes.len()];
        for &root in roots {
            forest.plant(nodes, root, &mut reached, &mut origin)?;
        }
        forest.leaves = forest.leaves(&origin, votes);
        if !forest.equal {
            forest.quick = Quick::new(&forest.trees(), &|at| forest.branch(at));
        }
        Ok(forest)
    }

    /// Lays out one tree, level by level.
    fn plant(
        &mut self,
        nodes: &[Listed<T>],
        root: usize,
        reached: &mut [bool],
        origin: &mut Vec<usize>,
    ) -> Result<(), String> {
        let mut queue = VecDeque::from([(root, 0)]);
        let mut deepest = 0;
        let at = self.splits.len() as u32;
        // the place of the next pair of children
        let mut free = at + 1;
        while let Some((index, depth)) = queue.pop_front() {
            if std::mem::replace(&mut reached[index], true) {
                return Err(format!("node {index} of the list is reached twice: its tree has a cycle"));
            }
            let node = &nodes[index];
            deepest = deepest.max(depth);
            origin.push(index);
            if node.mode == Mode::Leaf {
                let feature = NAN_LEFT;
                let left = self.splits.len() as u32;
                self.splits.push(Split { threshold: T::INFINITY, feature, left });
                continue;
            }
            self.columns = self.columns.max(node.feature as usize + 1);
            let (split, left, right) = node.turned(free);
            self.splits.push(split);
            queue.extend([(left, depth + 1), (right, depth + 1)]);
            free = free.checked_add(2).ok_or("there are too many nodes")?;
        }
        self.roots.push(Root { at, depth: deepest });
        Ok(())
    }

    /// Gathers what the leaves say, in the order of the layout.
    fn leaves(&self, origin: &[usize], votes: &[Vec<(u32, f64)>]) -> Leaves {
        let leaf = |at: usize| self.is_leaf(at);
        let single = self.trees().into_iter().map(|(from, to)| {
            let mut said = (from..to).filter(|&at| leaf(at)).map(|at| votes[origin[at]].as_slice());
            let first = said.next()?;
            let [(target, _)] = first else { return None };
            said.all(|v| matches!(v, [(t, _)] if t == target)).then_some(*target)
        });
        if let Some(target) = single.collect::<Option<Vec<u32>>>() {
            let weight = |at: usize| if leaf(at) { votes[origin[at]][0].1 } else { 0.0 };
            return Leaves::One { target, weight: (0..origin.len()).map(weight).collect() };
        }
        let (mut range, mut all) = (Vec::with_capacity(origin.len()), vec![]);
        for (at, &index) in origin.iter().enumerate() {
            let start = all.len() as u32;
            if leaf(at) {
                all.extend_from_slice(&votes[index]);
            }
            range.push((start, all.len() as u32));
        }
        Leaves::Many { range, votes: all }
    }

    /// From where to where each tree stands.
    fn trees(&self) -> Vec<(usize, usize)> {
        let ends = self.roots.iter().skip(1).map(|r| r.at as usize).chain([self.splits.len()]);
        self.roots.iter().map(|r| r.at as usize).zip(ends).collect()
    }

    fn is_leaf(&self, at: usize) -> bool {
        self.splits[at].left as usize == at
    }

    fn branch(&self, at: usize) -> Branch<T> {
        if self.is_leaf(at) {
            return Branch::Leaf;
        }
        let Split { threshold, feature, left } = self.splits[at];
        Branch::Inner {
            feature: feature & FEATURE,
            threshold,
            missing_left: feature & NAN_LEFT != 0,
            left: left as usize,
            right: left as usize + 1,
        }
    }

    /// The votes of all trees for each row, row-major; `None` for a target that no leaf spoke to.
    /// Fails when `x` has fewer columns than the trees ask for.
    pub fn scores(
        &self,
        x: &[T],
        rows: usize,
        columns: usize,
        aggregate: Aggregate,
    ) -> Result<Vec<Option<f64>>, String> {
        if columns < self.columns {
            return Err(format!("{columns} columns, the trees ask for column {}", self.columns - 1));
        }
        let width = self.targets;
        let mut out = vec![None; rows * width];
        let depth: usize = self.roots.iter().map(|r| r.depth as usize).sum();
        let blocks = x.chunks(BLOCK * columns).zip(out.chunks_mut(BLOCK * width));
        if rows.saturating_mul(depth) >= PARALLEL {
            let blocks: Vec<_> = blocks.collect();
            blocks.into_par_iter().for_each(|(x, out)| self.block(x, columns, aggregate, out));
        } else {
            blocks.for_each(|(x, out)| self.block(x, columns, aggregate, out));
        }
        if aggregate == Aggregate::Average {
            let trees = self.roots.len() as f64;
            out.iter_mut().flatten().for_each(|score| *score /= trees);
        }
        Ok(out)
    }

    fn block(&self, x: &[T], columns: usize, aggregate: Aggregate, out: &mut [Option<f64>]) {
        if let Some(quick) = &self.quick {
            let mut left = Vec::new();
            for (x, out) in x.chunks(columns).zip(out.chunks_mut(self.targets)) {
                quick.rule_out(x, &mut left);
                for (tree, &left) in left.iter().enumerate() {
                    self.vote(tree, quick.leaf(tree, left), aggregate, out);
                }
            }
        } else if self.equal {
            self.walk_block::<true>(x, columns, aggregate, out);
        } else {
            self.walk_block::<false>(x, columns, aggregate, out);
        }
    }

    fn walk_block<const EQ: bool>(
        &self,
        x: &[T],
        columns: usize,
        aggregate: Aggregate,
        out: &mut [Option<f64>],
    ) {
        let full = x.len() / columns / LANES * LANES;
        let (groups, rest) = x.split_at(full * columns);
        for (x, out) in groups.chunks(LANES * columns).zip(out.chunks_mut(LANES * self.targets)) {
            let rows: [&[T]; LANES] = std::array::from_fn(|lane| &x[lane * columns..(lane + 1) * columns]);
            for (tree, root) in self.roots.iter().enumerate() {
                let ends = self.walk::<EQ>([root.at; LANES], rows, root.depth);
                for (out, &at) in out.chunks_mut(self.targets).zip(&ends) {
                    self.vote(tree, at, aggregate, out);
                }
            }
        }
        for (x, out) in rest.chunks(columns).zip(out[full * self.targets..].chunks_mut(self.targets)) {
            self.one_row::<EQ>(x, aggregate, out);
        }
    }

    fn one_row<const EQ: bool>(&self, x: &[T], aggregate: Aggregate, out: &mut [Option<f64>]) {
        for (group, roots) in self.roots.chunks(LANES).enumerate() {
            // a lane without a tree repeats the first
            let starts = std::array::from_fn(|lane| roots.get(lane).unwrap_or(&roots[0]).at);
            let depth = roots.iter().map(|r| r.depth).max().unwrap_or(0);
            let ends = self.walk::<EQ>(starts, [x; LANES], depth);
            for (lane, &at) in ends.iter().enumerate().take(roots.len()) {
                self.vote(group * LANES + lane, at, aggregate, out);
            }
        }
    }

    /// The leaves that these rows reach from these nodes in so many steps.
    #[inline(always)]
    fn walk<const EQ: bool>(&self, mut at: [u32; LANES], rows: [&[T]; LANES], steps: u32) -> [u32; LANES] {
        for _ in 0..steps {
            for (at, row) in at.iter_mut().zip(rows) {
                let split = &self.splits[*at as usize];
                let x = row[(split.feature & FEATURE) as usize];
                let mut left = x <= split.threshold;
                if EQ && split.feature & EQUAL != 0 {
                    left = x == split.threshold;
                }
                #[expect(clippy::eq_op, reason = "only NaN differs from itself")]
                let nan = x != x;
                left |= nan & (split.feature & NAN_LEFT != 0);
                *at = split.left + u32::from(!left);
            }
        }
        at
    }

    #[inline(always)]
    fn vote(&self, tree: usize, at: u32, aggregate: Aggregate, out: &mut [Option<f64>]) {
        match &self.leaves {
            Leaves::One { target, weight } => {
                put(&mut out[target[tree] as usize], weight[at as usize], aggregate);
            }
            Leaves::Many { range, votes } => {
                let (from, to) = range[at as usize];
                for &(target, weight) in &votes[from as usize..to as usize] {
                    put(&mut out[target as usize], weight, aggregate);
                }
            }
        }
    }
}

#[cfg(test)]
impl<T: Threshold> Forest<T> {
    /// As [`Forest::scores`], by walks even where trees are small.
    pub fn walked(&self, x: &[T], rows: usize, columns: usize, aggregate: Aggregate) -> Vec<Option<f64>> {
        let mut out = vec![None; rows * self.targets];
        self.walk_block::<false>(x, columns, aggregate, &mut out);
        out
    }
}

#[inline(always)]
fn put(score: &mut Option<f64>, weight: f64, aggregate: Aggregate) {
    *score = Some(match (*score, aggregate) {
        (None, _) => weight,
        (Some(old), Aggregate::Sum | Aggregate::Average) => old + weight,
        (Some(old), Aggregate::Min) => old.min(weight),
        (Some(old), Aggregate::Max) => old.max(weight),
    });
}

impl<T: Threshold> Listed<T> {
    /// As a node whose comparison is `<=` or `==`, with its left and its right child.
    fn turned(&self, children: u32) -> (Split<T>, usize, usize) {
        let (threshold, equal, swap) = match self.mode {
            Mode::Leq => (self.threshold, false, false),
            Mode::Gt => (self.threshold, false, true),
            Mode::Lt => (self.threshold.below(), false, false),
            Mode::Gte => (self.threshold.below(), false, true),
            Mode::Eq => (self.threshold, true, false),
            Mode::Neq => (self.threshold, true, true),
            Mode::Leaf => (T::NAN, false, false),
        };
        let nan_yes = self.missing_yes || self.mode == Mode::Neq;
        let mut feature = self.feature;
        if nan_yes != swap {
            feature |= NAN_LEFT;
        }
        if equal {
            feature |= EQUAL;
        }
        let (left, right) = if swap { (self.no, self.yes) } else { (self.yes, self.no) };
        (Split { threshold, feature, left: children }, left, right)
    }
}

/// The largest feature that a node can hold.
pub(super) const MAX_FEATURE: u32 = FEATURE - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn split(mode: Mode, threshold: f32, missing_yes: bool) -> Listed<f32> {
        Listed { mode, feature: 0, threshold, yes: 1, no: 2, missing_yes }
    }

    fn leaf() -> Listed<f32> {
        Listed { mode: Mode::Leaf, feature: 0, threshold: 0.0, yes: 0, no: 0, missing_yes: false }
    }

    /// A stump that says 1 where its comparison holds and 0 elsewhere.
    fn stump(mode: Mode, threshold: f32, missing_yes: bool) -> Forest<f32> {
        let nodes = [split(mode, threshold, missing_yes), leaf(), leaf()];
        let votes = [vec![], vec![(0, 1.0)], vec![(0, 0.0)]];
        Forest::new(&nodes, &[0], &votes, 1).expect("a tree")
    }

    #[test]
    fn every_mode_compares_as_its_operator_does() {
        let values = [f32::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0, 1.000_000_1, f32::INFINITY, f32::NAN];
        for threshold in [f32::NEG_INFINITY, -0.0, 0.0, 1.0, f32::INFINITY] {
            for missing_yes in [false, true] {
                for mode in [Mode::Leq, Mode::Lt, Mode::Gte, Mode::Gt, Mode::Eq, Mode::Neq] {
                    let forest = stump(mode, threshold, missing_yes);
                    for x in values {
                        let holds = match mode {
                            Mode::Leq => x <= threshold,
                            Mode::Lt => x < threshold,
                            Mode::Gte => x >= threshold,
                            Mode::Gt => x > threshold,
                            Mode::Eq => x == threshold,
                            _ => x != threshold,
                        };
                        let expected = f64::from(u8::from(holds || (missing_yes && x.is_nan())));
                        let found = forest.scores(&[x], 1, 1, Aggregate::Sum).expect("one column");
                        assert_eq!(found, [Some(expected)], "{x} {mode:?} {threshold} {missing_yes}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_answers_the_same_alone_and_in_a_batch() {
        let mut nodes = vec![];
        let mut votes = vec![];
        for tree in 0..21 {
            let base = nodes.len();
            let children = |yes, no| (base + yes, base + no);
            let (yes, no) = children(1, 2);
            nodes.push(Listed { yes, no, ..split(Mode::Leq, tree as f32 / 20.0, false) });
            let (yes, no) = children(3, 4);
            nodes.push(Listed { yes, no, feature: 1, ..split(Mode::Lt, 0.5, true) });
            nodes.extend([leaf(), leaf(), leaf()]);
            let weight = |i: u32| vec![(0, 0.1 * f64::from(tree + i)), (1, f64::from(i))];
            votes.extend([vec![], vec![], weight(1), weight(2), weight(3)]);
        }
        let roots: Vec<usize> = (0..21).map(|t| t * 5).collect();
        let forest = Forest::new(&nodes, &roots, &votes, 2).expect("trees");
        let x: Vec<f32> = (0..2 * 150).map(|i| ((i * 37) % 101) as f32 / 100.0).collect();
        let together = forest.scores(&x, 150, 2, Aggregate::Sum).expect("two columns");
        for (row, x) in x.chunks(2).enumerate() {
            let alone = forest.scores(x, 1, 2, Aggregate::Sum).expect("two columns");
            assert_eq!(alone, together[2 * row..2 * row + 2]);
        }
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let mut own_child = split(Mode::Leq, 0.0, false);
        own_child.yes = 0;
        let votes = [vec![], vec![], vec![]];
        for nodes in
            [[own_child, leaf(), leaf()], [Listed { no: 1, ..split(Mode::Leq, 0.0, false) }, leaf(), leaf()]]
        {
            assert!(Forest::new(&nodes, &[0], &votes, 1).is_err_and(|e| e.contains("reached twice")));
        }
    }

    #[test]
    fn too_few_columns_are_refused() {
        let nodes = [Listed { feature: 3, ..split(Mode::Leq, 0.0, false) }, leaf(), leaf()];
        let votes = [vec![], vec![(0, 1.0)], vec![(0, 0.0)]];
        let forest = Forest::new(&nodes, &[0], &votes, 1).expect("a tree");
        assert!(forest.scores(&[0.0; 3], 1, 3, Aggregate::Sum).is_err_and(|e| e.contains("column 3")));
    }
}
