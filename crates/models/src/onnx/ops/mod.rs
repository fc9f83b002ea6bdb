//! The operators of `ai.onnx` around a classic model, and the table of all operators.
//!
//! Each operator is a function from a node, seen at load time, to a kernel. Invariant: what a function
//! accepts at load cannot panic at run, whatever the values.

mod arithmetic;
mod cast;
mod compare;
mod elements;
mod index;
mod make;
mod matmul;
mod microsoft;
mod neural;
mod pad;
mod quantize;
mod reduce;
mod shape;
mod softmax;
mod strided;
pub(super) mod types;
mod unary;
mod zip;

use super::build::CONTRIB;
use super::ml;
use super::node::{Kernel, Node};
use neural::{activation, conv, normalize, pool, recurrent};
use types::*;

pub(super) use cast::{convert, singles};
pub(super) use index::pick;
pub(super) use matmul::multiply;
pub(super) use shape::axis_of;
pub(super) use softmax::softmax_line;
pub(super) use zip::zip;

/// The domain of the operators of classic machine learning.
pub(super) const ML: &str = "ai.onnx.ml";

/// Makes a node ready to run, or says what is wrong with it.
pub(super) type Compile = fn(&Node<'_>) -> Result<Kernel, String>;

/// Why a node has no kernel.
pub(super) enum Refusal {
    /// No such operator here.
    Unknown,
    /// The operator does not allow what stands there.
    Bad(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Refusal {
        Refusal::Bad(why)
    }
}

/// An operator, and what is claimed of it: this is what the conformance test runs and the documentation shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator {
    /// Its name in its domain.
    pub name: &'static str,
    /// Makes a node of it ready to run.
    pub compile: Compile,
    /// The element types that its inputs and outputs may have.
    pub types: &'static [&'static str],
    /// What it does not do; empty when it does all that its specification says.
    pub limit: &'static str,
}

/// A line of a table.
pub(super) const fn op(
    name: &'static str,
    compile: Compile,
    types: &'static [&'static str],
    limit: &'static str,
) -> Operator {
    Operator { name, compile, types, limit }
}

/// The tables of all domains.
pub(super) const DOMAINS: [(&str, &[Operator]); 4] =
    [("ai.onnx", CORE), ("ai.onnx", NETWORKS), (ML, ml::TABLE), (CONTRIB, microsoft::TABLE)];

/// The operator of this name.
pub(super) fn find(domain: &str, op: &str) -> Option<Compile> {
    let tables = DOMAINS.iter().filter(|(name, _)| *name == domain);
    tables.flat_map(|(_, table)| *table).find(|o| o.name == op).map(|o| o.compile)
}

