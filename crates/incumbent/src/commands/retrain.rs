//! `incumbent retrain`: train and judge on what live traffic brought; why, and how often.

mod cadence;
mod curve;

use crate::progress::Shown;
use crate::{Outcome, args, commands, print, workspace};
use domain::gate::Decision;
use domain::history::Retraining;
use domain::retrain::RetrainDecision;
use lifecycle::{Project, live, retrain};
use serde_json::json;

/// Decisions of the past that are told.
const TOLD: usize = 5;

/// Runs the command.
pub fn run(args: &args::Retrain, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    if args.cadence {
        return cadence::run(&project, args.origins, json);
    }
    if args.why {
        return why(&project, json);
    }
    let live = live::read(&project)?;
    let mut shown = Shown::new();
    let renewal = retrain::run(&project, &live, args.now, &mut shown)?;
    shown.finish();
    let judged = &renewal.judged;
    if json {
        let each = judged.iter().map(|(version, verdict)| json!({"version": version.0, "verdict": verdict}));
        let (decision, why) = (&renewal.decision, renewal.decision.why());
        print::json(&json!({"decision": decision, "why": why, "judged": each.collect::<Vec<_>>()}));
    } else {
        println!("{}", said(&renewal.decision));
        judged.iter().for_each(|(version, verdict)| commands::gate::print(&version.to_string(), verdict));
    }
    let passed = judged.iter().any(|(_, verdict)| verdict.decision == Decision::Pass);
    Ok(if passed { Outcome::Pass } else { Outcome::Fail })
}

/// What it would do now, and what it did before.
fn why(project: &Project, json: bool) -> anyhow::Result<Outcome> {
    let history = project.history()?;
    let decision = retrain::decide(project, &history, &live::read(project)?)?.decision;
    let last: Vec<&Retraining> = history.retrains.iter().rev().take(TOLD).collect();
    if json {
        let last =
            last.iter().map(|r| json!({"at": r.at.to_string(), "decision": r.decision, "facts": r.facts}));
        print::json(&json!({"decision": decision, "last": last.collect::<Vec<_>>()}));
    } else {
        println!("now   {}", said(&decision));
        last.iter().for_each(|r| println!("{}  {}", r.at, said(&r.decision)));
    }
    Ok(match decision {
        RetrainDecision::Train(_) => Outcome::Pass,
        RetrainDecision::Wait(_) | RetrainDecision::Refuse(_) => Outcome::Fail,
    })
}

fn said(decision: &RetrainDecision) -> String {
    match decision {
        RetrainDecision::Train(why) => format!("retrain: {why}"),
        RetrainDecision::Wait(why) => format!("not yet: {why}"),
        RetrainDecision::Refuse(why) => format!("refused: {why}"),
    }
}
