//! `incumbent experiment start`: a version's release begins. A server that runs takes it up within a second.

use crate::error::Hinted;
use crate::{Outcome, args, commands, print, workspace};
use domain::gate::Decision;
use domain::history::Standing;
use domain::{History, Stage};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Start, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let history = project.history()?;
    let challenger = commands::find(&history, &args.challenger)?;
    check(&history, challenger, args.ungated)?;
    let why = if args.ungated { "started by hand, without the gate" } else { "started by hand" };
    let experiment = lifecycle::experiment::start(&project, &challenger.version, why)?;
    if json {
        print::json(&json!({"experiment": experiment, "challenger": challenger.version}));
    } else {
        println!(
            "release {experiment} begins; follow it with: incumbent experiment watch {}",
            args.dir.display()
        );
    }
    Ok(Outcome::Pass)
}

fn check(history: &History, challenger: &Standing, ungated: bool) -> anyhow::Result<()> {
    let name = print::name(challenger);
    if challenger.stage == Stage::Incumbent {
        let hint = "name another version, see: incumbent status";
        return Err(Hinted::error(format!("{name} serves already"), hint));
    }
    let passed = history.verdict(&challenger.version).is_some_and(|j| j.verdict.decision == Decision::Pass);
    if passed || ungated {
        return Ok(());
    }
    let hint = "judge it with: incumbent gate; or start it all the same with --ungated";
    Err(Hinted::error(format!("{name} has not passed the gate"), hint))
}
