//! `incumbent experiment simulate`: the methods' error rates and power, by simulation.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Simulate, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
