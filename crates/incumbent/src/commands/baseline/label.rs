//! People's accuracy on the plan's own test rows: a page on which they label, and what their labels come to.

use super::people::{as_json, show};
use crate::{Outcome, args, interrupt, print, workspace};
use anyhow::Context;
use lifecycle::labelling::queue::Progress;
use lifecycle::labelling::{Desk, Report, Size, file, rows};
use lifecycle::{Project, StageError};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often the page is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// What the last person's browser has to hear that everything is labelled.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs the page until everything is labelled or somebody stops it; then, and with `--report`, tells how people did.
pub fn run(dir: &Path, args: &args::Baseline, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open_to_watch(dir)?;
    let size = Size { items: args.items, each: args.each };
    let path = file(&project.dir.join(workspace::STATE));
    let open = if args.report { Desk::read } else { Desk::open };
    let desk = Arc::new(open(rows(&project)?, &path, size)?);
    if !args.report {
        page(&desk, &args.address)?;
    }
    tell(&project, &desk, args.each, json)
}

/// Serves the page until it is no longer needed.
fn page(desk: &Arc<Desk>, address: &str) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("could not start")?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("could not listen on {address}"))?;
        let bound = listener.local_addr().context("could not read the address")?;
        eprintln!(
            "labelling on http://{bound}/; everybody may come at once; Ctrl-C stops, and nothing is lost"
        );
        server::label::serve(listener, Arc::clone(desk), finished(desk)).await;
        Ok(())
    })
}

async fn finished(desk: &Desk) {
    while !interrupt::asked() {
        let progress = desk.progress();
        if progress.finished == progress.items {
            tokio::time::sleep(FAREWELL).await;
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn tell(project: &Project, desk: &Desk, each: usize, json: bool) -> anyhow::Result<Outcome> {
    let Report { people, version } = match desk.report(project) {
        Ok(Some(report)) => report,
        Ok(None) => return Ok(too_early(project, desk, "nobody has labelled anything yet", json)),
        // too few labels are no fault: people go on later
        Err(StageError::Measure { why, .. }) => return Ok(too_early(project, desk, &why, json)),
        Err(error) => return Err(error.into()),
    };
    if json {
        let mut told = as_json(&people);
        told["model"] = json!(version);
        told["progress"] = progress(desk);
        print::json(&told);
        return Ok(Outcome::Pass);
    }
    let so_far = desk.progress();
    println!("{} of {} items have their {each} labels", so_far.finished, so_far.items);
    show(&people);
    match version {
        Some(version) => println!("  beside version {version}, which serves"),
        None => println!("hint: with a version in service, the automation rule compares it with people"),
    }
    Ok(Outcome::Pass)
}

/// There is not enough evidence to measure anybody.
fn too_early(project: &Project, desk: &Desk, why: &str, json: bool) -> Outcome {
    if json {
        print::json(&json!({"why": why, "progress": progress(desk)}));
    } else {
        let so_far = desk.progress();
        println!("not enough labels to measure people: {} of {}", so_far.labels, so_far.needed);
        println!("  {why}");
        println!("hint: go on with incumbent baseline {} --people", project.dir.display());
    }
    Outcome::Fail
}

fn progress(desk: &Desk) -> Value {
    let Progress { items, finished, labels, needed } = desk.progress();
    json!({"items": items, "finished": finished, "labels": labels, "needed": needed})
}
