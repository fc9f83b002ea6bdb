//! `TreeEnsemble`, which replaces the two older tree operators from version 5 on: from its lists of nodes and leaves
//! to a forest.
//!
//! Not supported: membership in a set. A node whose two branches are one and the same leaf is how a tree of a single
//! leaf is written.

use super::forest::{Aggregate, Forest, Listed, MAX_FEATURE, Mode, Threshold};
use super::transform::Transform;
use super::trees::{Trees, with_base};
use crate::onnx::node::{Kernel, Node, need, tensor};
use crate::onnx::tensor::{Data, Dtype};

/// The lists of a file: nodes first, then leaves, in one numbering.
struct Lists<'a> {
    mode: Vec<Mode>,
    split: Vec<f64>,
    feature: &'a [i64],
    yes: (&'a [i64], &'a [i64]),
    no: (&'a [i64], &'a [i64]),
    missing: &'a [i64],
    target: &'a [i64],
    weight: Vec<f64>,
}

/// The numbers of a tensor in the input's precision.
fn floats(node: &Node<'_>, name: &str, dtype: Dtype) -> Result<Vec<f64>, String> {
    let found = node.tensor(name)?.ok_or_else(|| format!("attribute `{name}` is missing"))?;
    match (found.data(), dtype) {
        (Data::F32(v), Dtype::F32) => Ok(v.iter().map(|&x| f64::from(x)).collect()),
        (Data::F64(v), Dtype::F64) => Ok(v.clone()),
        (other, _) => Err(format!("`{name}` is {}, the input {dtype}", other.dtype())),
    }
}

fn mode_of(code: &i64) -> Result<Mode, String> {
    Ok(match code {
        0 => Mode::Leq,
        1 => Mode::Lt,
        2 => Mode::Gte,
        3 => Mode::Gt,
        4 => Mode::Eq,
        5 => Mode::Neq,
        6 => return Err("membership in a set is not supported".into()),
        other => return Err(format!("there is no node mode {other}")),
    })
}

