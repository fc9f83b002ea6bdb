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
    /// The column of the unit that was assigned, such as the user [default: guessed, as all columns are]
    #[arg(long, value_name = "COLUMN")]
    pub unit: Option<String>,
    /// The column of the arm that the unit was assigned to
    #[arg(long, value_name = "COLUMN")]
    pub arm: Option<String>,
    /// The arm that the other one is compared with
    #[arg(long, value_name = "VALUE")]
    pub control: Option<String>,
    /// The other arm; rows of any third arm are set aside
    #[arg(long, value_name = "VALUE")]
    pub treatment: Option<String>,
    /// A column of an outcome: a number, or yes and no; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub outcome: Vec<String>,
    /// The column of what the unit was shown, which must agree with the arm
    #[arg(long, value_name = "COLUMN")]
    pub exposure: Option<String>,
    /// The column of the time
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// The shares of units that control and treatment were meant to get [default: 0.5,0.5]
    #[arg(long, value_name = "SHARE,SHARE", value_parser = shares)]
    pub shares: Option<[f64; 2]>,
    /// Also write a page with pictures, one file that loads nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `incumbent experiment off-policy`
#[derive(Debug, clap::Args)]
pub struct OffPolicy {
    /// The log: one row a decision, oldest first, with the action, its propensity and its reward
    pub log: PathBuf,
    /// The policy to ask about: `uniform`, a log with the same columns that it was drawn by, or a table of
    /// context, action, probability
    #[arg(long, value_name = "uniform|FILE")]
    pub target: String,
    /// The column of the action [default: guessed, as all columns are]
    #[arg(long, value_name = "COLUMN")]
    pub action: Option<String>,
    /// The column of the reward
    #[arg(long, value_name = "COLUMN")]
    pub reward: Option<String>,
    /// The column of the probability with which the logged action was drawn
    #[arg(long, value_name = "COLUMN")]
    pub propensity: Option<String>,
    /// A column that the target's choice depends on; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub context: Vec<String>,
    /// The largest weight that counts where weights are clipped
    #[arg(long, value_name = "WEIGHT", default_value_t = domain::off_policy::CLIP, value_parser = weight)]
    pub clip: f64,
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

/// `0.9,0.1`: two numbers above 0; what counts is their proportion.
fn shares(text: &str) -> Result<[f64; 2], String> {
    let expected = || format!("`{text}` is no pair of shares; write 0.5,0.5");
    let (control, treatment) = text.split_once(',').ok_or_else(expected)?;
    let share = |text: &str| {
        let share = text.trim().parse::<f64>().ok().filter(|x| x.is_finite() && *x > 0.0);
        share.ok_or_else(expected)
    };
    Ok([share(control)?, share(treatment)?])
}

fn weight(text: &str) -> Result<f64, String> {
    let weight = text.parse::<f64>().ok().filter(|x| x.is_finite() && *x > 0.0);
    weight.ok_or_else(|| format!("`{text}` is no number above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_two_numbers_above_0() {
        assert_eq!(shares("0.9, 0.1"), Ok([0.9, 0.1]));
        for wrong in ["0.5", "1,0", "a,b", "0.5,0.3,0.2", "inf,1"] {
            assert!(shares(wrong).is_err(), "{wrong}");
        }
        assert_eq!((weight("20"), weight("-1").is_err()), (Ok(20.0), true));
    }
}
