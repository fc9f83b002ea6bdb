//! `incumbent gate`: a challenger against the incumbent; pass, fail, or not enough evidence.

mod junit;
mod markdown;

use crate::error::Hinted;
use crate::{Outcome, args, commands, print as shown, workspace};
use anyhow::Context;
use domain::gate::{Decision, Verdict};
use domain::history::Standing;
use domain::{History, Origin};
use lifecycle::gate::Trial;
use lifecycle::{data, live, version};
use serde_json::json;
use std::path::Path;

/// Runs the command.
pub fn run(args: &args::Gate, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let history = project.history()?;
    let challenger = challenger(&history, args.challenger.as_deref())?;
    let loaded = data::load(&project)?;
    let mut split = loaded.split(&project.plan)?;
    if let Some(rows) = args.rows {
        let first = split.test.len() - rows.min(split.test.len());
        split.test = split.test.take(&(first..split.test.len()).collect::<Vec<_>>());
    }
    let whole = args.rows.is_none();
    let digest = if whole { loaded.digest.clone() } else { live::digest(&split.test) };
    let trial = Trial {
        train: &split.train,
        test: &split.test,
        data: digest,
        now: lifecycle::up::latest(&project, &split.test),
    };
    let verdict = lifecycle::gate::run(&project, &version::open(&project, &challenger.version)?, &trial)?;
    let name = shown::name(challenger);
    if let Some(path) = &args.markdown {
        write(path, &markdown::render(&project.plan.name, &name, &verdict))?;
    }
    if let Some(path) = &args.junit {
        write(path, &junit::render(&project.plan.name, &name, &verdict))?;
    }
    if json {
        let history = project.history()?;
        let facts = history.verdict(&challenger.version).map(|j| json!(j.facts));
        shown::json(
            &json!({"challenger": challenger.version.0, "verdict": verdict, "missing_rows": verdict.missing_rows(), "facts": facts}),
        );
    } else {
        print(&name, &verdict);
    }
    Ok(if verdict.decision == Decision::Pass { Outcome::Pass } else { Outcome::Fail })
}

/// The verdict and every check.
pub fn print(name: &str, verdict: &Verdict) {
    println!("gate: {} ({name})", verdict.decision);
    for check in &verdict.checks {
        let mark = match (check.decision, check.warning) {
            (Decision::Pass, false) => "pass",
            (Decision::Pass, true) => "warn",
            (Decision::Fail, _) => "FAIL",
            (Decision::Inconclusive, _) => "open",
        };
        println!("  {mark}  {}: {}", check.rule, check.found);
        if check.decision != Decision::Pass {
            if let Some(rows) = check.missing_rows {
                println!("        about {rows} more labelled rows would settle it");
            }
            check.hint.iter().for_each(|hint| println!("        hint: {hint}"));
        }
    }
}

fn challenger<'a>(history: &'a History, name: Option<&str>) -> anyhow::Result<&'a Standing> {
    if let Some(name) = name {
        return commands::find(history, name);
    }
    let open =
        |s: &&Standing| !matches!(s.origin, Origin::Baseline { .. }) && history.verdict(&s.version).is_none();
    let none = || {
        Hinted::error(
            "every challenger has been judged",
            "train one with: incumbent train; or name one with --challenger",
        )
    };
    history.versions.iter().rev().find(open).ok_or_else(none)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}
