//! Between the wire and plain columns: JSON rows, and the tensors of the Open Inference Protocol as JSON, binary or
//! protobuf. Pure: bytes in, values or a message out; nothing here knows a socket.

pub mod answer;
pub mod columns;
pub mod dtype;
pub mod infer;
pub mod message;
pub mod metadata;
pub mod picture;
pub mod rows;
pub mod tensor;
