//! `incumbent status`: where every version stands.

use crate::{Outcome, args, print, workspace};
use domain::History;
use lifecycle::Project;
use serde_json::{Value, json};

/// Runs the command.
pub fn run(args: &args::Dir, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let history = project.history()?;
    if json {
        print::json(&self::json(&history));
    } else {
        print(&project, &history);
    }
    Ok(Outcome::Pass)
}

/// The versions as a table, and what serves.
pub fn print(project: &Project, history: &History) {
    if history.versions.is_empty() {
        println!("{}: no version yet; start with: incumbent up {}", project.plan.name, project.dir.display());
        return;
    }
    let metrics: Vec<String> =
        std::iter::once(project.plan.primary().to_string()).chain(project.plan.guardrails()).collect();
    let mut headings = vec!["version", "stage", "from"];
    headings.extend(metrics.iter().map(String::as_str));
    headings.push("trained on");
    let rows = history.versions.iter().map(|s| {
        let mut row = vec![print::name(s), print::stage(s.stage).into(), s.origin.to_string()];
        row.extend(metrics.iter().map(|metric| {
            let score = s.scores.iter().find(|score| &score.metric == metric);
            score.map_or("-".into(), |score| print::estimate(&score.estimate))
        }));
        let until = s.trained_on.until.map_or(String::new(), |t| format!(" until {}", &t.to_string()[..10]));
        row.push(format!("{} rows{until}", s.trained_on.rows));
        row
    });
    println!("{}", print::table(&headings, rows.collect()));
    if let Some(incumbent) = history.incumbent() {
        let behind: Vec<String> = history
            .deployment
            .iter()
            .flat_map(|d| &d.fallback)
            .filter_map(|id| history.version(id))
            .map(print::name)
            .collect();
        let behind = if behind.is_empty() { "a constant answer".into() } else { behind.join(", then ") };
        println!("serving {}; behind it {behind}", print::name(incumbent));
    }
}

/// The same as data.
pub fn json(history: &History) -> Value {
    let version = |s: &domain::history::Standing| {
        json!({
            "version": s.version.0, "number": s.number, "model": s.model, "stage": s.stage, "why": s.why,
            "origin": s.origin, "at": s.at.to_string(), "trained_on": s.trained_on, "scores": s.scores,
        })
    };
    json!({
        "versions": history.versions.iter().map(version).collect::<Vec<_>>(),
        "incumbent": history.incumbent().map(|s| &s.version.0),
        "fallback": history.deployment.as_ref().map(|d| d.fallback.iter().map(|v| v.0.clone()).collect::<Vec<_>>()),
        "dropped_predictions": history.dropped,
    })
}
