//! Changing a graph that someone else wrote at its edges: other inputs before it, other outputs after it.
//!
//! The graph itself is kept as it is, but for the names of its values, which get a prefix so that no column can
//! be called like one of them. Not a checker: the bytes are loaded again afterwards.

use super::build::{Attribute, node_proto, tensor_proto, value_info};
use super::error::OnnxError;
use super::ops::ML;
use super::proto;
use super::tensor::{Dtype, Tensor};
use prost::Message;

/// `ai.onnx.ml` of the nodes that are added, where the graph imports none.
const ML_OPSET: i64 = 3;
/// `ai.onnx`, likewise.
const OPSET: i64 = 17;

/// A graph whose edges are being changed.
pub(crate) struct Edit {
    model: proto::Model,
    graph: proto::Graph,
    prefix: String,
    before: Vec<proto::Node>,
    after: Vec<proto::Node>,
    count: usize,
}

/// What makes a value of a graph, as far as an import needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Producer {
    /// The operator.
    pub op: String,
    /// The first input.
    pub input: String,
    /// The class labels that it holds, as texts, and whether they are whole numbers.
    pub labels: Option<(Vec<String>, bool)>,
}

/// On which side of the graph a node is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Between the new inputs and the graph.
    Before,
    /// Between the graph and the new outputs.
    After,
}

impl Edit {
    /// Takes a graph without its inputs and outputs. `taken` are names that must stay free.
    pub fn of(onnx: &[u8], taken: &[&str]) -> Result<Edit, OnnxError> {
        let mut model = proto::Model::decode(onnx).map_err(|e| OnnxError::Malformed(e.to_string()))?;
        let graph = model.graph.take().ok_or_else(|| OnnxError::Malformed("it holds no graph".into()))?;
        let mut prefix = "model/".to_string();
        while taken.iter().any(|name| name.starts_with(&prefix)) {
            prefix.insert(0, '_');
        }
        let mut edit = Edit { model, graph, prefix, before: vec![], after: vec![], count: 0 };
        edit.rename();
        Ok(edit)
    }

    fn rename(&mut self) {
        let prefix = self.prefix.clone();
        let rename = |name: &mut String| {
            if !name.is_empty() {
                name.insert_str(0, &prefix);
            }
        };
        for node in &mut self.graph.node {
            node.input.iter_mut().chain(&mut node.output).for_each(rename);
        }
        self.graph.initializer.iter_mut().filter_map(|t| t.name.as_mut()).for_each(rename);
        let constants: std::collections::HashSet<_> =
            self.graph.initializer.iter().filter_map(|t| t.name.clone()).collect();
        self.graph.input.iter_mut().filter_map(|i| i.name.as_mut()).for_each(rename);
        // an initialiser that is listed as an input stays a constant
        self.graph.input.retain(|i| i.name.as_ref().is_some_and(|n| constants.contains(n)));
        self.graph.output.clear();
    }

    /// What the value `name` of the file is called now.
    pub fn inner(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What makes the value `name` of the file.
    pub fn producer(&self, name: &str) -> Option<Producer> {
        let inner = self.inner(name);
        let node = self.graph.node.iter().find(|n| n.output.contains(&inner))?;
        let input = node.input.first().map_or("", String::as_str);
        Some(Producer {
            op: node.op_type.clone().unwrap_or_default(),
            input: input.strip_prefix(&self.prefix).unwrap_or(input).into(),
            labels: labels(node),
        })
    }

    /// The class labels of the graph's only classifier, if there is exactly one.
    pub fn classifier_labels(&self) -> Option<(Vec<String>, bool)> {
        let mut found = self.graph.node.iter().filter_map(labels);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// Takes out the node that makes the value `name` of the file.
    pub fn remove_producer(&mut self, name: &str) {
        let inner = self.inner(name);
        self.graph.node.retain(|n| !n.output.contains(&inner));
    }

    /// Declares an input, `[N, row_shape...]`.
    pub fn input(&mut self, name: &str, dtype: Dtype, row_shape: &[usize]) {
        self.graph.input.push(value_info(name, dtype, row_shape));
    }

    /// Declares an output, `[N, row_shape...]`.
    pub fn output(&mut self, name: &str, dtype: Dtype, row_shape: &[usize]) {
        self.graph.output.push(value_info(name, dtype, row_shape));
    }

    /// Adds a constant; gives its name.
    pub fn constant(&mut self, tensor: &Tensor) -> String {
        let name = self.fresh();
        self.graph.initializer.push(tensor_proto(&name, tensor));
        name
    }

    /// Adds an `ai.onnx` node of one new output; gives the output's name.
    pub fn op(
        &mut self,
        side: Side,
        op: &str,
        inputs: &[&str],
        attributes: Vec<(&str, Attribute)>,
    ) -> String {
        let output = self.fresh();
        self.node(side, ("", op), inputs, &output, attributes);
        output
    }

    /// Adds a node that writes `output`; the domain stands before the operator's name.
    pub fn node(
        &mut self,
        side: Side,
        (domain, op): (&str, &str),
        inputs: &[&str],
        output: &str,
        attributes: Vec<(&str, Attribute)>,
    ) {
        let name = format!("{}import_{op}_{}", self.prefix, self.count);
        self.count += 1;
        let node = node_proto(name, (domain, op), inputs, &[output], attributes);
        match side {
            Side::Before => self.before.push(node),
            Side::After => self.after.push(node),
        }
        self.import(domain);
    }

    fn import(&mut self, domain: &str) {
        let there = |set: &proto::OperatorSet| {
            let name = set.domain.as_deref().unwrap_or_default();
            name == domain || (domain.is_empty() && name == "ai.onnx")
        };
        if !self.model.opset_import.iter().any(there) {
            let version = if domain == ML { ML_OPSET } else { OPSET };
            let set = proto::OperatorSet { domain: Some(domain.into()), version: Some(version) };
            self.model.opset_import.push(set);
        }
    }

    fn fresh(&mut self) -> String {
        self.count += 1;
        format!("{}import/{}", self.prefix, self.count)
    }

    /// The bytes of the changed file.
    pub fn finish(mut self) -> Vec<u8> {
        let inside = std::mem::take(&mut self.graph.node);
        self.graph.node = self.before.into_iter().chain(inside).chain(self.after).collect();
        self.model.graph = Some(self.graph);
        self.model.encode_to_vec()
    }
}

/// The class labels in a node's settings.
fn labels(node: &proto::Node) -> Option<(Vec<String>, bool)> {
    let find = |names: [&str; 2]| {
        let named = |a: &&proto::Attribute| a.name.as_deref().is_some_and(|n| names.contains(&n));
        node.attribute.iter().find(named)
    };
    let texts = find(["classlabels_strings"; 2]).filter(|a| !a.strings.is_empty());
    if let Some(texts) = texts {
        let text = |b: &Vec<u8>| String::from_utf8_lossy(b).into_owned();
        return Some((texts.strings.iter().map(text).collect(), false));
    }
    let wholes = find(["classlabels_int64s", "classlabels_ints"]).filter(|a| !a.ints.is_empty())?;
    Some((wholes.ints.iter().map(i64::to_string).collect(), true))
}
