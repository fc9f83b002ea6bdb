//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor`: from the lists of a file to a forest, and from
//! the forest's votes to answers.
//!
//! Two classes are told apart in two ways. Where leaves speak to the first class only, their sum is the one
//! score of both, as in onnxruntime: a share of 1 when no weight is negative, a signed margin otherwise. Where
//! leaves speak to the second class, scores are taken as they are. Where some rows would get a score for the
//! second class and others not, onnxruntime changes from one reading to the other between rows; that is
//! refused.

use super::forest::{Aggregate, Forest, Listed, MAX_FEATURE, Mode, Threshold};
use super::transform::Transform;
use super::{Labels, NUMBERS, best, matrix};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::ops::singles;
use crate::onnx::tensor::{Data, Dtype, Tensor, elements};
use std::collections::HashMap;

/// A forest in the precision of its input.
pub(super) enum Trees {
    Single(Forest<f32>),
    Double(Forest<f64>),
}

/// What leaves say, as the file lists it.
struct Votes {
    /// For each node of the list, pairs of target and weight.
    by_node: Vec<Vec<(u32, f64)>>,
    all_positive: bool,
}

/// The lists of nodes.
struct Lists<'a> {
    tree: &'a [i64],
    node: &'a [i64],
    feature: &'a [i64],
    mode: Vec<Mode>,
    value: Vec<f64>,
    yes: &'a [i64],
    no: &'a [i64],
    missing: &'a [i64],
    place: HashMap<(i64, i64), usize>,
}

impl<'a> Lists<'a> {
    fn of(node: &Node<'a>, dtype: Dtype) -> Result<Lists<'a>, String> {
        node.ignore(&["nodes_hitrates", "nodes_hitrates_as_tensor"]);
        let ints = |name: &str| node.ints(name).map(|v| v.unwrap_or_default());
        let mode = node.strs("nodes_modes")?.unwrap_or_default();
        let mut lists = Lists {
            tree: ints("nodes_treeids")?,
            node: ints("nodes_nodeids")?,
            feature: ints("nodes_featureids")?,
            mode: mode.into_iter().map(mode_of).collect::<Result<_, _>>()?,
            value: weights(node, "nodes_values", dtype)?,
            yes: ints("nodes_truenodeids")?,
            no: ints("nodes_falsenodeids")?,
            missing: ints("nodes_missing_value_tracks_true")?,
            place: HashMap::new(),
        };
        lists.check_lengths()?;
        for (i, (&tree, &node)) in lists.tree.iter().zip(lists.node).enumerate() {
            if lists.place.insert((tree, node), i).is_some() {
                return Err(format!("node {node} of tree {tree} stands twice"));
            }
        }
        Ok(lists)
    }

    fn check_lengths(&self) -> Result<(), String> {
        let count = self.tree.len();
        let lengths = [
            ("nodes_nodeids", self.node.len()),
            ("nodes_featureids", self.feature.len()),
            ("nodes_modes", self.mode.len()),
            ("nodes_values", self.value.len()),
            ("nodes_truenodeids", self.yes.len()),
            ("nodes_falsenodeids", self.no.len()),
        ];
        if count == 0 {
            return Err("there are no nodes".into());
        }
        if let Some((name, found)) = lengths.into_iter().find(|(_, found)| *found != count) {
            return Err(format!("`{name}` has {found} entries, `nodes_treeids` has {count}"));
        }
        match self.missing.len() {
            found if found == 0 || found == count => Ok(()),
            found => Err(format!("`nodes_missing_value_tracks_true` has {found} entries, expected {count}")),
        }
    }

    /// The first node of each tree, which is its root.
    fn roots(&self) -> Result<Vec<usize>, String> {
        let firsts = (0..self.tree.len()).filter(|&i| i == 0 || self.tree[i] != self.tree[i - 1]);
        let firsts: Vec<usize> = firsts.collect();
        let mut ids: Vec<i64> = firsts.iter().map(|&i| self.tree[i]).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|w| w[0] == w[1]) {
            Some(twice) => Err(format!("the nodes of tree {} do not stand together", twice[0])),
            None => Ok(firsts),
        }
    }

