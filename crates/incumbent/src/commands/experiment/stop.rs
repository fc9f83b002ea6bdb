//! `incumbent experiment stop`: the running experiment ends.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Stop, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
