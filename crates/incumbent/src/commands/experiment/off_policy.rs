//! `incumbent experiment off-policy`: another policy's value from a log.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::OffPolicy, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