    fn nodes<T: Threshold>(&self, threshold: fn(f64) -> T) -> Result<Vec<Listed<T>>, String> {
        (0..self.tree.len()).map(|i| self.listed(i, threshold)).collect()
    }

    fn listed<T>(&self, i: usize, threshold: fn(f64) -> T) -> Result<Listed<T>, String> {
        let (tree, node, mode) = (self.tree[i], self.node[i], self.mode[i]);
        let (mut yes, mut no, mut feature) = (i, i, 0);
        if mode != Mode::Leaf {
            let child = |id: i64| {
                let missing = || format!("node {node} of tree {tree} leads to {id}, which is not there");
                self.place.get(&(tree, id)).copied().ok_or_else(missing)
            };
            (yes, no) = (child(self.yes[i])?, child(self.no[i])?);
            let index = u32::try_from(self.feature[i]).ok().filter(|&f| f <= MAX_FEATURE);
            feature = index
                .ok_or_else(|| format!("node {node} of tree {tree} asks for feature {}", self.feature[i]))?;
            if self.value[i].is_nan() {
                return Err(format!("node {node} of tree {tree} compares with NaN"));
            }
        }
        let missing_yes = self.missing.get(i).is_some_and(|&m| m != 0);
        Ok(Listed { mode, feature, threshold: threshold(self.value[i]), yes, no, missing_yes })
    }
}

fn mode_of(name: &str) -> Result<Mode, String> {
    Ok(match name {
        "BRANCH_LEQ" => Mode::Leq,
        "BRANCH_LT" => Mode::Lt,
        "BRANCH_GTE" => Mode::Gte,
        "BRANCH_GT" => Mode::Gt,
        "BRANCH_EQ" => Mode::Eq,
        "BRANCH_NEQ" => Mode::Neq,
        "LEAF" => Mode::Leaf,
        other => return Err(format!("there is no node mode `{other}`")),
    })
}

/// Numbers that stand in a list, or in a tensor of the input's type.
fn weights(node: &Node<'_>, name: &str, dtype: Dtype) -> Result<Vec<f64>, String> {
    let tensor = node.tensor(&format!("{name}_as_tensor"))?.map(Tensor::into_parts);
    let list = node.floats(name)?.unwrap_or_default().iter().map(|&x| x.into()).collect::<Vec<f64>>();
    match tensor.map(|(_, data)| data) {
        None => Ok(list),
        Some(_) if !list.is_empty() => Err(format!("`{name}` stands in two attributes")),
        Some(Data::F32(v)) => Ok(v.into_iter().map(f64::from).collect()),
        Some(Data::F64(v)) if dtype == Dtype::F64 => Ok(v),
        Some(other) => Err(format!("`{name}_as_tensor` is {}, the input {dtype}", other.dtype())),
    }
}

impl Votes {
    fn of(
        node: &Node<'_>,
        lists: &Lists<'_>,
        what: &str,
        targets: usize,
        dtype: Dtype,
    ) -> Result<Votes, String> {
        let ints = |part: &str| node.ints(&format!("{what}_{part}")).map(|v| v.unwrap_or_default());
        let (trees, nodes, ids) = (ints("treeids")?, ints("nodeids")?, ints("ids")?);
        let weight = weights(node, &format!("{what}_weights"), dtype)?;
        if [nodes.len(), ids.len(), weight.len()] != [trees.len(); 3] {
            return Err(format!("the lists of {what} weights have different lengths"));
        }
        let mut by_node = vec![vec![]; lists.tree.len()];
        for (i, &id) in ids.iter().enumerate() {
            let (tree, node) = (trees[i], nodes[i]);
            let place = lists.place.get(&(tree, node));
            let place = *place
                .ok_or_else(|| format!("a weight for node {node} of tree {tree}, which is not there"))?;
            let target = u32::try_from(id).ok().filter(|&t| (t as usize) < targets);
            let target = target.ok_or_else(|| format!("a weight for target {id} of {targets}"))?;
            by_node[place].push((target, weight[i]));
        }
        Ok(Votes { by_node, all_positive: weight.iter().all(|&w| w >= 0.0) })
    }