impl<'a> Lists<'a> {
    fn of(node: &Node<'a>, dtype: Dtype) -> Result<Lists<'a>, String> {
        node.ignore(&["nodes_hitrates"]);
        let ints = |name: &str| node.ints(name).map(|v| v.unwrap_or_default());
        let modes = node.tensor("nodes_modes")?.ok_or("attribute `nodes_modes` is missing")?;
        let Data::I64(modes) = modes.data() else { return Err("`nodes_modes` are not whole numbers".into()) };
        let lists = Lists {
            mode: modes.iter().map(mode_of).collect::<Result<_, _>>()?,
            split: floats(node, "nodes_splits", dtype)?,
            feature: ints("nodes_featureids")?,
            yes: (ints("nodes_truenodeids")?, ints("nodes_trueleafs")?),
            no: (ints("nodes_falsenodeids")?, ints("nodes_falseleafs")?),
            missing: ints("nodes_missing_value_tracks_true")?,
            target: ints("leaf_targetids")?,
            weight: floats(node, "leaf_weights", dtype)?,
        };
        let count = lists.mode.len();
        let lengths = [lists.feature, lists.yes.0, lists.yes.1, lists.no.0, lists.no.1].map(<[i64]>::len);
        let fits = lengths == [count; 5]
            && lists.split.len() == count
            && (lists.missing.is_empty() || lists.missing.len() == count)
            && lists.target.len() == lists.weight.len();
        match fits && count > 0 {
            true => Ok(lists),
            false => Err("its lists of nodes or leaves have different lengths".into()),
        }
    }

    /// Where a branch leads.
    fn child(&self, (ids, leaves): (&[i64], &[i64]), i: usize) -> Result<usize, String> {
        let count = self.mode.len();
        let (start, size) = if leaves[i] != 0 { (count, self.target.len()) } else { (0, count) };
        let id = usize::try_from(ids[i]).ok().filter(|&id| id < size);
        id.map(|id| start + id).ok_or_else(|| format!("node {i} leads to {}, which is not there", ids[i]))
    }

    fn listed<T: Threshold>(&self, to: fn(f64) -> T) -> Result<Vec<Listed<T>>, String> {
        let mut all = Vec::with_capacity(self.mode.len() + self.target.len());
        for i in 0..self.mode.len() {
            let (yes, no) = (self.child(self.yes, i)?, self.child(self.no, i)?);
            let feature = u32::try_from(self.feature[i]).ok().filter(|&f| f <= MAX_FEATURE);
            let feature = feature.ok_or_else(|| format!("node {i} asks for feature {}", self.feature[i]))?;
            if self.split[i].is_nan() {
                return Err(format!("node {i} compares with NaN"));
            }
            let mode = if self.is_leaf(i)? { Mode::Leaf } else { self.mode[i] };
            let missing_yes = self.missing.get(i).is_some_and(|&m| m != 0);
            all.push(Listed { mode, feature, threshold: to(self.split[i]), yes, no, missing_yes });
        }
        let leaf = |i| Listed {
            mode: Mode::Leaf,
            feature: 0,
            threshold: to(0.0),
            yes: i,
            no: i,
            missing_yes: false,
        };
        all.extend((self.mode.len()..self.mode.len() + self.target.len()).map(leaf));
        Ok(all)
    }

    /// Whether both branches of a node are one leaf.
    fn is_leaf(&self, i: usize) -> Result<bool, String> {
        let (yes, no) = (self.child(self.yes, i)?, self.child(self.no, i)?);
        Ok(yes == no && yes >= self.mode.len())
    }

    /// What each node says when it is a leaf.
    fn votes(&self, targets: usize) -> Result<Vec<Vec<(u32, f64)>>, String> {
        let vote = |leaf: usize| {
            let target = u32::try_from(self.target[leaf]).ok().filter(|&t| (t as usize) < targets);
            let target =
                target.ok_or_else(|| format!("leaf {leaf} speaks to target {}", self.target[leaf]))?;
            Ok::<_, String>(vec![(target, self.weight[leaf])])
        };
        let count = self.mode.len();
        let mut votes = Vec::with_capacity(count + self.target.len());
        for i in 0..count {
            votes.push(if self.is_leaf(i)? { vote(self.child(self.yes, i)? - count)? } else { vec![] });
        }
        votes.extend((0..self.target.len()).map(vote).collect::<Result<Vec<_>, _>>()?);
        Ok(votes)
    }

    fn roots(&self, node: &Node<'_>) -> Result<Vec<usize>, String> {
        let roots = node.ints("tree_roots")?.unwrap_or_default();
        let root = |r: &i64| usize::try_from(*r).ok().filter(|&r| r < self.mode.len());
        let found: Option<Vec<usize>> = roots.iter().map(root).collect();
        found
            .filter(|r| !r.is_empty())
            .ok_or_else(|| format!("the roots {roots:?} are not all among the nodes"))
    }
}

pub(super) fn ensemble(node: &Node<'_>) -> Result<Kernel, String> {
    node.arity(1, 1)?;
    let dtype = node.one_of(0, &[Dtype::F32, Dtype::F64])?;
    let targets = node.int("n_targets")?.and_then(|t| usize::try_from(t).ok());
    let targets =
        targets.filter(|&t| t > 0 && t <= 1 << 20).ok_or("attribute `n_targets` is out of range")?;
    let aggregate = match node.int("aggregate_function")?.unwrap_or(1) {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(format!("there is no aggregate function {other}")),
    };
    let transform = Transform::of_code(node)?;
    let lists = Lists::of(node, dtype)?;
    let (roots, votes) = (lists.roots(node)?, lists.votes(targets)?);
    let trees = match dtype {
        Dtype::F64 => Trees::Double(Forest::new(&lists.listed(|x| x)?, &roots, &votes, targets)?),
        _ => Trees::Single(Forest::new(&lists.listed(|x| x as f32)?, &roots, &votes, targets)?),
    };
    Kernel::one(dtype, move |inputs| {
        let (rows, scores) = trees.scores(need(inputs, 0)?, targets, aggregate)?;
        let data = match dtype {
            Dtype::F64 if transform == Transform::None => {
                Data::F64(scores.iter().map(|s| s.unwrap_or(0.0)).collect())
            }
            Dtype::F64 => {
                let mut out = with_base(&scores, &[], targets, true);
                out.chunks_mut(targets).for_each(|row| transform.apply(row));
                Data::F64(out.into_iter().map(f64::from).collect())
            }
            _ => {
                let mut out = with_base(&scores, &[], targets, true);
                out.chunks_mut(targets).for_each(|row| transform.apply(row));
                Data::F32(out)
            }
        };
        tensor(vec![rows, targets], data)
    })
}
