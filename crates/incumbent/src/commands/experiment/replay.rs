//! `incumbent experiment replay`: what a challenger would have answered to the traffic that was logged.

use crate::progress::Shown;
use crate::{Outcome, args, commands, print, workspace};
use lifecycle::experiment::replay::{self, Replayed};
use serde_json::json;

/// Runs the command: a pass where every row was answered.
pub fn run(args: &args::Replay, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let history = project.history()?;
    let challenger = commands::find(&history, &args.challenger)?;
    let mut shown = Shown::new();
    let replayed = replay::run(&project, &challenger.version, args.rows, &mut shown)?;
    shown.finish();
    if json {
        print::json(&as_json(&replayed));
    } else {
        show(&print::name(challenger), &replayed);
    }
    Ok(if replayed.failed.is_empty() { Outcome::Pass } else { Outcome::Fail })
}

fn as_json(replayed: &Replayed) -> serde_json::Value {
    json!({
        "rows": replayed.rows, "failed": replayed.failed, "changed": replayed.changed,
        "largest_difference": replayed.largest, "p50_us": replayed.p50_us, "p99_us": replayed.p99_us,
        "metric": replayed.metric, "gain": replayed.gain,
    })
}

fn show(name: &str, replayed: &Replayed) {
    let share = 100.0 * replayed.changed as f64 / replayed.rows as f64;
    println!("{} logged rows through {name}", replayed.rows);
    println!(
        "  answers otherwise   {} rows, {share:.2}%; largest difference {:.4}",
        replayed.changed, replayed.largest
    );
    println!(
        "  one row takes       {:.0} us in the middle, {:.0} us at 99%",
        replayed.p50_us, replayed.p99_us
    );
    match &replayed.gain {
        Some(gain) => {
            println!("  {} lower by      {} on {} rows", replayed.metric, print::estimate(gain), gain.rows)
        }
        None => println!("  no outcome of these rows is known yet"),
    }
    replayed.failed.iter().for_each(|(why, rows)| println!("  not answered        {rows} rows: {why}"));
}
