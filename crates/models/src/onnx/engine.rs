//! Which engine computes a graph, and the one thread that it gets.
//!
//! There is one loader, one set of checks and one account of memory for all graphs; the engines differ only in
//! who computes the heavy products. Invariant: a run neither uses more threads than its caller's share of one,
//! nor lets a panic of a foreign library out.

use super::proto;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// From how many numbers on a constant matrix is worth handing to [`Engine::Rten`].
const HEAVY: i64 = 1 << 20;

/// Who computes a graph's products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Our own evaluator alone: classic models and small networks.
    Own,
    /// Our own evaluator, with convolutions and matrix products by the library `rten`.
    Rten,
}

impl Engine {
    /// Chosen once, at load: a graph that convolves, or that multiplies by a large constant matrix, is heavy.
    pub(super) fn of(graph: &proto::Graph) -> Engine {
        let heavy: std::collections::HashSet<&str> =
            graph.initializer.iter().filter(|t| is_heavy(t)).filter_map(|t| t.name.as_deref()).collect();
        // a large matrix that is stored narrow is as large when it is widened
        let widened = graph.node.iter().filter(|n| n.op_type.as_deref() == Some("DequantizeLinear"));
        let widened = widened.filter(|n| n.input.first().is_some_and(|name| heavy.contains(name.as_str())));
        let widened = widened.filter_map(|n| n.output.first()).map(String::as_str);
        let heavy: std::collections::HashSet<&str> = heavy.iter().copied().chain(widened).collect();
        let needs = |node: &proto::Node| match node.op_type.as_deref() {
            Some("Conv" | "ConvTranspose") => true,
            Some("MatMul" | "Gemm" | "LSTM" | "GRU" | "RNN") => {
                node.input.iter().any(|name| heavy.contains(name.as_str()))
            }
            _ => false,
        };
        match graph.node.iter().any(needs) {
            true => Engine::Rten,
            false => Engine::Own,
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Engine::Own => "own",
            Engine::Rten => "rten",
        })
    }
}

fn is_heavy(tensor: &proto::TensorProto) -> bool {
    tensor.dims.iter().try_fold(1i64, |n, &d| n.checked_mul(d)).is_none_or(|n| n >= HEAVY)
}

thread_local! {
    /// rten splits its work over the rayon pool that it is called in. A pool of one thread beside each calling
    /// thread keeps calls from waiting for each other, and their answers the same on any machine load.
    static POOL: Option<rayon::ThreadPool> =
        rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "onnx".into()).build().ok();
}

/// Runs on one thread of the caller's own. A panic becomes an error.
pub(super) fn alone<R: Send>(run: impl FnOnce() -> R + Send) -> Result<R, String> {
    POOL.with(|pool| {
        let pool = pool.as_ref().ok_or("no thread could be started")?;
        catch_unwind(AssertUnwindSafe(|| pool.install(run)))
            .map_err(|_| "the engine gave up on these values".to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_stays_inside() {
        assert_eq!(alone(|| 7), Ok(7));
        assert!(alone(|| -> usize { panic!("inside") }).is_err_and(|e| e.contains("gave up")));
        assert_eq!(alone(rayon::current_num_threads), Ok(1));
    }
}
