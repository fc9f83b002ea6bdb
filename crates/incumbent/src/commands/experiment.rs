//! `incumbent experiment`: releases step by step, and experiments that others ran.

mod analyze;
mod bars;
mod list;
mod off_policy;
mod picture;
mod replay;
mod simulate;
mod start;
mod stop;
mod watch;
mod words;

use crate::Outcome;
use crate::args::Experiment;

/// Runs the command.
pub fn run(experiment: &Experiment, json: bool) -> anyhow::Result<Outcome> {
    match experiment {
        Experiment::Simulate(args) => simulate::run(args, json),
        Experiment::Analyze(args) => analyze::run(args, json),
        Experiment::OffPolicy(args) => off_policy::run(args, json),
        Experiment::Replay(args) => replay::run(args, json),
        Experiment::Start(args) => start::run(args, json),
        Experiment::Watch(args) => watch::run(args, json),
        Experiment::Stop(args) => stop::run(args, json),
        Experiment::List(dir) => list::run(dir, json),
    }
}
