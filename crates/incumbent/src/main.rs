//! `incumbent`: from a model's first baseline to production, and keeping it there.
//!
//! This binary reads, calls and prints; rules stand in `domain`, stages in `lifecycle`. Exit status: 0 for a pass,
//! 1 for a fail or not enough evidence, 2 when a command could not run.

mod alarm;
mod args;
mod commands;
mod control;
mod door;
mod error;
mod interrupt;
mod plan_file;
mod print;
mod progress;
mod running;
mod workspace;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("INCUMBENT_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    interrupt::watch();
    match run(args) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            error::print(&error);
            ExitCode::from(2)
        }
    }
}

/// What a command came to, for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did what was asked, or the gate passed.
    Pass,
    /// The gate failed, or there was not enough evidence.
    Fail,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(match outcome {
            Outcome::Pass => 0,
            Outcome::Fail => 1,
        })
    }
}

fn run(args: Args) -> anyhow::Result<Outcome> {
    let json = args.json;
    match args.command {
        Command::Init(init) => commands::init::run(&init, json),
        Command::Plan(plan) => commands::plan::run(&plan, json),
        Command::Up(up) => commands::up::run(&up, json),
        Command::Baseline(baseline) => commands::baseline::run(&baseline, json),
        Command::Train(train) => commands::train::run(&train, json),
        Command::Import(import) => commands::import::run(&import, json),
        Command::Gate(gate) => commands::gate::run(&gate, json),
        Command::Experiment(experiment) => commands::experiment::run(&experiment, json),
        Command::Drift(drift) => commands::drift::run(&drift, json),
        Command::Diagnose(diagnose) => commands::diagnose::run(&diagnose, json),
        Command::Review(review) => commands::review::run(&review, json),
        Command::Distill(distill) => commands::distill::run(&distill, json),
        Command::Retrain(retrain) => commands::retrain::run(&retrain, json),
        Command::Serve(serve) => commands::serve::run(&serve, json),
        Command::Outcomes(outcomes) => commands::outcomes::run(&outcomes, json),
        Command::Status(dir) => commands::status::run(&dir, json),
        Command::History(history) => commands::history::run(&history, json),
        Command::Trace(trace) => commands::trace::run(&trace, json),
        Command::Export(export) => commands::export::run(&export, json),
    }
}
