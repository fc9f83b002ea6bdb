//! `incumbent drift DIR`: live rows beside those that the incumbent was judged on.

use super::tell;
use crate::commands::diagnose;
use crate::error::Hinted;
use crate::{Outcome, args};

/// Runs the command.
pub(super) fn run(args: &args::Drift, json: bool) -> anyhow::Result<Outcome> {
    let project = crate::workspace::open_to_watch(&args.dir)?;
    match diagnose::look(&project, None)? {
        Some(found) => tell(args, &found.comparison, json),
        None => Err(Hinted::error("nothing was asked yet", "serve the model first, or compare files: incumbent drift --reference A --current B")),
    }
}
