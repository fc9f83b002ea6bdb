//! `incumbent experiment replay`: logged traffic through a challenger.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Replay, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
