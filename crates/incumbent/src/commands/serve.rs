//! `incumbent serve`: what the registry deploys, over HTTP, with the page.

use crate::control::Control;
use crate::error::Hinted;
use crate::progress::Shown;
use crate::{Outcome, args, print, running, workspace};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Serve, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    if project.history()?.incumbent().is_none() {
        let hint = format!("make one first: incumbent up {}", args.dir.display());
        return Err(Hinted::error("there is no incumbent to serve", hint));
    }
    let mut shown = Shown::new();
    let running = running::start(&project, args.address.as_deref(), shown.watched())?;
    let mut control = Control::new(project.clone())?;
    if json {
        print::json(&json!({"address": format!("http://{}/", running.address)}));
    } else {
        println!("serving on http://{}/; Ctrl-C stops", running.address);
    }
    running.watch(|| control.guard(&running, &mut shown))?;
    running.stop()?;
    Ok(Outcome::Pass)
}
