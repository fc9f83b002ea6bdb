//! A challenger that misbehaves in an A/B: 100,000 requests over real HTTP at 32 connections for each kind of fault, once
//! with the tripwire, once without it, so that chain and breaker have to bear it alone, and once with the chain alone. No
//! answer may fail, and the p99 that clients see must stay below the deadline plus 5 ms. Client and server share the
//! machine, so that some answers may have to come from the floor; they are shown.
//!
//! Run with `cargo bench -p incumbent-server --bench release_faults`; it exits with 1 where a promise is not kept.

mod client;
#[path = "../tests/common/mod.rs"]
mod common;

use client::CLIENTS;
use common::{Running, run};
use domain::ExperimentId;
use domain::experiment::{Phase, Step};
use domain::plan::Release;
use serde_json::{Value, json};
use server::Limits;
use serving::breaker;
use serving::faults::{Fake, Fault, Rule, Switch, signature};
use serving::trial::{Rules, Setup, Trial};
use serving::{Floor, Limits as LinkLimits, Link, Settings, Snapshot};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const REQUESTS: usize = 100_000;
const DEADLINE: Duration = Duration::from_millis(50);
/// The constant answer: where the machine has no time left for the incumbent within the deadline.
const FLOOR: f64 = -1.0;
const GRACE: Duration = Duration::from_millis(5);
/// How much later than the deadline a late challenger answers.
const LATE: Duration = Duration::from_millis(30);

/// What a round of requests came to.
struct Round {
    fault: &'static str,
    guard: &'static str,
    failed: usize,
    floor: usize,
    took: Vec<Duration>,
    fell_back: u64,
    stopped_after: Option<u64>,
}

/// What holds the harm back, besides the chain.
#[derive(Clone, Copy)]
struct Guards {
    name: &'static str,
    tripwire: bool,
    breaker: bool,
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    println!(
        "deadline {} ms, {REQUESTS} requests at {CLIENTS} connections, A/B at 50%",
        DEADLINE.as_millis()
    );
    println!(
        "{:<12} {:<18} {:>6} {:>6} {:>8} {:>8} {:>8} {:>10} {:>9} {:>13}",
        "challenger",
        "guards",
        "failed",
        "floor",
        "p50 ms",
        "p99 ms",
        "max ms",
        "p99-limit",
        "fell back",
        "stopped after"
    );
    let guards = [
        Guards { name: "tripwire, breaker", tripwire: true, breaker: true },
        Guards { name: "breaker", tripwire: false, breaker: true },
        Guards { name: "none", tripwire: false, breaker: false },
    ];
    let mut kept = true;
    for guards in guards {
        for fault in ["hangs", "is late", "panics", "NaN", "wrong shape"] {
            let round = round(fault, guards);
            kept &= round.report();
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn round(fault: &'static str, guards: Guards) -> Round {
    let (challenger, switch) = challenger(fault, guards.breaker);
    let server = server(challenger, guards.tripwire);
    let each = REQUESTS / CLIENTS;
    let told = client::all(server.address, |place, client| {
        let (mut failed, mut floor, mut took) = (0, 0, Vec::with_capacity(each));
        for i in 0..each {
            let unit = format!("customer {}", (place * each + i) % 10_000);
            let body = json!({"rows": [{"x": 1}], "units": [unit]}).to_string();
            let answer = client.ask(&client::request("/v1/models/fake:predict", "", body.as_bytes()));
            let value = answer.status_ok.then(|| value(answer.body)).flatten();
            floor += usize::from(value == Some(FLOOR));
            failed += usize::from(value != Some(2.0) && value != Some(FLOOR));
            took.push(answer.took);
        }
        (failed, floor, took)
    });
    switch.iter().for_each(|switch| switch.release());
    let failed = told.iter().map(|(failed, _, _)| failed).sum();
    let floor = told.iter().map(|(_, floor, _)| floor).sum();
    let mut took: Vec<Duration> = told.into_iter().flat_map(|(_, _, took)| took).collect();
    took.sort_unstable();
    let trial = server.engine.trial().expect("it runs");
    let fell_back = trial.tally().fell_back(domain::Arm::Treatment).get();
    let stopped_after = server.engine.tripped().map(|tripped| tripped.guardrail.treatment.1);
    Round { fault, guard: guards.name, failed, floor, took, fell_back, stopped_after }
}

/// What was answered. The incumbent says 2; a challenger that misbehaves never has an answer of its own.
fn value(body: &[u8]) -> Option<f64> {
    let said: Value = serde_json::from_slice(body).ok()?;
    said["predictions"][0]["value"].as_f64()
}

fn challenger(fault: &str, breaker: bool) -> (Link, Option<Arc<Switch>>) {
    let never = breaker::Settings { open_at: 2.0, ..breaker::Settings::default() };
    let settings = if breaker { breaker::Settings::default() } else { never };
    let limits = LinkLimits { breaker: settings, ..LinkLimits::default() };
    let faulty = |fault| {
        let fake = Fake::answering(9.0).with(fault);
        let switch = fake.switch();
        (fake.link("new", limits.clone()), Some(switch))
    };
    match fault {
        "hangs" => faulty(Fault::Hang),
        "panics" => faulty(Fault::Panic),
        "NaN" => faulty(Fault::Nan),
        "wrong shape" => faulty(Fault::Width),
        _ => {
            let slow = Rule::new(signature(), |rows| {
                std::thread::sleep(DEADLINE + LATE);
                vec![9.0; rows.rows()]
            });
            let link = Link::start(domain::VersionId("new".into()), Arc::new(slow), limits);
            (link.expect("threads to spare"), None)
        }
    }
}

fn server(challenger: Link, tripwire: bool) -> Running {
    let control = vec![Arc::new(Fake::answering(1.0).link("old", LinkLimits::default()))];
    let floor = Floor::new(domain::OutputKind::Value, vec![FLOOR]).expect("one number");
    let snapshot = Snapshot::new("fake", control.clone(), floor, DEADLINE).expect("alike");
    let mut rules = Rules::of(&Release::default(), DEADLINE);
    if !tripwire {
        (rules.errors, rules.slow) = (1.0, 1.0);
    }
    let (experiment, phase) = (ExperimentId("bench".into()), Phase { step: Step::Ab, treatment: 0.5 });
    let treatment = [vec![Arc::new(challenger)], control.clone()].concat();
    let trial = Trial::new(Setup { experiment, phase, control, treatment, rules });
    run(snapshot.with_trial(trial).expect("alike"), Settings::default(), Limits::default())
}

impl Round {
    /// Prints the round, and tells whether it kept the promises.
    fn report(&self) -> bool {
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        let quantile = |share: f64| self.took[((self.took.len() - 1) as f64 * share) as usize];
        let over = ms(quantile(0.99)) - ms(DEADLINE);
        let stopped = self.stopped_after.map_or("-".into(), |after| after.to_string());
        println!(
            "{:<12} {:<18} {:>6} {:>6} {:>8.2} {:>8.2} {:>8.2} {:>10.2} {:>9} {:>13}",
            self.fault,
            self.guard,
            self.failed,
            self.floor,
            ms(quantile(0.5)),
            ms(quantile(0.99)),
            ms(quantile(1.0)),
            over,
            self.fell_back,
            stopped
        );
        self.failed == 0 && over < ms(GRACE)
    }
}
