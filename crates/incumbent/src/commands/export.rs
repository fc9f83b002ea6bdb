//! `incumbent export`: a version's files in a folder, for people and for other programs.

use crate::{Outcome, args, commands, print, workspace};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Export, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let history = project.history()?;
    let standing = commands::find(&history, &args.version)?;
    store::version::export_version(project.blobs.as_ref(), &standing.version, &args.out)?;
    if json {
        print::json(&json!({"version": standing.version.0, "folder": args.out.display().to_string()}));
    } else {
        println!("{} written to {}", print::name(standing), args.out.display());
    }
    Ok(Outcome::Pass)
}
