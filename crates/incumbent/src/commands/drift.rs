//! `incumbent drift`: what moved. Exit status 1 where something did, or is broken.

mod course;
mod live;
mod text;

use crate::error::Hinted;
use crate::progress::Shown;
use crate::{Outcome, args, print};
use anyhow::Context;
use domain::drift::DriftRules;
use lifecycle::drift::{Asked, Comparison, between_files};
use serde_json::{Value, json};
use std::path::Path;

/// Where randomness starts: the same files give the same answer.
const SEED: u64 = 1;

/// Runs the command.
pub fn run(args: &args::Drift, json: bool) -> anyhow::Result<Outcome> {
    let Some(reference) = &args.reference else { return live::run(args, json) };
    match (&args.current, &args.time) {
        (Some(current), _) => files(args, reference, current, json),
        (None, Some(time)) => course::run(args, reference, time, json),
        (None, None) => Err(Hinted::error(
            "there is nothing to compare the reference with",
            "name a second table with --current, or the reference's own column of time with --time and --until",
        )),
    }
}

fn rules(args: &args::Drift) -> DriftRules {
    DriftRules { effect: args.effect, alpha: args.alpha }
}

fn files(args: &args::Drift, reference: &Path, current: &Path, json: bool) -> anyhow::Result<Outcome> {
    let asked = Asked {
        reference: reference.into(),
        current: current.into(),
        only: args.only.clone(),
        ignore: args.ignore.clone(),
        rules: rules(args),
        together: !args.columns_only,
        seed: SEED,
    };
    let mut shown = Shown::new();
    let found = between_files(&asked, &mut shown)?;
    shown.finish();
    tell(args, &found, json)
}

/// Prints a comparison, and writes its page where one is asked for.
fn tell(args: &args::Drift, found: &Comparison, json: bool) -> anyhow::Result<Outcome> {
    if let Some(path) = &args.html {
        let page = server::report::drift(found, None);
        std::fs::write(path, page).with_context(|| format!("could not write {}", path.display()))?;
    }
    if json {
        print::json(&as_json(found));
    } else {
        text::print(found);
    }
    Ok(if found.quiet() { Outcome::Pass } else { Outcome::Fail })
}

/// A comparison for programs.
pub(crate) fn as_json(found: &Comparison) -> Value {
    let side = |s: &lifecycle::drift::Side| {
        json!({
            "name": s.name, "rows": s.rows,
            "from": s.from.map(|t| t.to_string()), "to": s.to.map(|t| t.to_string()),
        })
    };
    let columns = found.columns.iter().map(|c| {
        let mut column = serde_json::to_value(&c.drift).expect("plain data");
        column["bins"] = json!(c.picture.bins);
        column["reference_shares"] = json!(c.picture.reference);
        column["current_shares"] = json!(c.picture.current);
        column
    });
    json!({
        "reference": side(&found.reference), "current": side(&found.current), "quiet": found.quiet(),
        "moved": found.moved().map(|c| &c.drift.column).collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(), "faults": found.faults, "told_apart": found.told_apart,
        "left_out": found.left_out.iter().map(|(c, why)| json!({"column": c, "why": why})).collect::<Vec<_>>(),
    })
}
