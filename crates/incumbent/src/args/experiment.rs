//! What may be typed after `incumbent experiment`.

use super::Dir;
use clap::Subcommand;
use std::path::PathBuf;

/// Everything about releases and experiments, in the order of their life.
#[derive(Debug, Subcommand)]
pub enum Experiment {
    /// The chance of a false ship and the power of the methods used here, by simulation
    Simulate(Simulate),
    /// What a finished experiment's table says: broken rows, sample ratio, effect
    Analyze(Analyze),
    /// What another policy would have earned, from a log with propensities
    OffPolicy(OffPolicy),
    /// A challenger's answers on the traffic that was logged, beside those that were given
    Replay(Replay),
    /// Start the release of a version: shadow, canary, A/B, as the plan says
    Start(Start),
    /// Follow the running experiment in the terminal
    Watch(Watch),
    /// Stop the running experiment; the incumbent goes on
    Stop(Stop),
    /// Every experiment and how it ended
    List(Dir),
}

/// `incumbent experiment simulate`
#[derive(Debug, clap::Args)]
pub struct Simulate {
    /// How many experiments of each kind
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub runs: u64,
    /// Where the randomness starts
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `incumbent experiment analyze`
#[derive(Debug, clap::Args)]
pub struct Analyze {
    /// The table: .csv, .parquet or .ndjson, one row a unit or a visit
    pub file: PathBuf,
}

/// `incumbent experiment off-policy`
#[derive(Debug, clap::Args)]
pub struct OffPolicy {
    /// The log: one row a decision, with the action, its propensity and its reward
    pub log: PathBuf,
}

/// `incumbent experiment replay`
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The version to ask: its number or the first digits of its id
    #[arg(long)]
    pub challenger: String,
    /// Only the newest N logged predictions
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
}

/// `incumbent experiment start`
#[derive(Debug, clap::Args)]
pub struct Start {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The version to release: its number or the first digits of its id
    #[arg(long)]
    pub challenger: String,
    /// Start although the gate has not passed it
    #[arg(long)]
    pub ungated: bool,
}

/// `incumbent experiment watch`
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Print where it stands and end, instead of following it
    #[arg(long)]
    pub once: bool,
}

/// `incumbent experiment stop`
#[derive(Debug, clap::Args)]
pub struct Stop {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Why, for the record
    #[arg(long, default_value = "stopped by hand")]
    pub why: String,
}
