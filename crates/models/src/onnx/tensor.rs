//! Tensors: a shape and its elements, row-major.
//!
//! Not a maths library: the operators are beside it. Invariant: a tensor has exactly as many elements as
//! its shape says, and never more than [`MAX_ELEMENTS`].

use std::fmt;
use std::sync::Arc;

/// The most elements that one tensor may have; what is larger is refused before it is allocated.
pub const MAX_ELEMENTS: usize = 1 << 25;
/// The most dimensions that a tensor may have.
const MAX_RANK: usize = 32;

/// A shape with its elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

/// The elements of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Integers; the narrower ones of ONNX are held in 64 bits as well.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Texts, shared so that repeating a text costs the same as repeating a number.
    Str(Vec<Arc<str>>),
}

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// ONNX `float`.
    F32,
    /// ONNX `double`.
    F64,
    /// ONNX `int64`, and all narrower integers.
    I64,
    /// ONNX `bool`.
    Bool,
    /// ONNX `string`.
    Str,
}

impl Tensor {
    /// `None` when the elements are not as many as the shape says.
    pub fn new(shape: Vec<usize>, data: Data) -> Option<Tensor> {
        (elements(&shape)? == data.len()).then_some(Tensor { shape, data })
    }

    /// Outermost dimension first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Shape and elements, taken apart.
    pub fn into_parts(self) -> (Vec<usize>, Data) {
        (self.shape, self.data)
    }

    /// What the elements are.
    pub fn dtype(&self) -> Dtype {
        self.data.dtype()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Data {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Data::F32(v) => v.len(),
            Data::F64(v) => v.len(),
            Data::I64(v) => v.len(),
            Data::Bool(v) => v.len(),
            Data::Str(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they are.
    pub fn dtype(&self) -> Dtype {
        match self {
            Data::F32(_) => Dtype::F32,
            Data::F64(_) => Dtype::F64,
            Data::I64(_) => Dtype::I64,
            Data::Bool(_) => Dtype::Bool,
            Data::Str(_) => Dtype::Str,
        }
    }
}

impl Dtype {
    /// The number that `TensorProto.DataType` gives it.
    pub fn code(self) -> i32 {
        match self {
            Dtype::F32 => 1,
            Dtype::I64 => 7,
            Dtype::Str => 8,
            Dtype::Bool => 9,
            Dtype::F64 => 11,
        }
    }

    /// The type that holds what `TensorProto.DataType` calls this; `None` for what we do not hold:
    /// half precision, complex, unsigned 64-bit and the sub-byte types.
    pub fn of_code(code: i32) -> Option<Dtype> {
        match code {
            1 => Some(Dtype::F32),
            2..=7 | 12 => Some(Dtype::I64),
            8 => Some(Dtype::Str),
            9 => Some(Dtype::Bool),
            11 => Some(Dtype::F64),
            _ => None,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F32 => "float",
            Dtype::F64 => "double",
            Dtype::I64 => "int64",
            Dtype::Bool => "bool",
            Dtype::Str => "string",
        })
    }
}

/// How many elements a shape has; `None` beyond [`MAX_ELEMENTS`] or [`MAX_RANK`]. A dimension of 0 counts as 1
/// against the bound, so that no product of a tensor's dimensions overflows.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    let bound = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1)))?;
    match shape.len() > MAX_RANK || bound > MAX_ELEMENTS {
        true => None,
        false if shape.contains(&0) => Some(0),
        false => Some(bound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_has_as_many_elements_as_its_shape_says() {
        assert!(Tensor::new(vec![2, 2], Data::I64(vec![1, 2, 3, 4])).is_some());
        assert_eq!(Tensor::new(vec![2, 2], Data::I64(vec![1, 2, 3])), None);
        assert!(Tensor::new(vec![], Data::I64(vec![1])).is_some());
    }

    #[test]
    fn a_shape_beyond_all_bounds_has_no_size() {
        assert_eq!(elements(&[usize::MAX, 2]), None);
        assert_eq!(elements(&[MAX_ELEMENTS, 2]), None);
        assert_eq!(elements(&[usize::MAX, usize::MAX, 0]), None);
        assert_eq!(elements(&[1; MAX_RANK + 1]), None);
        assert_eq!(elements(&[3, 0]), Some(0));
    }
}
