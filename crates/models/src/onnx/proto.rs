//! The messages of `onnx.proto` (IR version 14) that a classic graph needs, written by hand with their tags.
//!
//! Not the whole format. What we refuse anyway (subgraphs, sparse tensors, sequence and map types, functions)
//! is kept as undecoded bytes, so that reading never recurses deeper than graph, node, attribute, tensor.
//! Optional scalars are `Option`, as proto2 has it: an attribute of value 0 is still written.

use prost::Message;

/// The file.
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// The version of the format itself.
    #[prost(int64, optional, tag = "1")]
    pub ir_version: Option<i64>,
    /// Who wrote it.
    #[prost(string, optional, tag = "2")]
    pub producer_name: Option<String>,
    /// The graph.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// The operator sets that the graph's operators are taken from.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    /// Free text of the writer.
    #[prost(message, repeated, tag = "14")]
    pub metadata: Vec<Entry>,
    /// Functions local to the model, undecoded.
    #[prost(bytes = "vec", repeated, tag = "25")]
    pub functions: Vec<Vec<u8>>,
}

/// One operator set.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// Empty for `ai.onnx`.
    #[prost(string, optional, tag = "1")]
    pub domain: Option<String>,
    /// Which version of it.
    #[prost(int64, optional, tag = "2")]
    pub version: Option<i64>,
}

/// A key with its value.
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    /// The key.
    #[prost(string, optional, tag = "1")]
    pub key: Option<String>,
    /// The value.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

/// Nodes, constants, inputs and outputs.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// The computation.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// The graph's name.
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
    /// Named constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// What is fed; may repeat names of initialisers, which are then defaults.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// What is answered.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
    /// Sparse constants, undecoded.
    #[prost(bytes = "vec", repeated, tag = "15")]
    pub sparse_initializer: Vec<Vec<u8>>,
}

/// One use of an operator.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of values; an empty name is an input left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of values; an empty name is an output not wanted.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// For people.
    #[prost(string, optional, tag = "3")]
    pub name: Option<String>,
    /// Which operator.
    #[prost(string, optional, tag = "4")]
    pub op_type: Option<String>,
    /// Its settings.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    /// The operator set; empty for `ai.onnx`.
    #[prost(string, optional, tag = "7")]
    pub domain: Option<String>,
}

/// One setting of a node. `r#type` says which field counts.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Type 1.
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    /// Type 2.
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    /// Type 3: text, as bytes.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub s: Option<Vec<u8>>,
    /// Type 4.
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorProto>,
    /// Type 5: a subgraph, undecoded.
    #[prost(bytes = "vec", optional, tag = "6")]
    pub g: Option<Vec<u8>>,
    /// Type 6.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// Type 7.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Type 8: texts, as bytes.
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub strings: Vec<Vec<u8>>,
    /// Type 10: subgraphs, undecoded.
    #[prost(bytes = "vec", repeated, tag = "11")]
    pub graphs: Vec<Vec<u8>>,
    /// Which of the fields counts: 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6 floats, 7 ints, 8 strings.
    #[prost(int32, optional, tag = "20")]
    pub r#type: Option<i32>,
    /// The function parameter that stands here instead.
    #[prost(string, optional, tag = "21")]
    pub ref_attr_name: Option<String>,
}

/// A constant. Its numbers stand either in `raw` or in the field of their type.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// The shape; none for a scalar.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// The numbers of `TensorProto.DataType`.
    #[prost(int32, optional, tag = "2")]
    pub data_type: Option<i32>,
    /// Type 1.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Types 2 to 6 and 9.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Type 8.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_data: Vec<Vec<u8>>,
    /// Type 7.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name as a value.
    #[prost(string, optional, tag = "8")]
    pub name: Option<String>,
    /// All types but 8: little-endian bytes.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub raw_data: Option<Vec<u8>>,
    /// Type 11.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Types 12 and 13.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Where the numbers stand when they are not in the file.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<Entry>,
    /// 1 when they are not in the file.
    #[prost(int32, optional, tag = "14")]
    pub data_location: Option<i32>,
}

/// The name and type of a value.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// Its name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

/// The type of a value.
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// A tensor.
    #[prost(message, optional, tag = "1")]
    pub tensor: Option<TensorType>,
    /// A sequence, undecoded.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub sequence: Option<Vec<u8>>,
    /// A map, undecoded.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub map: Option<Vec<u8>>,
}

/// The type of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// The numbers of `TensorProto.DataType`.
    #[prost(int32, optional, tag = "1")]
    pub elem_type: Option<i32>,
    /// Its shape, when it is known.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// A shape of known and unknown dimensions.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// Outermost first.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// One dimension; unknown when it has neither value nor name.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// A fixed size.
    #[prost(int64, optional, tag = "1")]
    pub value: Option<i64>,
    /// The name of a size that is known at run time.
    #[prost(string, optional, tag = "2")]
    pub param: Option<String>,
}
