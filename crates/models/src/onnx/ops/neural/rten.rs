//! The calls into the library rten: matrix products and convolutions with SIMD.
//!
//! Not a second evaluator. Invariant: what is passed has been checked to fit, and every answer is checked to
//! have the shape that was worked out before.

use super::window::Axis;
use rten::BufferPool;
use rten::ops::{Padding, conv, conv_transpose, matmul};
use rten_tensor::{NdTensorView, Tensor, TensorView};

/// `out[i, :] = sum over k of a[i, k] * b[k, :]`; the twin of `matmul::multiply` for an `out` of zeros.
pub(in crate::onnx::ops) fn multiply(a: &[f32], b: &[f32], out: &mut [f32], depth: usize, columns: usize) {
    if depth == 0 || columns == 0 || out.is_empty() {
        return;
    }
    let a = TensorView::from_data(&[out.len() / columns, depth], a);
    let b = TensorView::from_data(&[depth, columns], b);
    let product: Tensor<f32> =
        matmul(&BufferPool::new(), a, b, None).expect("matrices whose inner dimensions agree multiply");
    out.copy_from_slice(&product.into_data());
}

/// What a convolution is given.
pub(super) struct Convolution<'a> {
    /// `[N, C, spatial...]`, one or two spatial dimensions.
    pub input: (&'a [usize], &'a [f32]),
    /// `[M, C / groups, spatial...]`, or `[C, M / groups, spatial...]` when it is transposed.
    pub kernel: (&'a [usize], &'a [f32]),
    /// One number a channel of the answer.
    pub bias: Option<&'a [f32]>,
    /// The spatial dimensions.
    pub axes: &'a [Axis],
    /// How many groups the channels fall into.
    pub groups: usize,
}

impl Convolution<'_> {
    /// The answer of `Conv`.
    pub fn forward(&self) -> Result<Vec<f32>, String> {
        let (input, kernel, bias) = self.views();
        let (strides, dilations) = (self.each(|a| a.stride), self.each(|a| a.dilation));
        let pool = BufferPool::new();
        conv(&pool, input, kernel, bias, self.padding(), self.groups, &strides, &dilations)
            .map(Tensor::into_data)
            .map_err(|e| e.to_string())
    }

    /// The answer of `ConvTranspose`, which is `extra` longer at each dimension's end.
    pub fn transposed(&self, extra: &[usize]) -> Result<Vec<f32>, String> {
        let (input, kernel, bias) = self.views();
        let (strides, dilations) = (self.each(|a| a.stride), self.each(|a| a.dilation));
        let (pool, pad) = (BufferPool::new(), self.padding());
        conv_transpose(&pool, input, kernel, bias, pad, self.groups, &strides, &dilations, Some(extra))
            .map(Tensor::into_data)
            .map_err(|e| e.to_string())
    }

    fn views(&self) -> (TensorView<'_, f32>, TensorView<'_, f32>, Option<NdTensorView<'_, f32, 1>>) {
        let bias = self.bias.map(|b| NdTensorView::from_data([b.len()], b));
        let view = |(shape, data)| TensorView::from_data(shape, data);
        (view(self.input), view(self.kernel), bias)
    }

    fn each(&self, of: fn(&Axis) -> usize) -> Vec<usize> {
        self.axes.iter().map(of).collect()
    }

    fn padding(&self) -> Padding {
        let both: Vec<usize> = [self.each(|a| a.begin), self.each(|a| a.end)].concat();
        Padding::from(both)
    }
}
