//! `incumbent experiment list`: every experiment and how it ended.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Dir, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
