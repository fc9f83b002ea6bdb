//! The element types that operators claim, as ONNX calls them.
//!
//! Integers narrower than 64 bits are held in 64: what would overflow them does not.

/// Single precision alone.
pub(in crate::onnx) const FLOAT: &[&str] = &["float"];
/// Both float types.
pub(in crate::onnx) const FLOATS: &[&str] = &["float", "double"];
/// Floats in, truth values out.
pub(in crate::onnx) const FLOATS_BOOL: &[&str] = &["float", "double", "bool"];
/// Truth values.
pub(in crate::onnx) const BOOL: &[&str] = &["bool"];
/// Texts.
pub(in crate::onnx) const TEXT: &[&str] = &["string"];
/// Texts, and how many there are.
pub(in crate::onnx) const TEXT_INTEGER: &[&str] = &["string", "int64"];
/// Integers of 8 to 32 bits and what they are made.
pub(in crate::onnx) const QUANTIZED: &[&str] = &["float", "int8", "uint8", "int16", "uint16", "int32"];
/// All number types that are held.
pub(in crate::onnx) const NUMBER: &[&str] =
    &["float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"];
/// Numbers and truth values.
pub(in crate::onnx) const NUMBER_BOOL: &[&str] =
    &["float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool"];
/// Numbers and texts.
pub(in crate::onnx) const NUMBER_TEXT: &[&str] =
    &["float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "string"];
/// All that are held.
pub(in crate::onnx) const ALL: &[&str] =
    &["float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool", "string"];
