//! `incumbent experiment off-policy`: another policy's value from a log. Exit status 0 where the log identifies
//! it, 1 where the estimate is refused; its numbers are shown either way.

mod json;
mod text;

use crate::{Outcome, args, print};
use lifecycle::off_policy::{Asked, Target, off_policy};
use lifecycle::sheet::Sheet;
use std::path::Path;

/// Runs the command.
pub fn run(args: &args::OffPolicy, json: bool) -> anyhow::Result<Outcome> {
    let log = Sheet::read(&args.log)?;
    let target = match args.target.as_str() {
        "uniform" => Target::Uniform,
        file => Target::Sheet(Sheet::read(Path::new(file))?),
    };
    let asked = Asked {
        action: args.action.clone(),
        reward: args.reward.clone(),
        propensity: args.propensity.clone(),
        context: args.context.clone(),
        clip: args.clip,
    };
    let found = off_policy(&log, &target, &asked)?;
    if json {
        print::json(&json::of(&log.file, &found));
    } else {
        text::print(&log.file, &found);
    }
    Ok(if found.judgement.refusals.is_empty() { Outcome::Pass } else { Outcome::Fail })
}
