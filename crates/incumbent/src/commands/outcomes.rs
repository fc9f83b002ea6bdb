//! `incumbent outcomes`: what turned out to be true, from a file. The rows go through the same door as those that are
//! sent over HTTP: to the server that holds the journal, or to one that is started for as long as it takes.

use crate::error::Hinted;
use crate::progress::Shown;
use crate::{Outcome, args, interrupt, print, running, workspace};
use anyhow::Context;
use domain::{Table, Values};
use lifecycle::{Progress, Project, StageError};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use store::StoreError;

/// Outcomes of one request.
const BATCH: usize = 1_000;
/// Below this a float holds every whole number.
const WHOLE: f64 = 9e15;
/// The columns that are read; all others are left alone.
const COLUMNS: [&str; 5] = ["prediction_id", "unit", "at", "value", "source"];

/// Runs the command: a pass where every outcome found its prediction.
pub fn run(args: &args::Outcomes, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let table = store::files::read_table(&args.file, &store::files::ReadOptions::default())?;
    let rows = rows(&args.file.display().to_string(), &table)?;
    let mut shown = Shown::new();
    let counts = match project.journal.append(&[]) {
        Ok(()) => {
            let running = running::start(&project, Some("127.0.0.1:0"), shown.watched())?;
            let counts = send(&format!("http://{}", running.address), &rows, &mut shown);
            running.stop()?;
            counts?
        }
        Err(StoreError::ReadOnly { .. }) => send(&address(args, &project), &rows, &mut shown)?,
        Err(error) => return Err(error.into()),
    };
    shown.finish();
    if json {
        print::json(&json!({"rows": rows.len(), "statuses": counts}));
    } else {
        let counts: Vec<String> = counts.iter().map(|(status, rows)| format!("{rows} {status}")).collect();
        println!("{} outcomes: {}", rows.len(), counts.join(", "));
    }
    Ok(if counts.contains_key("unknown") { Outcome::Fail } else { Outcome::Pass })
}

fn address(args: &args::Outcomes, project: &Project) -> String {
    let address = args.address.as_deref().unwrap_or(&project.plan.serve.address);
    format!("http://{}", address.trim_start_matches("http://").trim_end_matches('/'))
}

fn rows(file: &str, table: &Table) -> anyhow::Result<Vec<Value>> {
    let found = || table.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let has = |name: &str| table.column(name).is_some();
    if !has("value") || !(has("prediction_id") || has("unit")) {
        let what = format!("{file}: found the columns {}", found());
        let hint = "outcomes need `value` and `prediction_id`, or `value`, `unit` and `at`";
        return Err(Hinted::error(what, hint));
    }
    let known: Vec<_> = table.columns().iter().filter(|c| COLUMNS.contains(&c.name.as_str())).collect();
    let row = |row: usize| {
        let text = |name: &str, cell: Value| {
            if name == "unit" && cell.is_number() { json!(cell.to_string()) } else { cell }
        };
        let cells = known.iter().filter_map(|c| Some((c.name.clone(), text(&c.name, cell(&c.values, row)?))));
        Value::Object(cells.collect::<Map<_, _>>())
    };
    Ok((0..table.rows()).map(row).collect())
}

/// A cell as the door reads it; `None` where it is missing. A whole number may be the name of a class or a unit, and
/// those have no decimals.
fn cell(values: &Values, row: usize) -> Option<Value> {
    match values {
        Values::Number(cells) if cells[row].fract() == 0.0 && cells[row].abs() < WHOLE => {
            Some(json!(cells[row] as i64))
        }
        Values::Number(cells) => cells[row].is_finite().then(|| json!(cells[row])),
        Values::Text(cells) => cells[row].as_ref().map(|text| json!(text)),
        Values::Time(cells) => cells[row].map(|at| json!(at.to_string())),
        Values::Tensor { .. } => None,
    }
}

fn send(address: &str, rows: &[Value], shown: &mut Shown) -> anyhow::Result<BTreeMap<String, u64>> {
    let url = format!("{address}/v1/outcomes");
    shown.begin("outcomes", &format!("{} to {url}", rows.len()));
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = config.timeout_global(Some(Duration::from_secs(60))).build().new_agent();
    let mut counts = BTreeMap::new();
    for (place, batch) in rows.chunks(BATCH).enumerate() {
        if interrupt::asked() {
            return Err(StageError::Interrupted.into());
        }
        let sent = agent.post(&url).send_json(json!({"outcomes": batch}));
        let mut answer = sent.with_context(|| format!("could not send to {url}"))?;
        let body: Value = answer.body_mut().read_json().with_context(|| format!("{url} answered no JSON"))?;
        let Some(results) = body["results"].as_array() else {
            let first = place * BATCH + 1;
            let what = format!(
                "rows {first} to {}: {}",
                first + batch.len() - 1,
                body["error"].as_str().unwrap_or("?")
            );
            return Err(Hinted::error(
                what,
                "nothing of these rows was kept; mend them and send the file again",
            ));
        };
        for result in results {
            let status = result["status"].as_str().unwrap_or("unknown");
            *counts.entry(status.to_string()).or_insert(0) += 1;
        }
        shown.share(((place + 1) * BATCH) as f64 / rows.len() as f64);
    }
    Ok(counts)
}
