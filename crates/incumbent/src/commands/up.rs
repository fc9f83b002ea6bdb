//! `incumbent up`: the main job, and the loop that keeps it there.

pub mod replay;

use crate::control::Control;
use crate::progress::Shown;
use crate::running::{self, Running};
use crate::{Outcome, args, print, workspace};
use anyhow::Context;
use domain::gate::{Check, Decision, Verdict};
use lifecycle::Project;
use lifecycle::up::Report;
use serde_json::json;
use std::time::{Duration, Instant};

/// The longest request that is printed instead of kept in a file.
const LONGEST_LINE: usize = 1_000;

/// Runs the command.
pub fn run(args: &args::Up, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let begun = Instant::now();
    let mut shown = Shown::new();
    let running = running::start(&project, args.address.as_deref(), shown.watched())?;
    eprintln!("{:<9} http://{}/", "page", running.address);
    let report = stages(&project, &running, &mut shown)?;
    if json {
        print::json(&summary(&project, &running, &report)?);
    } else {
        show(&project, &running, &report)?;
    }
    eprintln!("{:<9} {:.1} minutes", "took", begun.elapsed().as_secs_f64() / 60.0);
    let mut control = Control::new(project.clone())?;
    match args.replay {
        Some(speed) => {
            replay::run(&project, &running, &report.loaded.future, speed, &mut control, &mut shown)?
        }
        None if args.once => {}
        None => eprintln!("serving; Ctrl-C stops"),
    }
    if !args.once {
        running.watch(|| control.tick(&running, &mut shown))?;
    }
    running.stop()?;
    Ok(Outcome::Pass)
}

/// Runs the stages on a thread of their own, so that what passes serves while the next challenger trains.
fn stages(project: &Project, running: &Running, shown: &mut Shown) -> anyhow::Result<Report> {
    let report = std::thread::scope(|scope| {
        let work = scope.spawn(|| lifecycle::up::run(project, shown));
        while !work.is_finished() {
            running.refresh()?;
            std::thread::sleep(Duration::from_millis(100));
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(anyhow::Error::new)
    });
    shown.finish();
    running.refresh()?;
    report
}

fn show(project: &Project, running: &Running, report: &Report) -> anyhow::Result<()> {
    let history = project.history()?;
    println!();
    crate::commands::status::print(project, &history);
    for (name, _, verdict) in &report.judged {
        println!("\ngate: {} ({name})", verdict.decision);
        reasons(verdict);
    }
    println!("\nopen    http://{}/", running.address);
    println!("try     {}", curl(project, running, report)?);
    Ok(())
}

/// Slices that are printed one by one; the page and `incumbent gate` show all.
const SLICES_SHOWN: usize = 3;

/// The checks that decided, each with its numbers.
fn reasons(verdict: &Verdict) {
    let telling = |c: &&Check| c.decision != Decision::Pass || c.rule == "primary" || c.warning;
    let (slices, others): (Vec<&Check>, Vec<&Check>) =
        verdict.checks.iter().filter(telling).partition(|c| c.rule.starts_with("slice "));
    for check in others.iter().chain(slices.iter().take(SLICES_SHOWN)) {
        println!("  {}: {}", check.rule, check.found);
        if let Some(rows) = check.missing_rows {
            println!("    about {rows} more labelled rows would settle it");
        }
        if let Some(hint) = check.hint.as_ref().filter(|_| check.decision != Decision::Pass) {
            println!("    hint: {hint}");
        }
    }
    if slices.len() > SLICES_SHOWN {
        println!("  and {} slices more", slices.len() - SLICES_SHOWN);
    }
}

fn summary(project: &Project, running: &Running, report: &Report) -> anyhow::Result<serde_json::Value> {
    let judged = report
        .judged
        .iter()
        .map(|(name, version, verdict)| json!({"trainer": name, "version": version.0, "verdict": verdict}));
    Ok(json!({
        "address": format!("http://{}/", running.address),
        "split": report.split,
        "judged": judged.collect::<Vec<_>>(),
        "status": crate::commands::status::json(&project.history()?),
    }))
}

/// One line to try: a row of the table, sent as a client would. A long row stands in a file.
fn curl(project: &Project, running: &Running, report: &Report) -> anyhow::Result<String> {
    let rows = &report.loaded.examples.rows;
    let last = rows.take(&[rows.rows().saturating_sub(1)]);
    let body = json!({"rows": replay::objects(&last)}).to_string();
    let url = format!("http://{}/v1/models/{}:predict", running.address, project.plan.name);
    if body.len() <= LONGEST_LINE {
        return Ok(format!("curl -s {url} -d '{}'", body.replace('\'', "'\\''")));
    }
    let file = project.dir.join(workspace::STATE).join("try.json");
    std::fs::write(&file, body).with_context(|| format!("could not write {}", file.display()))?;
    Ok(format!("curl -s {url} -d @{}", file.display()))
}
