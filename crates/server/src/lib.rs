//! HTTP and the page: the only crate that knows a wire format. It decodes, calls the data plane and
//! encodes; it decides nothing and keeps nothing.

pub mod diagnosis;
pub mod experiment;
pub mod grpc;
pub mod http;
pub mod label;
mod listen;
mod maintenance;
pub mod metrics;
mod opening;
mod page;
pub mod report;
mod review;
mod state;
pub mod wire;

pub use http::body::BodyLimit;
pub use listen::serve;
pub use state::{About, App, Limits, Progress, Source};
