//! Writing ONNX graphs, one node at a time.
//!
//! Not a checker: what does not fit together is found by reading the bytes back
//! (`Program::load`). Invariant: the same calls in the same order give the same bytes.
//!
//! Every input and output has rows as its first dimension, named `N`; shapes given here are those of one row.
//!
//! ```
//! use models::onnx::{Dtype, GraphBuilder};
//!
//! let mut graph = GraphBuilder::new("double_the_age");
//! graph.input("age", Dtype::F32, &[1]);
//! graph.initializer_f32("two", &[1], vec![2.0]);
//! graph.node("", "Mul", &["age", "two"], &["value"], vec![]);
//! graph.output("value", Dtype::F32, &[1]);
//! let bytes = graph.finish();
//! # assert!(!bytes.is_empty());
//! ```

use super::proto;
use super::tensor::{Data, Dtype, Tensor, elements};
use prost::Message;
use std::collections::BTreeSet;

/// The domain of the operators of classic machine learning.
pub const ML: &str = "ai.onnx.ml";

/// Read by onnxruntime from 1.10 (2021) on.
const IR_VERSION: i64 = 8;
/// `ai.onnx`: axes of reductions other than `ReduceSum` are attributes, those of `ReduceSum`, `Squeeze` and
/// `Unsqueeze` are inputs.
const OPSET: i64 = 17;
/// `ai.onnx.ml`: with the tree operators that version 5 replaces.
const ML_OPSET: i64 = 3;
/// The domain of the operators that onnxruntime adds, of which `Tokenizer` is one.
pub const CONTRIB: &str = "com.microsoft";
/// Its only version.
const CONTRIB_OPSET: i64 = 1;
/// The name of the row dimension.
const ROWS: &str = "N";

/// A graph that is being written.
#[derive(Debug, Clone)]
pub struct GraphBuilder {
    graph: proto::Graph,
    names: BTreeSet<String>,
}

/// A setting of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A whole number.
    Int(i64),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// A number.
    Float(f32),
    /// Numbers.
    Floats(Vec<f32>),
    /// A text.
    Str(String),
    /// Texts.
    Strs(Vec<String>),
    /// A constant.
    Tensor(Tensor),
}

impl GraphBuilder {
    /// An empty graph. The name is for people.
    pub fn new(name: &str) -> GraphBuilder {
        let graph = proto::Graph { name: Some(name.into()), ..Default::default() };
        GraphBuilder { graph, names: BTreeSet::new() }
    }

    /// Declares what is fed: `[N, row_shape...]`.
    pub fn input(&mut self, name: &str, dtype: Dtype, row_shape: &[usize]) -> &mut Self {
        self.names.insert(name.into());
        self.graph.input.push(value_info(name, dtype, row_shape));
        self
    }

    /// Declares what is answered: `[N, row_shape...]`, which some node must write.
    pub fn output(&mut self, name: &str, dtype: Dtype, row_shape: &[usize]) -> &mut Self {
        self.names.insert(name.into());
        self.graph.output.push(value_info(name, dtype, row_shape));
        self
    }

    /// A constant. Its shape is whole: there is no row dimension.
    pub fn initializer(&mut self, name: &str, tensor: &Tensor) -> &mut Self {
        self.names.insert(name.into());
        self.graph.initializer.push(tensor_proto(name, tensor));
        self
    }

    /// A constant of single-precision numbers.
    ///
    /// # Panics
    /// When `data` has another length than `shape` says; so do its sisters.
    pub fn initializer_f32(&mut self, name: &str, shape: &[usize], data: Vec<f32>) -> &mut Self {
        self.initializer(name, &constant(shape, Data::F32(data)))
    }

    /// A constant of double-precision numbers.
    pub fn initializer_f64(&mut self, name: &str, shape: &[usize], data: Vec<f64>) -> &mut Self {
        self.initializer(name, &constant(shape, Data::F64(data)))
    }

    /// A constant of whole numbers.
    pub fn initializer_i64(&mut self, name: &str, shape: &[usize], data: Vec<i64>) -> &mut Self {
        self.initializer(name, &constant(shape, Data::I64(data)))
    }

    /// A constant of texts.
    pub fn initializer_str<S: AsRef<str>>(&mut self, name: &str, shape: &[usize], data: &[S]) -> &mut Self {
        let data = data.iter().map(|s| s.as_ref().into()).collect();
        self.initializer(name, &constant(shape, Data::Str(data)))
    }

