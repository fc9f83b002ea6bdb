//! `incumbent diagnose --simulate`: faults injected into a live pipeline, and how often the right cause is named.

use crate::progress::Shown;
use crate::{Outcome, args, print};
use domain::diagnosis::Cause;
use lifecycle::diagnose::simulate::{FAULTS, Fault, Outcome as Named, Simulation};
use lifecycle::{Progress, StageError};
use serde_json::json;
use stats::proportion::{Count, wilson};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Pipelines that are trained; runs take turns on them.
const PIPELINES: u64 = 50;
/// What is promised: so many right verdicts...
const RIGHT: f64 = 0.95;
/// ...and so many of the clean runs not silent.
const CLEAN: f64 = 0.01;

/// One run to be made.
struct Job {
    fault: Option<&'static Fault>,
    pipeline: u64,
    seed: u64,
}

/// What is counted of a fault, or of clean runs.
#[derive(Default)]
struct Tally {
    runs: u64,
    right: u64,
    alarms: u64,
    wrong: BTreeMap<Cause, (u64, String)>,
}

/// Runs the command.
pub(super) fn run(args: &args::Diagnose, json: bool) -> anyhow::Result<Outcome> {
    let mut shown = Shown::new();
    let tallies = all(&jobs(args), &mut shown)?;
    shown.finish();
    let clean = &tallies[""];
    let right: u64 = FAULTS.iter().map(|f| tallies[f.name].right).sum();
    let runs: u64 = FAULTS.iter().map(|f| tallies[f.name].runs).sum();
    let kept =
        right as f64 >= RIGHT * runs as f64 && (clean.runs - clean.right) as f64 <= CLEAN * clean.runs as f64;
    if json {
        let faults = FAULTS.iter().map(|f| as_json(f.name, f.expected, &tallies[f.name]));
        print::json(&json!({
            "faults": faults.collect::<Vec<_>>(), "clean": as_json("clean", Cause::Healthy, clean),
            "right": right, "runs": runs, "kept": kept,
        }));
    } else {
        println!("{}", table(&tallies)?);
        println!("right in {right} of {runs} runs with a fault: {}", share(right, runs)?);
        let loud = clean.runs - clean.right;
        println!("clean runs that were not silent: {loud} of {}: {}", clean.runs, share(loud, clean.runs)?);
        println!("alarms in clean runs: {}", clean.alarms);
    }
    Ok(if kept { Outcome::Pass } else { Outcome::Fail })
}

/// Sorted by pipeline, so that each is trained once and let go.
fn jobs(args: &args::Diagnose) -> Vec<(u64, Vec<Job>)> {
    let mut by_pipeline: BTreeMap<u64, Vec<Job>> = BTreeMap::new();
    let mut add = |fault, run: u64| {
        let pipeline = args.seed.wrapping_mul(1000) + run % PIPELINES;
        let place = FAULTS.iter().position(|f| Some(f) == fault).map_or(0, |p| p as u64 + 1);
        let seed = stats::random::bits(args.seed, place, run);
        by_pipeline.entry(pipeline).or_default().push(Job { fault, pipeline, seed });
    };
    FAULTS.iter().for_each(|fault| (0..args.runs).for_each(|run| add(Some(fault), run)));
    (0..args.clean).for_each(|run| add(None, run));
    by_pipeline.into_iter().collect()
}

type Made = Result<(&'static str, Named), StageError>;

/// Makes all runs on every core.
fn all(jobs: &[(u64, Vec<Job>)], shown: &mut Shown) -> anyhow::Result<BTreeMap<&'static str, Tally>> {
    let total: usize = jobs.iter().map(|(_, jobs)| jobs.len()).sum();
    shown.begin("diagnose", &format!("{total} runs of two weeks"));
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel::<Made>();
    let mut tallies: BTreeMap<&'static str, Tally> =
        FAULTS.iter().map(|f| (f.name, Tally::default())).collect();
    tallies.insert("", Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (next, send) = (&next, send.clone());
            scope.spawn(move || work(jobs, next, &send));
        }
        drop(send);
        let mut done = 0;
        for made in receive {
            let (name, named) = made?;
            count(tallies.entry(name).or_default(), name, named);
            done += 1;
            if !shown.share(done as f64 / total as f64) {
                // nothing is left to take: the threads end with the runs they have
                next.store(jobs.len(), Ordering::Relaxed);
                return Err(StageError::Interrupted.into());
            }
        }
        Ok(tallies)
    })
}

/// Takes pipelines until none is left, or nobody listens.
fn work(jobs: &[(u64, Vec<Job>)], next: &AtomicUsize, send: &mpsc::Sender<Made>) {
    while let Some((_, own)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
        let simulation = own.first().map(|job| Simulation::new(job.pipeline));
        for job in own {
            let made = match &simulation {
                Some(Ok(simulation)) => simulation.run(job.fault, job.seed),
                _ => Simulation::new(job.pipeline).and_then(|s| s.run(job.fault, job.seed)),
            };
            if send.send(made.map(|named| (job.fault.map_or("", |f| f.name), named))).is_err() {
                return;
            }
        }
    }
}

fn count(tally: &mut Tally, name: &str, named: Named) {
    let expected = FAULTS.iter().find(|f| f.name == name).map_or(Cause::Healthy, |f| f.expected);
    tally.runs += 1;
    tally.alarms += u64::from(named.alarm);
    if named.cause == expected {
        tally.right += 1;
    } else {
        tally.wrong.entry(named.cause).or_insert((0, named.why)).0 += 1;
    }
}

fn table(tallies: &BTreeMap<&'static str, Tally>) -> anyhow::Result<comfy_table::Table> {
    let mut rows = Vec::new();
    let named = FAULTS.iter().map(|f| (f.name, f.expected)).chain([("", Cause::Healthy)]);
    for (name, expected) in named {
        let tally = &tallies[name];
        let wrong = tally.wrong.iter().map(|(cause, (runs, _))| format!("{runs} {cause}"));
        rows.push(vec![
            if name.is_empty() { "no fault" } else { name }.into(),
            expected.to_string(),
            share(tally.right, tally.runs)?,
            tally.alarms.to_string(),
            wrong.collect::<Vec<_>>().join(", "),
        ]);
    }
    Ok(print::table(&["fault", "cause", "right (95%)", "alarms", "named instead"], rows))
}

/// `98.0% [89.5, 99.6]`
fn share(part: u64, all: u64) -> anyhow::Result<String> {
    let e = wilson(Count { successes: part, trials: all.max(1) }, 0.95)?;
    Ok(format!("{:.1}% [{:.1}, {:.1}]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high))
}

fn as_json(name: &str, expected: Cause, tally: &Tally) -> serde_json::Value {
    let wrong =
        tally.wrong.iter().map(|(cause, (runs, why))| json!({"cause": cause, "runs": runs, "why": why}));
    json!({
        "fault": name, "expected": expected, "runs": tally.runs, "right": tally.right, "alarms": tally.alarms,
        "wrong": wrong.collect::<Vec<_>>(),
    })
}
