//! `incumbent init`: a plan from a table.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Init, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("being written")
}
