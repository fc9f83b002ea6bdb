//! `incumbent diagnose`: one cause and one action. Exit status 1 where somebody should act, or nobody can tell.

mod kpi;
mod simulate;

use crate::error::Hinted;
use crate::{Outcome, args, print, workspace};
use anyhow::Context;
use domain::diagnosis::{Cause, Diagnosis};
use lifecycle::Project;
use lifecycle::diagnose::{Found, WithoutLabels};
use lifecycle::watch::Watcher;
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Diagnose, json: bool) -> anyhow::Result<Outcome> {
    if args.simulate {
        return simulate::run(args, json);
    }
    let project = workspace::open_to_watch(&args.dir)?;
    let kpi = args.kpi.as_ref().map(|file| kpi::read(file)).transpose()?;
    let Some(found) = watcher(&project)?.now(kpi)? else {
        return Err(Hinted::error("nothing was asked yet", "serve the model first: incumbent up"));
    };
    if let Some(path) = &args.html {
        let page = server::report::drift(&found.comparison, Some(&found.diagnosis));
        std::fs::write(path, page).with_context(|| format!("could not write {}", path.display()))?;
    }
    if json {
        print::json(&json!({
            "facts": found.facts, "diagnosis": found.diagnosis,
            "comparison": crate::commands::drift::as_json(&found.comparison),
            "without_labels": found.without_labels.iter().map(without_labels).collect::<Vec<_>>(),
        }));
    } else {
        text(&found);
    }
    Ok(outcome(&found.diagnosis))
}

/// Who looks at what the incumbent answered.
pub(crate) fn watcher(project: &Project) -> anyhow::Result<Watcher> {
    if project.history()?.incumbent().is_none() {
        return Err(Hinted::error("there is no incumbent", "make one first: incumbent up"));
    }
    Ok(Watcher::new(project.clone(), workspace::sketches(project)?))
}

fn outcome(diagnosis: &Diagnosis) -> Outcome {
    match (diagnosis.alarm, diagnosis.cause) {
        (true, _) | (_, Cause::Unknown) => Outcome::Fail,
        _ => Outcome::Pass,
    }
}

fn without_labels(e: &WithoutLabels) -> serde_json::Value {
    json!({
        "method": e.method, "metric": e.metric, "estimate": e.estimate,
        "assumptions": e.assumptions.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn text(found: &Found) {
    let Found { facts, diagnosis, .. } = found;
    println!("{} live rows of version {}, {} to {}", facts.rows, facts.version, facts.from, facts.to);
    let rows = diagnosis.findings.iter().map(|f| {
        let said = match f.wrong {
            None => "not asked",
            Some(false) => "as it should be",
            Some(true) => "WRONG",
        };
        vec![f.check.clone(), said.into(), f.found.clone()]
    });
    println!("{}", print::table(&["check", "", "found"], rows.collect()));
    for estimate in &found.without_labels {
        println!("without labels: {estimate}");
    }
    println!("diagnosis: {}: {}", diagnosis.cause, diagnosis.why);
    println!("action: {}", diagnosis.action);
}
