//! Streams lived through by several schedules: what each loses and how often it retrains; and the cadences that
//! measured ageing asks for, with their intervals.
//!
//! Every model is trained on rows whose labels were known, and answers the rows that come after. No gate stands between,
//! so that schedules are compared and nothing else.
//!
//! usage: cadence electricity|bank|reviews FILE [WORTH]

mod policies;
mod streams;
mod world;

use domain::Target;
use domain::cadence::{Cadence, Odds, costs, recommend, span};
use domain::time::DAY;
use std::error::Error;
use std::path::Path;
use streams::Stream;
use world::World;

/// What a retrain costs, as a share of what a fresh model loses in a month.
const WORTH: f64 = 0.002;
/// Days between two retrains of the fixed schedules, and never.
const FIXED: [(&str, i64); 9] = [
    ("every step", 0),
    ("every 2d", 2 * DAY),
    ("every 3d", 3 * DAY),
    ("every 7d", 7 * DAY),
    ("every 14d", 14 * DAY),
    ("every 30d", 30 * DAY),
    ("every 60d", 60 * DAY),
    ("every 120d", 120 * DAY),
    ("never", i64::MAX),
];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [name, file, rest @ ..] = &args[..] else {
        eprintln!(
            "cadence: nothing to live through without a stream and its file; see benches/cadence/README.md"
        );
        return Ok(());
    };
    let worth = rest.first().map_or(Ok(WORTH), |worth| worth.parse())?;
    let file = Path::new(file);
    let stream = match name.as_str() {
        "electricity" => streams::electricity(file)?,
        "bank" => streams::bank(file)?,
        "reviews" => streams::reviews(file)?,
        other => return Err(format!("no stream `{other}`").into()),
    };
    let mut world = World::new(&stream);
    cadence(&world, worth)?;
    repeat_last(&stream, world.steps[0].start);
    println!("schedule, retrains, log loss, accuracy");
    let told = |name: &str, lived: policies::Lived| {
        println!("{name}, {}, {:.4}, {:.4}  {}", lived.retrains, lived.loss, lived.accuracy, lived.note);
    };
    told("the rule", policies::ours(&mut world, worth)?);
    for (name, every) in FIXED {
        told(name, policies::fixed(&mut world, every)?);
    }
    Ok(())
}

/// How the trainer ages over the whole stream, and what cadence that asks for.
fn cadence(world: &World<'_>, worth: f64) -> Result<(), Box<dyn Error>> {
    let stream = world.stream;
    let Some((backtests, fitted)) = policies::measure(world, stream.examples.len())? else {
        println!("{}: too few rows to measure ageing", stream.name);
        return Ok(());
    };
    let rules = policies::priced(&stream.plan.retrain, &backtests, worth);
    let found = recommend(&rules, &fitted.ageing, Odds::default());
    let end = |end: Option<f64>| end.map_or_else(|| "never".into(), span);
    let (low, high) =
        costs(&rules, Odds::default()).map_or((None, None), |costs| fitted.cadence_interval(costs));
    let best = match found.cadence {
        Cadence::Every { best, .. } => span(best),
        Cadence::Never | Cadence::Unknown => "never".into(),
    };
    println!("{} ({}): cadence {best} [{}, {}]", stream.name, stream.trainer, end(low), end(high));
    found.reasons.iter().for_each(|reason| println!("  {reason}"));
    Ok(())
}

/// The accuracy of saying what was true last time, over all rows and over those that are lived through.
fn repeat_last(stream: &Stream, from: usize) {
    let Target::Class { index, .. } = &stream.examples.target else { return };
    let right = |rows: &[u32]| {
        let same = rows.windows(2).filter(|pair| pair[0] == pair[1]).count();
        same as f64 / (rows.len() - 1) as f64
    };
    println!(
        "repeating the last label: accuracy {:.4}, from the first step on {:.4}",
        right(index),
        right(&index[from..])
    );
}
