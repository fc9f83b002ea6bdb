//! `incumbent experiment simulate`: the methods' error rates and power, by simulation.

use crate::progress::Shown;
use crate::{Outcome, args, print};
use lifecycle::{Progress, StageError};
use serde_json::{Value, json};
use stats::Estimate;
use stats::simulate::{Limit, Row, Stops, Trial, trials};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

/// Runs that a thread takes at a time.
const CHUNK: u64 = 20;

/// Runs the command.
pub fn run(args: &args::Simulate, json: bool) -> anyhow::Result<Outcome> {
    let mut shown = Shown::new();
    let mut rows = Vec::new();
    for trial in trials()? {
        shown.begin("simulate", &trial.name);
        rows.extend(trial.rows(&spread(&trial, args, &mut shown)?)?);
    }
    shown.finish();
    let broken = rows.iter().any(|row| row.broken);
    if json {
        let rows: Vec<Value> = rows.iter().map(as_json).collect();
        print::json(&json!({"runs": args.runs, "seed": args.seed, "broken": broken, "rows": rows}));
    } else {
        println!("{} experiments of each kind, seed {}", args.runs, args.seed);
        println!("{}", table(&rows));
        println!("kept: not above the promise by more than these runs can vary by chance (at 99.9%)");
    }
    Ok(if broken { Outcome::Fail } else { Outcome::Pass })
}

/// All runs of a trial, on every core.
fn spread(trial: &Trial, args: &args::Simulate, shown: &mut Shown) -> anyhow::Result<Vec<Stops>> {
    let (next, threads) = (AtomicU64::new(0), std::thread::available_parallelism().map_or(1, usize::from));
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, send) = (&next, send.clone());
            scope.spawn(move || work(trial, args, next, &send));
        }
        drop(send);
        let mut found = Vec::new();
        for chunk in receive {
            found.extend(chunk?);
            if !shown.share(found.len() as f64 / args.runs as f64) {
                // Nothing is left to take: the threads end with the chunks they have.
                next.store(args.runs, Ordering::Relaxed);
                return Err(StageError::Interrupted.into());
            }
        }
        Ok(found)
    })
}

type Chunk = Result<Vec<Stops>, stats::BadInput>;

/// Takes chunks of runs until none is left, or nobody listens.
fn work(trial: &Trial, args: &args::Simulate, next: &AtomicU64, send: &mpsc::Sender<Chunk>) {
    loop {
        let first = next.fetch_add(CHUNK, Ordering::Relaxed);
        if first >= args.runs {
            return;
        }
        let last = args.runs.min(first + CHUNK);
        let chunk = (first..last).map(|run| trial.run(args.seed, run)).collect();
        if send.send(chunk).is_err() {
            return;
        }
    }
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let cells = rows.iter().map(|row| {
        vec![
            row.trial.clone(),
            row.method.into(),
            row.units.to_string(),
            percent(&row.share),
            row.gap.map(|gap| format!("{:.1} points", 100.0 * gap.value)).unwrap_or_default(),
            row.median.map(|unit| unit.to_string()).unwrap_or_default(),
            row.limit.map(limit).unwrap_or_default(),
            match (row.limit, row.broken) {
                (None, _) => "",
                (Some(_), false) => "kept",
                (Some(_), true) => "BROKEN",
            }
            .into(),
        ]
    });
    let headings =
        ["trial", "method", "units", "ended (95%)", "below one look", "median unit", "promised", ""];
    print::table(&headings, cells.collect())
}

/// `4.9% [4.5, 5.3]`
fn percent(share: &Estimate) -> String {
    format!("{:.1}% [{:.1}, {:.1}]", 100.0 * share.value, 100.0 * share.low, 100.0 * share.high)
}

fn limit(limit: Limit) -> String {
    match limit {
        Limit::Share(most) => format!("at most {}%", 100.0 * most),
        Limit::Gap(most) => format!("within {} points", 100.0 * most),
        Limit::Median(most) => format!("median within {most}"),
    }
}

fn as_json(row: &Row) -> Value {
    let estimate = |e: &Estimate| json!({"value": e.value, "low": e.low, "high": e.high});
    let limit = row.limit.map(|limit| match limit {
        Limit::Share(most) => json!({"of": "share", "most": most}),
        Limit::Gap(most) => json!({"of": "below_one_look", "most": most}),
        Limit::Median(most) => json!({"of": "median_unit", "most": most}),
    });
    json!({
        "trial": row.trial, "method": row.method, "units": row.units, "share": estimate(&row.share),
        "below_one_look": row.gap.as_ref().map(estimate), "median_unit": row.median,
        "limit": limit, "broken": row.broken,
    })
}
