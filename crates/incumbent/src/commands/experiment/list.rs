//! `incumbent experiment list`: every release and how it came out.

use super::picture;
use crate::{Outcome, args, print, workspace};
use domain::experiment::Arm;
use domain::history::{History, Release};
use serde_json::json;
use server::experiment;

/// Runs the command.
pub fn run(dir: &args::Dir, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&dir.dir)?;
    let history = project.history()?;
    if json {
        let all = history.experiments.iter().map(|release| experiment::summary(&history, release));
        print::json(&json!({"experiments": all.collect::<Vec<_>>()}));
    } else if history.experiments.is_empty() {
        println!("{}: no release has begun", project.plan.name);
    } else {
        let headings = ["release", "challenger", "against", "state", "units", "gain", "why"];
        let rows = history.experiments.iter().map(|release| row(&history, release));
        println!("{}", print::table(&headings, rows.collect()));
    }
    Ok(Outcome::Pass)
}

fn row(history: &History, release: &Release) -> Vec<String> {
    let units = release.last().map(|look| look.facts.arm(Arm::Treatment).units);
    let goal = experiment::gain(release).filter(|goal| goal.counts());
    let why = experiment::decided(release).map_or(release.why.as_str(), |look| look.decision.why());
    vec![
        release.id.to_string(),
        experiment::name(history, &release.challenger),
        experiment::name(history, &release.incumbent),
        experiment::state(release).to_string(),
        units.map_or("-".into(), |units| units.to_string()),
        goal.map_or("-".into(), picture::bounds),
        why.to_string(),
    ]
}
