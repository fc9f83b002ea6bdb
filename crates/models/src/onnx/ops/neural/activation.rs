//! What networks apply to each element, beyond the functions in `unary`.

use crate::onnx::node::{Kernel, Node};
use crate::onnx::ops::unary::{floats, parametric};

pub(in crate::onnx::ops) fn erf(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, libm::erff, libm::erf)
}

pub(in crate::onnx::ops) fn sin(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::sin, f64::sin)
}

pub(in crate::onnx::ops) fn cos(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::cos, f64::cos)
}

pub(in crate::onnx::ops) fn tan(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::tan, f64::tan)
}

pub(in crate::onnx::ops) fn atan(node: &Node<'_>) -> Result<Kernel, String> {
    floats(node, f32::atan, f64::atan)
}

pub(in crate::onnx::ops) fn softplus(node: &Node<'_>) -> Result<Kernel, String> {
    // written so that a large number does not overflow
    parametric(node, |x| x.max(0.0) + (-x.abs()).exp().ln_1p())
}

pub(in crate::onnx::ops) fn softsign(node: &Node<'_>) -> Result<Kernel, String> {
    parametric(node, |x| x / (1.0 + x.abs()))
}

pub(in crate::onnx::ops) fn mish(node: &Node<'_>) -> Result<Kernel, String> {
    parametric(node, |x| x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh())
}

pub(in crate::onnx::ops) fn hard_swish(node: &Node<'_>) -> Result<Kernel, String> {
    parametric(node, |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0))
}

pub(in crate::onnx::ops) fn leaky_relu(node: &Node<'_>) -> Result<Kernel, String> {
    let alpha = setting(node, "alpha", 0.01)?;
    parametric(node, move |x| if x < 0.0 { alpha * x } else { x })
}

pub(in crate::onnx::ops) fn elu(node: &Node<'_>) -> Result<Kernel, String> {
    let alpha = setting(node, "alpha", 1.0)?;
    parametric(node, move |x| if x < 0.0 { alpha * x.exp_m1() } else { x })
}

pub(in crate::onnx::ops) fn celu(node: &Node<'_>) -> Result<Kernel, String> {
    let alpha = setting(node, "alpha", 1.0)?;
    parametric(node, move |x| x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0))
}

pub(in crate::onnx::ops) fn selu(node: &Node<'_>) -> Result<Kernel, String> {
    let alpha = setting(node, "alpha", 1.673_263_2)?;
    let gamma = setting(node, "gamma", 1.050_701)?;
    parametric(node, move |x| gamma * if x < 0.0 { alpha * x.exp_m1() } else { x })
}

pub(in crate::onnx::ops) fn thresholded_relu(node: &Node<'_>) -> Result<Kernel, String> {
    let alpha = setting(node, "alpha", 1.0)?;
    parametric(node, move |x| if x > alpha { x } else { 0.0 })
}

pub(in crate::onnx::ops) fn hard_sigmoid(node: &Node<'_>) -> Result<Kernel, String> {
    let (alpha, beta) = (setting(node, "alpha", 0.2)?, setting(node, "beta", 0.5)?);
    parametric(node, move |x| (alpha * x + beta).clamp(0.0, 1.0))
}

pub(in crate::onnx::ops) fn gelu(node: &Node<'_>) -> Result<Kernel, String> {
    match node.str("approximate")? {
        None | Some("none") => {
            parametric(node, |x| 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)))
        }
        Some("tanh") => {
            let scale = (2.0 / std::f64::consts::PI).sqrt();
            parametric(node, move |x| 0.5 * x * (1.0 + (scale * (x + 0.044_715 * x * x * x)).tanh()))
        }
        Some(other) => Err(format!("approximate `{other}` is not known")),
    }
}

/// A setting in double precision; the default is the specification's single-precision number.
fn setting(node: &Node<'_>, name: &str, default: f32) -> Result<f64, String> {
    Ok(f64::from(node.float(name)?.unwrap_or(default)))
}
