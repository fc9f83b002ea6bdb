//! `incumbent train`: a challenger, registered and waiting for the gate.

use crate::error::Hinted;
use crate::progress::Shown;
use crate::{Outcome, args, print, workspace};
use domain::{Examples, Target};
use lifecycle::version::trained_on;
use lifecycle::{Progress, data, live, train, trainers};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Train, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let loaded = data::load(&project)?;
    let split = loaded.split(&project.plan)?;
    let names = trainers::names(&project.plan);
    let name = match (&args.trainer, names.last()) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(Hinted::error("the plan has no trainer", "name one in train.trainers")),
    };
    let rows = newest(&split.train, args.rows);
    let rows = if args.shuffle_labels { shuffled(&rows, project.plan.train.seed) } else { rows };
    let trainer = trainers::named(&project, &name)?;
    let mut shown = Shown::new();
    shown.begin("train", &format!("{name} on {} rows", rows.len()));
    let trained_on = trained_on(&live::digest(&rows), &rows);
    let version = train::run(&project, trainer.as_ref(), &rows, trained_on, &mut shown)?;
    shown.finish();
    if json {
        print::json(&json!({"version": version.id.0, "trainer": name, "rows": rows.len()}));
    } else {
        println!("registered {}; judge it with: incumbent gate {}", version.id, args.dir.display());
    }
    Ok(Outcome::Pass)
}

fn newest(examples: &Examples, rows: Option<usize>) -> Examples {
    let first = examples.len() - rows.unwrap_or(examples.len()).min(examples.len());
    examples.take(&(first..examples.len()).collect::<Vec<_>>())
}

/// The same rows with the labels of other rows: nothing is left to learn.
fn shuffled(examples: &Examples, seed: u64) -> Examples {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&row| store::digest::mix64(seed, row as u64));
    let target: Target = examples.target.take(&order);
    Examples { target, ..examples.clone() }
}