    /// Whether some leaf speaks to this target.
    fn speak_to(&self, target: u32) -> bool {
        self.by_node.iter().flatten().any(|&(t, _)| t == target)
    }

    /// Whether every row gets a score for this target: all leaves of some tree speak to it.
    fn always_speak_to(&self, target: u32, lists: &Lists<'_>) -> bool {
        let mut trees: HashMap<i64, bool> = HashMap::new();
        for (i, votes) in self.by_node.iter().enumerate().filter(|(i, _)| lists.mode[*i] == Mode::Leaf) {
            *trees.entry(lists.tree[i]).or_insert(true) &= votes.iter().any(|&(t, _)| t == target);
        }
        trees.into_values().any(|always| always)
    }
}

impl Trees {
    fn new(lists: &Lists<'_>, votes: &Votes, targets: usize, dtype: Dtype) -> Result<Trees, String> {
        let roots = lists.roots()?;
        Ok(match dtype {
            Dtype::F64 => Trees::Double(Forest::new(&lists.nodes(|x| x)?, &roots, &votes.by_node, targets)?),
            _ => Trees::Single(Forest::new(&lists.nodes(|x| x as f32)?, &roots, &votes.by_node, targets)?),
        })
    }

    /// The votes for `[rows, targets]`.
    pub fn scores(
        &self,
        t: &Tensor,
        targets: usize,
        aggregate: Aggregate,
    ) -> Result<(usize, Vec<Option<f64>>), String> {
        let (rows, columns) = matrix(t)?;
        elements(&[rows, targets]).ok_or_else(|| format!("{rows} rows of {targets} scores are too many"))?;
        let scores = match (self, t.data()) {
            (Trees::Double(forest), Data::F64(x)) => forest.scores(x, rows, columns, aggregate)?,
            (Trees::Single(forest), _) => forest.scores(&singles(t)?, rows, columns, aggregate)?,
            (Trees::Double(_), other) => return Err(format!("the input is {}", other.dtype())),
        };
        Ok((rows, scores))
    }
}

/// `base_values`, one a target; empty when there are none.
fn base_values(node: &Node<'_>, targets: usize, dtype: Dtype) -> Result<Vec<f64>, String> {
    let base = weights(node, "base_values", dtype)?;
    match base.len() {
        found if found == 0 || found == targets => Ok(base),
        found => Err(format!("{found} base values for {targets} targets")),
    }
}

pub(super) fn regressor(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &NUMBERS)?;
    let targets = node.int("n_targets")?.unwrap_or(1);
    let targets = usize::try_from(targets).ok().filter(|&t| t > 0 && t <= 1 << 20);
    let targets = targets.ok_or("attribute `n_targets` is out of range")?;
    let aggregate = match node.str("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(format!("there is no aggregate function `{other}`")),
    };
    let lists = Lists::of(node, dtype)?;
    let votes = Votes::of(node, &lists, "target", targets, dtype)?;
    let trees = Trees::new(&lists, &votes, targets, dtype)?;
    let base = base_values(node, targets, dtype)?;
    let transform = Transform::of(node)?;
    Kernel::one(Dtype::F32, move |inputs| {
        let (rows, scores) = trees.scores(need(inputs, 0)?, targets, aggregate)?;
        let mut out = with_base(&scores, &base, targets, targets == 1);
        out.chunks_mut(targets).for_each(|row| transform.apply(row));
        tensor(vec![rows, targets], Data::F32(out))
    })
}

/// Adds the base values. Where not `all`, a target that no leaf spoke to stays 0, as in onnxruntime.
pub(super) fn with_base(scores: &[Option<f64>], base: &[f64], targets: usize, all: bool) -> Vec<f32> {
    let base = |i: usize| base.get(i % targets).copied().unwrap_or(0.0);
    let sum = |(i, score): (usize, &Option<f64>)| match score {
        Some(score) => (score + base(i)) as f32,
        None if all => base(i) as f32,
        None => 0.0,
    };
    scores.iter().enumerate().map(sum).collect()
}