    /// A node. `domain` is empty for `ai.onnx` and [`ML`] for `ai.onnx.ml`; an empty input name leaves an
    /// optional input out.
    pub fn node<I: AsRef<str>, O: AsRef<str>>(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[I],
        outputs: &[O],
        attributes: Vec<(&str, Attribute)>,
    ) -> &mut Self {
        let inputs: Vec<&str> = inputs.iter().map(AsRef::as_ref).collect();
        let outputs: Vec<&str> = outputs.iter().map(AsRef::as_ref).collect();
        self.names.extend(outputs.iter().map(|s| s.to_string()));
        let name = format!("{op}_{}", self.graph.node.len());
        self.graph.node.push(node_proto(name, (domain, op), &inputs, &outputs, attributes));
        self
    }

    /// An `ai.onnx` node of one output; gives the output's name, which is new.
    pub fn op<I: AsRef<str>>(
        &mut self,
        op: &str,
        inputs: &[I],
        attributes: Vec<(&str, Attribute)>,
    ) -> String {
        let output = self.fresh(op);
        self.node("", op, inputs, &[&output], attributes);
        output
    }

    /// An `ai.onnx.ml` node of one output; gives the output's name, which is new.
    pub fn ml<I: AsRef<str>>(
        &mut self,
        op: &str,
        inputs: &[I],
        attributes: Vec<(&str, Attribute)>,
    ) -> String {
        let output = self.fresh(op);
        self.node(ML, op, inputs, &[&output], attributes);
        output
    }

    /// A name that no value of this graph has yet: `stem`, or `stem_2`, `stem_3`...; it is taken from now on.
    /// Columns are best declared before, so that inputs keep their names.
    pub fn fresh(&mut self, stem: &str) -> String {
        let mut name = stem.to_string();
        let mut count = 1;
        while !self.names.insert(name.clone()) {
            count += 1;
            name = format!("{stem}_{count}");
        }
        name
    }

    /// Declares an input as another graph did, unless one of its name is there.
    pub(super) fn declare(&mut self, input: proto::ValueInfo) {
        if self.names.insert(input.name.clone().unwrap_or_default()) {
            self.graph.input.push(input);
        }
    }

    /// Adds a constant under its own name, which [`GraphBuilder::fresh`] gave.
    pub(super) fn push_constant(&mut self, constant: proto::TensorProto) {
        self.graph.initializer.push(constant);
    }

    /// Adds a node whose outputs [`GraphBuilder::fresh`] named.
    pub(super) fn push_node(&mut self, mut node: proto::Node) {
        let op = node.op_type.as_deref().unwrap_or_default();
        node.name = Some(format!("{op}_{}", self.graph.node.len()));
        self.graph.node.push(node);
    }

    /// The bytes of the file.
    pub fn finish(&self) -> Vec<u8> {
        let opset = |domain: &str, version| proto::OperatorSet {
            domain: Some(domain.into()),
            version: Some(version),
        };
        let mut imports = vec![opset("", OPSET), opset(ML, ML_OPSET)];
        if self.graph.node.iter().any(|n| n.domain.as_deref() == Some(CONTRIB)) {
            imports.push(opset(CONTRIB, CONTRIB_OPSET));
        }
        let model = proto::Model {
            ir_version: Some(IR_VERSION),
            producer_name: Some("incumbent".into()),
            graph: Some(self.graph.clone()),
            opset_import: imports,
            ..Default::default()
        };
        model.encode_to_vec()
    }
}

