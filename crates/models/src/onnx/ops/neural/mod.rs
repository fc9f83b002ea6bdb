//! The operators of neural networks: convolution, pooling, normalisation, recurrence.
//!
//! All but convolution are computed here in plain Rust; `convolve` and the products of a heavy graph are
//! computed by rten. Invariant: shapes, sizes and work are checked here before anything is allocated.

pub(super) mod activation;
pub(super) mod conv;
pub(super) mod normalize;
pub(super) mod pool;
pub(super) mod recurrent;
mod rten;
mod window;

pub(super) use rten::multiply;

use crate::onnx::tensor::{Data, Tensor};

/// The numbers of a single-precision tensor.
fn singles(t: &Tensor) -> Result<&[f32], String> {
    match t.data() {
        Data::F32(v) => Ok(v),
        other => Err(format!("a tensor of {} where float is expected", other.dtype())),
    }
}
