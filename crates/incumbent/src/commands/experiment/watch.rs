//! `incumbent experiment watch`: the running experiment in the terminal.

use crate::{Outcome, args};

/// Runs the command.
pub fn run(_args: &args::Watch, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("not built yet")
}