impl Attribute {
    pub(super) fn proto(self, name: &str) -> proto::Attribute {
        let empty = proto::Attribute { name: Some(name.into()), ..Default::default() };
        match self {
            Attribute::Float(f) => proto::Attribute { r#type: Some(1), f: Some(f), ..empty },
            Attribute::Int(i) => proto::Attribute { r#type: Some(2), i: Some(i), ..empty },
            Attribute::Str(s) => proto::Attribute { r#type: Some(3), s: Some(s.into_bytes()), ..empty },
            Attribute::Tensor(t) => {
                proto::Attribute { r#type: Some(4), t: Some(tensor_proto("", &t)), ..empty }
            }
            Attribute::Floats(floats) => proto::Attribute { r#type: Some(6), floats, ..empty },
            Attribute::Ints(ints) => proto::Attribute { r#type: Some(7), ints, ..empty },
            Attribute::Strs(strings) => {
                let strings = strings.into_iter().map(String::into_bytes).collect();
                proto::Attribute { r#type: Some(8), strings, ..empty }
            }
        }
    }
}

impl From<i64> for Attribute {
    fn from(value: i64) -> Attribute {
        Attribute::Int(value)
    }
}

impl From<f32> for Attribute {
    fn from(value: f32) -> Attribute {
        Attribute::Float(value)
    }
}

impl From<&str> for Attribute {
    fn from(value: &str) -> Attribute {
        Attribute::Str(value.into())
    }
}

impl From<Vec<i64>> for Attribute {
    fn from(value: Vec<i64>) -> Attribute {
        Attribute::Ints(value)
    }
}

impl From<Vec<f32>> for Attribute {
    fn from(value: Vec<f32>) -> Attribute {
        Attribute::Floats(value)
    }
}

impl From<Vec<String>> for Attribute {
    fn from(value: Vec<String>) -> Attribute {
        Attribute::Strs(value)
    }
}

impl From<Tensor> for Attribute {
    fn from(value: Tensor) -> Attribute {
        Attribute::Tensor(value)
    }
}

fn constant(shape: &[usize], data: Data) -> Tensor {
    let found = data.len();
    assert_eq!(elements(shape), Some(found), "a constant of shape {shape:?} was given {found} elements");
    Tensor::new(shape.to_vec(), data).expect("the length was just compared")
}

/// The message of a node.
pub(super) fn node_proto(
    name: String,
    (domain, op): (&str, &str),
    inputs: &[&str],
    outputs: &[&str],
    attributes: Vec<(&str, Attribute)>,
) -> proto::Node {
    let names = |list: &[&str]| list.iter().map(|s| s.to_string()).collect();
    proto::Node {
        input: names(inputs),
        output: names(outputs),
        name: Some(name),
        op_type: Some(op.into()),
        attribute: attributes.into_iter().map(|(name, value)| value.proto(name)).collect(),
        domain: (!domain.is_empty()).then(|| domain.to_string()),
    }
}

/// The message of a constant.
pub(super) fn tensor_proto(name: &str, tensor: &Tensor) -> proto::TensorProto {
    let mut out = proto::TensorProto {
        dims: tensor.shape().iter().map(|&d| d as i64).collect(),
        data_type: Some(tensor.dtype().code()),
        name: (!name.is_empty()).then(|| name.to_string()),
        ..Default::default()
    };
    match tensor.data() {
        Data::F32(v) => out.raw_data = Some(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Data::F64(v) => out.raw_data = Some(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Data::I64(v) => out.raw_data = Some(v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Data::Bool(v) => out.raw_data = Some(v.iter().map(|&x| u8::from(x)).collect()),
        Data::Str(v) => out.string_data = v.iter().map(|s| s.as_bytes().to_vec()).collect(),
    }
    out
}

/// The message of an input or output, `[N, row_shape...]`.
pub(super) fn value_info(name: &str, dtype: Dtype, row_shape: &[usize]) -> proto::ValueInfo {
    let rows = proto::Dimension { value: None, param: Some(ROWS.into()) };
    let fixed = row_shape.iter().map(|&d| proto::Dimension { value: Some(d as i64), param: None });
    let shape = proto::Shape { dim: std::iter::once(rows).chain(fixed).collect() };
    let tensor = proto::TensorType { elem_type: Some(dtype.code()), shape: Some(shape) };
    let r#type = proto::Type { tensor: Some(tensor), ..Default::default() };
    proto::ValueInfo { name: Some(name.into()), r#type: Some(r#type) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> GraphBuilder {
        let mut graph = GraphBuilder::new("small");
        graph.input("age", Dtype::F32, &[1]).output("value", Dtype::F32, &[1]);
        let name = graph.fresh("age");
        graph.initializer_f32(&name, &[1], vec![2.0]);
        graph.node("", "Mul", &["age", &name], &["value"], vec![]);
        graph
    }

    #[test]
    fn the_same_calls_give_the_same_bytes() {
        assert_eq!(small().finish(), small().finish());
    }

    #[test]
    fn a_fresh_name_differs_from_all_others() {
        let mut graph = small();
        assert_eq!(graph.fresh("age"), "age_3");
        assert_eq!(graph.op("Mul", &["age", "age"], vec![]), "Mul");
        assert_eq!(graph.op("Mul", &["age", "age"], vec![]), "Mul_2");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let model = proto::Model::decode(small().finish().as_slice()).expect("our own bytes");
        let graph = model.graph.expect("a graph");
        assert_eq!(graph.node[0].input, ["age", "age_2"]);
        assert_eq!(graph.initializer[0].raw_data, Some(2f32.to_le_bytes().to_vec()));
        assert_eq!(model.opset_import.len(), 2);
    }

    #[test]
    fn an_attribute_of_value_zero_is_written() {
        let mut graph = small();
        graph.op("Concat", &["age"], vec![("axis", 0.into())]);
        let model = proto::Model::decode(graph.finish().as_slice()).expect("our own bytes");
        let node = &model.graph.expect("a graph").node[1];
        assert_eq!((node.attribute[0].i, node.attribute[0].r#type), (Some(0), Some(2)));
    }

    #[test]
    #[should_panic(expected = "was given 1 elements")]
    fn a_constant_of_the_wrong_length_is_a_bug_of_the_caller() {
        small().initializer_f32("x", &[2], vec![1.0]);
    }
}
