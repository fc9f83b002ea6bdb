//! `incumbent experiment stop`: the running release ends by a person's decision; the incumbent serves everybody.

use crate::{Outcome, args, print, workspace};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Stop, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let told = lifecycle::experiment::stop(&project, &args.why)?;
    if json {
        print::json(&json!({"experiment": told.experiment, "decision": told.decision}));
    } else {
        println!("release {}: {}", told.experiment, told.decision);
    }
    Ok(Outcome::Pass)
}
