//! Several graphs as one: values that are computed alike in two of them are computed once.
//!
//! Members of an ensemble share most of what comes before the model itself: the same columns, scaled alike, the same
//! distances. Invariant: a value of the merged graph is what it was in its own; inputs of one name are one input.
//! Not a checker: the bytes are loaded again afterwards.

use super::build::GraphBuilder;
use super::error::OnnxError;
use super::proto;
use prost::Message;
use std::collections::HashMap;

/// A graph that others are merged into.
pub(crate) struct Merger {
    /// The graph so far; nodes may be added by hand between merges.
    pub graph: GraphBuilder,
    /// Where a constant, or a node with its inputs, is already.
    known: HashMap<Vec<u8>, Vec<String>>,
}

impl Merger {
    /// An empty graph.
    pub fn new(name: &str) -> Merger {
        Merger { graph: GraphBuilder::new(name), known: HashMap::new() }
    }

    /// Merges a file; gives the names that its outputs have now, in their order. `bound` are inputs that are values of
    /// this graph: name of the input, name of the value.
    pub fn add(&mut self, onnx: &[u8], bound: &[(&str, &str)]) -> Result<Vec<String>, OnnxError> {
        let model = proto::Model::decode(onnx).map_err(|e| OnnxError::Malformed(e.to_string()))?;
        let graph = model.graph.ok_or_else(|| OnnxError::Malformed("it holds no graph".into()))?;
        let mut names: HashMap<String, String> = HashMap::new();
        for input in graph.input {
            let name = input.name.clone().unwrap_or_default();
            let value = match bound.iter().find(|(input, _)| *input == name) {
                Some((_, value)) => value.to_string(),
                None => {
                    self.graph.declare(input);
                    name.clone()
                }
            };
            names.insert(name, value);
        }
        for mut constant in graph.initializer {
            let name = constant.name.take().unwrap_or_default();
            names.insert(name.clone(), self.constant(&name, constant));
        }
        for node in graph.node {
            self.node(node, &mut names)?;
        }
        let outputs = graph.output.iter().map(|o| find(&names, o.name.as_deref().unwrap_or_default()));
        outputs.collect()
    }

    fn constant(&mut self, name: &str, mut constant: proto::TensorProto) -> String {
        let key = constant.encode_to_vec();
        if let Some(known) = self.known.get(&key) {
            return known[0].clone();
        }
        let name = self.graph.fresh(name);
        constant.name = Some(name.clone());
        self.graph.push_constant(constant);
        self.known.insert(key, vec![name.clone()]);
        name
    }

    fn node(&mut self, mut node: proto::Node, names: &mut HashMap<String, String>) -> Result<(), OnnxError> {
        for input in node.input.iter_mut().filter(|name| !name.is_empty()) {
            *input = find(names, input)?;
        }
        let outputs = std::mem::take(&mut node.output);
        node.name = None;
        // Which outputs are wanted belongs to the key: a node that leaves one out cannot stand for one that does not.
        let wanted: Vec<u8> = outputs.iter().map(|name| u8::from(!name.is_empty())).collect();
        let key = [node.encode_to_vec(), wanted].concat();
        if !self.known.contains_key(&key) {
            let fresh = |name: &String| if name.is_empty() { String::new() } else { self.graph.fresh(name) };
            let made: Vec<String> = outputs.iter().map(fresh).collect();
            node.output = made.clone();
            self.graph.push_node(node);
            self.known.insert(key.clone(), made);
        }
        names.extend(outputs.into_iter().zip(self.known[&key].iter().cloned()));
        Ok(())
    }
}

fn find(names: &HashMap<String, String>, name: &str) -> Result<String, OnnxError> {
    let missing = || OnnxError::Refused(format!("the value `{name}` is used before it is made"));
    names.get(name).cloned().ok_or_else(missing)
}

/// How many learned numbers a file holds: those of its float constants, of weights stored as 8-bit integers with their
/// scales, and thresholds and leaves of its trees.
pub fn parameters(onnx: &[u8]) -> Result<usize, OnnxError> {
    let model = proto::Model::decode(onnx).map_err(|e| OnnxError::Malformed(e.to_string()))?;
    let graph = model.graph.unwrap_or_default();
    let learned = |t: &&proto::TensorProto| matches!(t.data_type, Some(1 | 3 | 11));
    let size = |t: &proto::TensorProto| t.dims.iter().product::<i64>().max(0) as usize;
    let constants: usize = graph.initializer.iter().filter(learned).map(size).sum();
    let settings = graph.node.iter().flat_map(|n| &n.attribute).map(|a| a.floats.len()).sum::<usize>();
    Ok(constants + settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Data, Dtype, Program, Tensor};

    /// `(x + shift) * scale`.
    fn line(shift: f32, scale: f32) -> Vec<u8> {
        let mut graph = GraphBuilder::new("line");
        graph.input("x", Dtype::F32, &[1]);
        graph.initializer_f32("shift", &[1], vec![shift]).initializer_f32("scale", &[1], vec![scale]);
        let moved = graph.op("Add", &["x", "shift"], vec![]);
        graph.node("", "Mul", &[moved.as_str(), "scale"], &["value"], vec![]);
        graph.output("value", Dtype::F32, &[1]);
        graph.finish()
    }

    #[test]
    fn what_is_alike_is_computed_once_and_what_differs_is_kept() {
        let mut merger = Merger::new("both");
        let names: Vec<String> = [(1.0, 2.0), (1.0, 3.0), (1.0, 2.0)]
            .iter()
            .map(|&(a, b)| merger.add(&line(a, b), &[]).expect("a graph").remove(0))
            .collect();
        assert_eq!(names[0], names[2]);
        merger.graph.node("", "Sum", &names, &["sum"], vec![]).output("sum", Dtype::F32, &[1]);
        let bytes = merger.graph.finish();
        assert_eq!(parameters(&bytes), Ok(3), "1, 2 and 3");
        let program = Program::load(&bytes).expect("our own bytes");
        let x = Tensor::new(vec![1, 1], Data::F32(vec![4.0])).expect("one number");
        let found = program.run(&[("x", x)]).expect("a sound graph").remove(0).1;
        assert_eq!(found.data(), &Data::F32(vec![10.0 + 15.0 + 10.0]));
    }
}