/// Around classic models.
const CORE: &[Operator] = &[
    op("Add", arithmetic::add, NUMBER, ""),
    op("Sub", arithmetic::sub, NUMBER, ""),
    op("Mul", arithmetic::mul, NUMBER, ""),
    op("Div", arithmetic::div, NUMBER, ""),
    op("Mod", arithmetic::modulo, NUMBER, "floats with fmod = 1 only"),
    op("Pow", arithmetic::pow, NUMBER, ""),
    op("Min", arithmetic::min, NUMBER, ""),
    op("Max", arithmetic::max, NUMBER, ""),
    op("Sum", arithmetic::sum, NUMBER, ""),
    op("Mean", arithmetic::mean, FLOATS, ""),
    op("PRelu", arithmetic::prelu, NUMBER, ""),
    op("Equal", compare::equal, ALL, ""),
    op("Less", compare::less, NUMBER_BOOL, ""),
    op("LessOrEqual", compare::less_or_equal, NUMBER_BOOL, ""),
    op("Greater", compare::greater, NUMBER_BOOL, ""),
    op("GreaterOrEqual", compare::greater_or_equal, NUMBER_BOOL, ""),
    op("And", compare::and, BOOL, ""),
    op("Or", compare::or, BOOL, ""),
    op("Xor", compare::xor, BOOL, ""),
    op("Not", compare::not, BOOL, ""),
    op("Where", compare::choose, ALL, ""),
    op("Abs", unary::abs, NUMBER, ""),
    op("Neg", unary::neg, NUMBER, ""),
    op("Sign", unary::sign, NUMBER, ""),
    op("Sqrt", unary::sqrt, FLOATS, ""),
    op("Exp", unary::exp, FLOATS, ""),
    op("Log", unary::log, FLOATS, ""),
    op("Sigmoid", unary::sigmoid, FLOATS, ""),
    op("Tanh", unary::tanh, FLOATS, ""),
    op("Relu", unary::relu, NUMBER, ""),
    op("Floor", unary::floor, FLOATS, ""),
    op("Ceil", unary::ceil, FLOATS, ""),
    op("Round", unary::round, FLOATS, ""),
    op("Reciprocal", unary::reciprocal, FLOATS, ""),
    op("Clip", unary::clip, NUMBER, ""),
    op("IsNaN", unary::is_nan, FLOATS_BOOL, ""),
    op("IsInf", unary::is_inf, FLOATS_BOOL, ""),
    op("Identity", unary::identity, ALL, ""),
    op("Dropout", unary::dropout, FLOATS_BOOL, "outside training"),
    op("Cast", cast::cast, ALL, "texts of floats have the digits that onnxruntime gives them"),
    op("DequantizeLinear", quantize::dequantize, QUANTIZED, "no blocks"),
    op("Softmax", softmax::softmax, FLOATS, ""),
    op("LogSoftmax", softmax::log_softmax, FLOATS, ""),
    op("MatMul", matmul::matmul, FLOATS, ""),
    op("Gemm", matmul::gemm, FLOATS, ""),
    op("ReduceSum", reduce::sum, NUMBER, ""),
    op("ReduceMean", reduce::mean, NUMBER, "not of nothing"),
    op("ReduceMax", reduce::max, NUMBER, "not of nothing; no bool"),
    op("ReduceMin", reduce::min, NUMBER, "not of nothing; no bool"),
    op("ReduceProd", reduce::prod, NUMBER, ""),
    op("ReduceSumSquare", reduce::sum_square, NUMBER, ""),
    op("ReduceL1", reduce::l1, NUMBER, ""),
    op("ReduceL2", reduce::l2, NUMBER, ""),
    op("ReduceLogSum", reduce::log_sum, FLOATS, ""),
    op("ReduceLogSumExp", reduce::log_sum_exp, FLOATS, ""),
    op("ArgMax", index::arg_max, NUMBER, ""),
    op("ArgMin", index::arg_min, NUMBER, ""),
    op("TopK", index::top_k, NUMBER, ""),
    op("CumSum", index::cum_sum, NUMBER, ""),
    op("Gather", index::gather, ALL, ""),
    op("GatherElements", elements::gather_elements, ALL, ""),
    op("GatherND", elements::gather_nd, ALL, ""),
    op("ScatterElements", elements::scatter_elements, ALL, "no reduction"),
    op("OneHot", elements::one_hot, NUMBER, ""),
    op("NonZero", elements::non_zero, NUMBER_BOOL, ""),
    op("Trilu", elements::trilu, NUMBER_BOOL, ""),
    op("Pad", pad::pad, NUMBER_BOOL, ""),
    op("Reshape", shape::reshape, ALL, ""),
    op("Flatten", shape::flatten, ALL, ""),
    op("StringConcat", ml::concat, TEXT, ""),
    op("StringNormalizer", ml::string_normalizer, TEXT, "locale en_US"),
    op("StringSplit", ml::split, TEXT_INTEGER, ""),
    op("TfIdfVectorizer", ml::tf_idf, NUMBER_TEXT, ""),
    op("Squeeze", shape::squeeze, ALL, ""),
    op("Unsqueeze", shape::unsqueeze, ALL, ""),
    op("Shape", shape::shape_of, ALL, ""),
    op("Size", shape::size_of, ALL, ""),
    op("Concat", shape::concat, ALL, ""),
    op("Split", shape::split, ALL, ""),
    op("Transpose", strided::transpose, ALL, ""),
    op("Slice", strided::slice, ALL, ""),
    op("Expand", strided::expand, ALL, ""),
    op("Tile", strided::tile, ALL, ""),
    op("Constant", make::constant, ALL, ""),
    op("ConstantOfShape", make::constant_of_shape, ALL, ""),
    op("Range", make::range, NUMBER, ""),
];

/// Of neural networks.
const NETWORKS: &[Operator] = &[
    op("Conv", conv::conv, FLOAT, "one or two spatial dimensions; computed by rten"),
    op(
        "ConvTranspose",
        conv::conv_transpose,
        FLOAT,
        "one or two spatial dimensions; explicit padding, no output_shape; computed by rten",
    ),
    op("MaxPool", pool::max, NUMBER, "one to three spatial dimensions; no indices"),
    op("AveragePool", pool::average, FLOATS, "one to three spatial dimensions"),
    op("GlobalAveragePool", pool::global_average, FLOATS, ""),
    op("GlobalMaxPool", pool::global_max, FLOATS, ""),
    op("BatchNormalization", normalize::batch, FLOATS, "outside training"),
    op("InstanceNormalization", normalize::instance, FLOATS, ""),
    op("GroupNormalization", normalize::group, FLOATS, "from version 21 of the operator set on"),
    op("LayerNormalization", normalize::layer, FLOATS, ""),
    op(
        "RNN",
        recurrent::rnn,
        FLOAT,
        "activations Tanh and Relu; batches second, all sequences of one length",
    ),
    op("GRU", recurrent::gru, FLOAT, "the usual activations; batches second, all sequences of one length"),
    op(
        "LSTM",
        recurrent::lstm,
        FLOAT,
        "the usual activations, no coupled gates; batches second, all sequences of one length",
    ),
    op("Erf", activation::erf, FLOATS, ""),
    op("Sin", activation::sin, FLOATS, ""),
    op("Cos", activation::cos, FLOATS, ""),
    op("Tan", activation::tan, FLOATS, ""),
    op("Atan", activation::atan, FLOATS, ""),
    op("Softplus", activation::softplus, FLOATS, ""),
    op("Softsign", activation::softsign, FLOATS, ""),
    op("Mish", activation::mish, FLOATS, ""),
    op("HardSwish", activation::hard_swish, FLOATS, ""),
    op("LeakyRelu", activation::leaky_relu, FLOATS, ""),
    op("Elu", activation::elu, FLOATS, ""),
    op("Celu", activation::celu, FLOATS, ""),
    op("Selu", activation::selu, FLOATS, ""),
    op("ThresholdedRelu", activation::thresholded_relu, FLOATS, ""),
    op("HardSigmoid", activation::hard_sigmoid, FLOATS, ""),
    op("Gelu", activation::gelu, FLOATS, ""),
];
