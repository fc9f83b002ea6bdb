//! `incumbent baseline`: lesson 1 on its own. Every fitting baseline, people's accuracy, or a competition's scores.

mod competition;
mod label;
mod people;

use crate::progress::Shown;
use crate::{Outcome, args, print, workspace};
use lifecycle::baseline::Candidate;
use lifecycle::{Progress, data};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Baseline, json: bool) -> anyhow::Result<Outcome> {
    if let Some(file) = &args.competition {
        return competition::run(file, json);
    }
    match &args.people {
        // `--people DIR`: a folder is a project, and no table of labels
        Some(Some(dir)) if dir.is_dir() => return label::run(dir, args, json),
        Some(Some(file)) => return people::from_labels(file, args.truth.as_deref(), json),
        Some(None) => return label::run(&args.dir, args, json),
        None => {}
    }
    if let Some(accuracy) = &args.accuracy {
        return people::published(accuracy, &args.dir, json);
    }
    let project = workspace::open(&args.dir)?;
    let mut shown = Shown::new();
    shown.begin("baseline", &project.plan.data.source);
    let loaded = data::load(&project)?;
    let split = loaded.split(&project.plan)?;
    let candidates = lifecycle::baseline::compare(&project, &split, &mut shown)?;
    shown.finish();
    if json {
        print::json(
            &json!({"split": split.how, "candidates": lifecycle::baseline::candidates_json(&candidates)}),
        );
    } else {
        println!("baselines of {}, on {}", project.plan.name, split.how);
        println!("{}", table(&candidates));
    }
    Ok(Outcome::Pass)
}

/// The baselines with their scores, the chosen one marked.
pub fn table(candidates: &[Candidate]) -> comfy_table::Table {
    let metrics: Vec<String> = candidates
        .iter()
        .find(|c| c.failed.is_none())
        .map(|c| c.scores.iter().map(|s| s.0.clone()).collect())
        .unwrap_or_default();
    let mut headings = vec!["baseline"];
    headings.extend(metrics.iter().map(String::as_str));
    let rows = candidates.iter().map(|c| {
        let mark = if c.chosen { " (best)" } else { "" };
        let mut row = vec![format!("{}{mark}", c.name)];
        match &c.failed {
            Some(why) => row.push(format!("left out: {why}")),
            None => row.extend(c.scores.iter().map(|(_, e)| print::estimate(e))),
        }
        row
    });
    print::table(&headings, rows.collect())
}
