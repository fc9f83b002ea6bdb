//! `incumbent experiment analyze`: a finished experiment's table.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Analyze, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
