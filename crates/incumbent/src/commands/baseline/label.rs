//! People's accuracy on the plan's own test rows: a page on which they label, and what their labels come to.

use super::people::{as_json, show};
use crate::error::Hinted;
use crate::{Outcome, args, interrupt, print, workspace};
use anyhow::Context;
use lifecycle::Project;
use lifecycle::labelling::{Desk, Report, Size, file, rows};
use serde_json::json;
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
    let progress = desk.progress();
    let Some(Report { people, version }) = desk.report(project)? else {
        let hint = format!("label some first: incumbent baseline {} --people", project.dir.display());
        return Err(Hinted::error("nobody has labelled anything yet", hint));
    };
    if json {
        let mut told = as_json(&people);
        told["model"] = json!(version);
        told["progress"] = json!({
            "items": progress.items, "finished": progress.finished, "labels": progress.labels, "needed": progress.needed,
        });
        print::json(&told);
    } else {
        println!("{} of {} items have their {} labels", progress.finished, progress.items, each);
        show(&people);
        match version {
            Some(version) => println!("  beside version {version}, which serves"),
            None => println!("hint: with a version in service, the automation rule compares it with people"),
        }
    }
    Ok(Outcome::Pass)
}
