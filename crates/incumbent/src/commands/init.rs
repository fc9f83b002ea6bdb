//! `incumbent init`: a plan from a table. What can be inferred is inferred, with its reason; what can't is asked.

mod guess;

use crate::error::Hinted;
use crate::{Outcome, args, plan_file, print};
use anyhow::Context;
use domain::Plan;
use guess::{Guess, guess};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use store::files::{ReadOptions, read_table};
use store::profile::profile;

/// Runs the command.
pub fn run(args: &args::Init, json: bool) -> anyhow::Result<Outcome> {
    let path = plan_file::path(&args.dir);
    if path.exists() {
        return Err(Hinted::error(
            format!("{} is there already", path.display()),
            "edit it, or remove it first",
        ));
    }
    let data = match &args.data {
        Some(data) => data.clone(),
        None => only_table(&args.dir)?,
    };
    let table = read_table(&data, &ReadOptions::default())?;
    let source = relative(&data, &args.dir);
    let guess = guess(&table, &profile(&table), &source, args.target.as_deref())?;
    let guess = if args.yes { guess } else { confirmed(guess, &table)? };
    let text = guess.plan_text();
    // What is written must be a plan; a mistake here would be ours.
    Plan::parse(&text).map_err(|e| anyhow::anyhow!("the plan that was made is not one: {e}"))?;
    std::fs::create_dir_all(&args.dir).with_context(|| format!("could not make {}", args.dir.display()))?;
    std::fs::write(&path, &text).with_context(|| format!("could not write {}", path.display()))?;
    if json {
        print::json(&json!({"plan": path.display().to_string(), "text": text, "reasons": guess.reasons}));
    } else {
        guess.reasons.iter().for_each(|reason| println!("  {reason}"));
        println!("wrote {}; next: incumbent up {}", path.display(), args.dir.display());
    }
    Ok(Outcome::Pass)
}

/// Asks for the target where another column is nearly as likely.
fn confirmed(mut guess: Guess, table: &domain::Table) -> anyhow::Result<Guess> {
    if guess.clear {
        return Ok(guess);
    }
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    if !std::io::stdin().is_terminal() {
        let hint = format!("name it with --target, or take the guess `{}` with --yes", guess.target);
        return Err(Hinted::error("which column is to be predicted is not clear", hint));
    }
    eprint!("Which column is to be predicted? {} [{}] ", names.join(", "), guess.target);
    std::io::stderr().flush().context("could not ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("could not read the answer")?;
    let answer = answer.trim();
    if !answer.is_empty() && answer != guess.target {
        guess = guess::guess(table, &profile(table), &guess.source, Some(answer))?;
    }
    Ok(guess)
}

fn only_table(dir: &Path) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("could not read {}", dir.display()))?;
    let kinds = ["csv", "tsv", "parquet", "ndjson", "jsonl"];
    let is_table = |p: &PathBuf| p.extension().and_then(|e| e.to_str()).is_some_and(|e| kinds.contains(&e));
    let mut tables: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(is_table).collect();
    tables.sort();
    match tables.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Hinted::error(format!("no table in {}", dir.display()), "name one with --data FILE")),
        several => {
            let names: Vec<String> = several.iter().map(|p| p.display().to_string()).collect();
            Err(Hinted::error(format!("several tables: {}", names.join(", ")), "name one with --data FILE"))
        }
    }
}

/// The table's path as the plan writes it: relative where it lies below the plan.
fn relative(data: &Path, dir: &Path) -> String {
    let full = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_path_buf());
    let (data, dir) = (full(data), full(dir));
    data.strip_prefix(&dir).unwrap_or(&data).display().to_string()
}
