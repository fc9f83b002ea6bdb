//! `incumbent retrain`: train and judge on what live traffic brought.

use crate::progress::Shown;
use crate::{Outcome, args, commands, print, workspace};
use domain::gate::Decision;
use domain::retrain::RetrainDecision;
use lifecycle::{live, retrain};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Retrain, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let live = live::read(&project)?;
    let decision = retrain::decide(&project, &project.history()?, &live);
    let why = match (&decision, args.now) {
        (_, true) => "asked for by hand".to_string(),
        (RetrainDecision::Train(why), false) => why.clone(),
        (RetrainDecision::Wait(why), false) => {
            if json {
                print::json(&json!({"decision": decision}));
            } else {
                println!("not yet: {why}");
            }
            return Ok(Outcome::Fail);
        }
    };
    let mut shown = Shown::new();
    let judged = retrain::now(&project, &live, &why, &mut shown)?;
    shown.finish();
    if json {
        let each = judged.iter().map(|(version, verdict)| json!({"version": version.0, "verdict": verdict}));
        print::json(&json!({"why": why, "judged": each.collect::<Vec<_>>()}));
    } else {
        judged.iter().for_each(|(version, verdict)| commands::gate::print(&version.to_string(), verdict));
    }
    let passed = judged.iter().any(|(_, verdict)| verdict.decision == Decision::Pass);
    Ok(if passed { Outcome::Pass } else { Outcome::Fail })
}