/// How scores become classes.
enum Reading {
    /// One score for both of two classes, to which this is added; a share of 1 or a signed margin.
    One { base: f64, share: bool },
    /// Two classes of which only the second is spoken to.
    Second { share: bool },
    /// Two classes, each with its score.
    Two,
    /// Three classes or more, each with its score and what is added to it.
    Many { base: Vec<f64> },
}

impl Reading {
    fn of(
        node: &Node<'_>,
        labels: usize,
        votes: &Votes,
        lists: &Lists<'_>,
        dtype: Dtype,
    ) -> Result<Reading, String> {
        if labels > 2 {
            return Ok(Reading::Many { base: base_values(node, labels, dtype)? });
        }
        let base = weights(node, "base_values", dtype)?;
        let share = votes.all_positive;
        match (votes.speak_to(0), votes.speak_to(1), base.as_slice()) {
            (_, false, []) => Ok(Reading::One { base: 0.0, share }),
            (_, false, [base]) => Ok(Reading::One { base: *base, share }),
            (_, true, [_, ..]) | (_, false, [_, _, ..]) => Err(format!(
                "{} base values have no agreed meaning for two classes, except one where leaves speak to the first only",
                base.len()
            )),
            (_, true, []) if !votes.always_speak_to(1, lists) => {
                Err("some rows would get a score for the second class and others not".into())
            }
            (false, true, []) => Ok(Reading::Second { share }),
            (true, true, []) => Ok(Reading::Two),
        }
    }
}

pub(super) fn classifier(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &NUMBERS)?;
    let labels = Labels::of(node, "classlabels_int64s")?;
    let lists = Lists::of(node, dtype)?;
    let votes = Votes::of(node, &lists, "class", labels.len(), dtype)?;
    let reading = Reading::of(node, labels.len(), &votes, &lists, dtype)?;
    let trees = Trees::new(&lists, &votes, labels.len(), dtype)?;
    let transform = Transform::of(node)?;
    if matches!(reading, Reading::One { .. }) && transform == Transform::Probit {
        return Err("PROBIT of one score for two classes has no meaning".into());
    }
    Kernel::many(vec![labels.dtype(), Dtype::F32], move |inputs| {
        let (rows, scores) = trees.scores(need(inputs, 0)?, labels.len(), Aggregate::Sum)?;
        let (places, out) = classes(&reading, &scores, labels.len(), transform);
        let scores = tensor(vec![rows, labels.len()], Data::F32(out))?;
        Ok(vec![tensor(vec![rows], labels.at(&places))?, scores])
    })
}

/// The class of each row, and the transformed scores.
fn classes(
    reading: &Reading,
    scores: &[Option<f64>],
    labels: usize,
    transform: Transform,
) -> (Vec<usize>, Vec<f32>) {
    let limit = |share: bool| if share { 0.5 } else { 0.0 };
    let mut places = Vec::with_capacity(scores.len() / labels);
    let mut out = Vec::with_capacity(scores.len());
    for row in scores.chunks(labels) {
        match reading {
            Reading::One { base, share } => {
                let score = (row[0].unwrap_or(0.0) + base) as f32;
                places.push(usize::from(score > limit(*share)));
                out.extend(transform.both(score, *share));
                continue;
            }
            Reading::Second { share } => places.push(usize::from(second(row) > limit(*share))),
            Reading::Two => places.push(usize::from(second(row) > 0.0)),
            Reading::Many { .. } => {}
        }
        let start = out.len();
        let base = if let Reading::Many { base } = reading { base.as_slice() } else { &[] };
        out.extend(with_base(row, base, labels, true));
        if labels > 2 {
            places.push(winner(row, &out[start..], !base.is_empty()));
        }
        transform.apply(&mut out[start..]);
    }
    (places, out)
}

fn second(row: &[Option<f64>]) -> f32 {
    row[1].unwrap_or(0.0) as f32
}

/// The largest of the classes that any leaf, or a base value, spoke to.
fn winner(row: &[Option<f64>], scores: &[f32], all: bool) -> usize {
    if all || row.iter().all(Option::is_none) {
        return best(scores);
    }
    let spoken = (0..scores.len()).filter(|&i| row[i].is_some());
    spoken.reduce(|best, i| if scores[i] > scores[best] { i } else { best }).unwrap_or(0)
}
