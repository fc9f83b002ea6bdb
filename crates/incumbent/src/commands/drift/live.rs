//! `incumbent drift DIR`: live rows beside those that the incumbent was judged on.

use super::{course, tell};
use crate::commands::diagnose;
use crate::error::Hinted;
use crate::{Outcome, args, print};
use lifecycle::drift::Window;
use serde_json::Value;

/// Runs the command.
pub(super) fn run(args: &args::Drift, json: bool) -> anyhow::Result<Outcome> {
    let project = crate::workspace::open_to_watch(&args.dir)?;
    let mut watcher = diagnose::watcher(&project)?;
    if let Some(every) = args.every {
        return windows(&watcher.over_time(every.0)?, json);
    }
    match watcher.now(None)? {
        Some(found) => tell(args, &found.comparison, json),
        None => Err(Hinted::error(
            "nothing was asked yet",
            "serve the model first, or compare files: incumbent drift --reference A --current B",
        )),
    }
}

fn windows(windows: &[Window], json: bool) -> anyhow::Result<Outcome> {
    if json {
        print::json(&Value::Array(windows.iter().map(course::window).collect()));
    } else {
        println!("{}", course::table(windows));
    }
    let quiet = windows.iter().all(|w| w.faults.is_empty() && w.columns.iter().all(|c| !c.moved));
    Ok(if quiet { Outcome::Pass } else { Outcome::Fail })
}
