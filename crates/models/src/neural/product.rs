//! Products of matrices, which is where the time goes.
//!
//! Each number of a product is summed in one order, whatever the number of threads.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::NdTensorView;

/// A matrix in memory, row by row or, where it was turned, column by column.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a>(NdTensorView<'a, f32, 2>);

impl<'a> Matrix<'a> {
    /// `rows * columns` numbers, row by row.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Matrix<'a> {
        Matrix(NdTensorView::from_data([rows, columns], data))
    }

    /// Rows become columns.
    pub fn turned(self) -> Matrix<'a> {
        Matrix(self.0.transposed())
    }
}

/// What multiplies, by the instructions that this machine has.
pub(super) struct Products(GemmExecutor);

impl Products {
    pub fn new() -> Products {
        Products(GemmExecutor::new())
    }

    /// `out = a b`.
    pub fn set(&self, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
        self.multiply(out, a, b, GemmOptions::default());
    }

    /// `out += a b`.
    pub fn add(&self, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
        self.multiply(out, a, b, GemmOptions { beta: 1.0, ..GemmOptions::default() });
    }

    /// `out = a b`, plus one number a row.
    pub fn set_plus_rows(&self, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, bias: &[f32]) {
        let bias = Some(BiasVector::Column(bias));
        self.multiply(out, a, b, GemmOptions { bias, ..GemmOptions::default() });
    }

    /// `out = a b`, plus one number a column.
    pub fn set_plus_columns(&self, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, bias: &[f32]) {
        let bias = Some(BiasVector::Row(bias));
        self.multiply(out, a, b, GemmOptions { bias, ..GemmOptions::default() });
    }

    fn multiply(
        &self,
        out: &mut [f32],
        a: Matrix<'_>,
        b: Matrix<'_>,
        options: GemmOptions<'_, f32, f32, f32>,
    ) {
        let done = self.0.gemm(out, GemmInputA::Unpacked(a.0), GemmInputB::Unpacked(b.0), options);
        done.expect("layers know the sizes of their matrices");
    }
}
