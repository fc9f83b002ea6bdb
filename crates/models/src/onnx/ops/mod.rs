//! The operators of `ai.onnx` around a classic model, and the table of all operators.
//!
//! Each operator is a function from a node, seen at load time, to a kernel. Invariant: what a function
//! accepts at load cannot panic at run, whatever the values.

mod arithmetic;
mod cast;
mod compare;
mod index;
mod make;
mod matmul;
mod neural;
mod reduce;
mod shape;
mod softmax;
mod strided;
mod unary;
mod zip;

use super::ml;
use super::node::{Kernel, Node};

pub(super) use cast::{convert, singles};
pub(super) use index::pick;
pub(super) use matmul::multiply;
pub(super) use shape::axis_of;

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

/// The operator of this name.
pub(super) fn find(domain: &str, op: &str) -> Option<Compile> {
    match domain {
        "ai.onnx" => core(op).or_else(|| network(op)),
        ML => ml::find(op),
        _ => None,
    }
}

/// The operators of neural networks.
fn network(op: &str) -> Option<Compile> {
    use neural::{activation, conv, normalize, pool, recurrent};
    Some(match op {
        "Conv" => conv::conv,
        "ConvTranspose" => conv::conv_transpose,
        "MaxPool" => pool::max,
        "AveragePool" => pool::average,
        "GlobalAveragePool" => pool::global_average,
        "GlobalMaxPool" => pool::global_max,
        "BatchNormalization" => normalize::batch,
        "InstanceNormalization" => normalize::instance,
        "GroupNormalization" => normalize::group,
        "LayerNormalization" => normalize::layer,
        "RNN" => recurrent::rnn,
        "GRU" => recurrent::gru,
        "LSTM" => recurrent::lstm,
        "Erf" => activation::erf,
        "Sin" => activation::sin,
        "Cos" => activation::cos,
        "Tan" => activation::tan,
        "Atan" => activation::atan,
        "Softplus" => activation::softplus,
        "Softsign" => activation::softsign,
        "Mish" => activation::mish,
        "HardSwish" => activation::hard_swish,
        "LeakyRelu" => activation::leaky_relu,
        "Elu" => activation::elu,
        "Celu" => activation::celu,
        "Selu" => activation::selu,
        "ThresholdedRelu" => activation::thresholded_relu,
        "HardSigmoid" => activation::hard_sigmoid,
        "Gelu" => activation::gelu,
        _ => return None,
    })
}

fn core(op: &str) -> Option<Compile> {
    Some(match op {
        "Add" => arithmetic::add,
        "Sub" => arithmetic::sub,
        "Mul" => arithmetic::mul,
        "Div" => arithmetic::div,
        "Mod" => arithmetic::modulo,
        "Pow" => arithmetic::pow,
        "Min" => arithmetic::min,
        "Max" => arithmetic::max,
        "Sum" => arithmetic::sum,
        "Equal" => compare::equal,
        "Less" => compare::less,
        "LessOrEqual" => compare::less_or_equal,
        "Greater" => compare::greater,
        "GreaterOrEqual" => compare::greater_or_equal,
        "And" => compare::and,
        "Or" => compare::or,
        "Xor" => compare::xor,
        "Not" => compare::not,
        "Where" => compare::choose,
        "Abs" => unary::abs,
        "Neg" => unary::neg,
        "Sign" => unary::sign,
        "Sqrt" => unary::sqrt,
        "Exp" => unary::exp,
        "Log" => unary::log,
        "Sigmoid" => unary::sigmoid,
        "Tanh" => unary::tanh,
        "Relu" => unary::relu,
        "Floor" => unary::floor,
        "Ceil" => unary::ceil,
        "Round" => unary::round,
        "Reciprocal" => unary::reciprocal,
        "Clip" => unary::clip,
        "IsNaN" => unary::is_nan,
        "IsInf" => unary::is_inf,
        "Identity" => unary::identity,
        "Dropout" => unary::dropout,
        "Cast" => cast::cast,
        "Softmax" => softmax::softmax,
        "LogSoftmax" => softmax::log_softmax,
        "MatMul" => matmul::matmul,
        "Gemm" => matmul::gemm,
        "ReduceSum" => reduce::sum,
        "ReduceMean" => reduce::mean,
        "ReduceMax" => reduce::max,
        "ReduceMin" => reduce::min,
        "ReduceProd" => reduce::prod,
        "ReduceSumSquare" => reduce::sum_square,
        "ReduceL1" => reduce::l1,
        "ReduceL2" => reduce::l2,
        "ArgMax" => index::arg_max,
        "ArgMin" => index::arg_min,
        "TopK" => index::top_k,
        "CumSum" => index::cum_sum,
        "Gather" => index::gather,
        "Reshape" => shape::reshape,
        "Flatten" => shape::flatten,
        "Squeeze" => shape::squeeze,
        "Unsqueeze" => shape::unsqueeze,
        "Shape" => shape::shape_of,
        "Size" => shape::size_of,
        "Concat" => shape::concat,
        "Split" => shape::split,
        "Transpose" => strided::transpose,
        "Slice" => strided::slice,
        "Expand" => strided::expand,
        "Tile" => strided::tile,
        "Constant" => make::constant,
        "ConstantOfShape" => make::constant_of_shape,
        "Range" => make::range,
        _ => return None,
    })
}
