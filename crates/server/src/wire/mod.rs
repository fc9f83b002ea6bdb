//! Between the wire and plain columns: JSON rows, and the tensors of the Open Inference Protocol. Pure:
//! bytes in, values or a message out; nothing here knows a socket.

pub mod answer;
pub mod dtype;
pub mod infer;
pub mod rows;
pub mod tensor;
