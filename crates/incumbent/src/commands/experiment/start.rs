//! `incumbent experiment start`: a version's release begins.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Start, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
