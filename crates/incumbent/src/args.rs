//! What may be typed.

mod distill;
mod experiment;
mod review;
mod watch;

pub use distill::{Distill, Instead, Label};
pub use experiment::{Analyze, Experiment, OffPolicy, Replay, Simulate, Start, Stop, Watch};
pub use review::{Export as ReviewExport, Import as ReviewImport, List as ReviewList, Review};
pub use watch::{Diagnose, Drift};

use clap::{Parser, Subcommand};
use domain::plan::Span;
use std::path::PathBuf;

/// From a model's first baseline to production, and keeping it there.
#[derive(Debug, Parser)]
#[command(name = "incumbent", version, about, max_term_width = 100)]
pub struct Args {
    /// Print data as JSON on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order of a model's life.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a plan for a table: its types, target, time and identifier columns inferred
    Init(Init),
    /// Check the plan, explain its keys, or print its JSON schema
    Plan(Plan),
    /// The main job: baseline, train, gate, publish, serve, and keep it there
    Up(Up),
    /// Every fitting baseline, with intervals; people's accuracy; or a forecasting competition's scores
    Baseline(Baseline),
    /// Train a challenger and register it
    Train(Train),
    /// Register a model made elsewhere: ONNX from scikit-learn, LightGBM, XGBoost, CatBoost, PyTorch
    Import(Import),
    /// Judge a challenger against the incumbent: pass, fail, or not enough evidence
    Gate(Gate),
    /// Shadow, canary and A/B: start, watch, stop; analysis of experiments and logs
    #[command(subcommand)]
    Experiment(Experiment),
    /// What moved: live rows beside the reference, two files, or a table over time
    Drift(Drift),
    /// Why production disappoints: one cause and one action, from exact checks to statistics
    Diagnose(Diagnose),
    /// What people say of answers that the model doubts: how far they are, items and answers as files
    #[command(subcommand)]
    Review(Review),
    /// A big teacher, and the small student that learns from it and fits the budget
    Distill(Distill),
    /// Train and judge on the labelled rows that live traffic brought
    Retrain(Retrain),
    /// Serve the incumbent over HTTP, with the page
    Serve(Serve),
    /// Report what turned out to be true, from a table of prediction_id or unit, at, value
    Outcomes(Outcomes),
    /// Where every version stands
    Status(Dir),
    /// Every event, oldest first
    History(History),
    /// The whole story of one prediction or one version
    Trace(Trace),
    /// Write a version's files into a folder: model.onnx, signature.json, golden.parquet, card.md
    Export(Export),
}

/// A project.
#[derive(Debug, clap::Args)]
pub struct Dir {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// `incumbent init`
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder to write incumbent.toml into
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The table: .csv, .parquet or .ndjson [default: the only one in the folder]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// The column to predict
    #[arg(long)]
    pub target: Option<String>,
    /// Take every guess and ask nothing
    #[arg(long, short)]
    pub yes: bool,
}

/// `incumbent plan`
#[derive(Debug, clap::Args)]
pub struct Plan {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Print every key with its value here, its default, and the reason for it
    #[arg(long)]
    pub explain: bool,
    /// Print the JSON schema that editors use
    #[arg(long)]
    pub schema: bool,
}

/// `incumbent up`
#[derive(Debug, clap::Args)]
pub struct Up {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Send the rows after data.until to our own door as live traffic, this fast: 1d/s is a day each second
    #[arg(long, value_name = "SPAN/s", value_parser = speed)]
    pub replay: Option<Span>,
    /// Where to listen [default: the plan's serve.address; port 0 takes a free one]
    #[arg(long)]
    pub address: Option<String>,
    /// Stop after the last stage, or after the replay, instead of serving on
    #[arg(long)]
    pub once: bool,
}

/// `incumbent baseline`
#[derive(Debug, clap::Args)]
pub struct Baseline {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// People's answers instead: a page on which they label test rows, or a table of item, worker, label, and truth
    /// where it is known
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["competition", "accuracy"])]
    pub people: Option<Option<PathBuf>>,
    /// The true labels of those items: a table of item, truth
    #[arg(long, value_name = "FILE", requires = "people")]
    pub truth: Option<PathBuf>,
    /// How many test rows people label on the page
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = count, requires = "people")]
    pub items: usize,
    /// How many people label each of them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = count, requires = "people")]
    pub each: usize,
    /// Tell what the page's labels come to so far, and start no page
    #[arg(long, requires = "people")]
    pub report: bool,
    /// Where the page listens; 0.0.0.0:8086 lets colleagues come, port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8086", requires = "people")]
    pub address: String,
    /// A published accuracy of people as the baseline: a share and the number of items, such as 0.835/1000
    #[arg(long, value_name = "SHARE/ITEMS")]
    pub accuracy: Option<String>,
    /// Score every forecasting method on a competition's table of train and test series
    #[arg(long, value_name = "FILE", conflicts_with = "accuracy")]
    pub competition: Option<PathBuf>,
}

/// `incumbent train`
#[derive(Debug, clap::Args)]
pub struct Train {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The trainer [default: the plan's last]
    #[arg(long)]
    pub trainer: Option<String>,
    /// Train on the newest N training rows only
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Shuffle the labels first: a challenger that the gate must not let through
    #[arg(long)]
    pub shuffle_labels: bool,
}

/// `incumbent import`
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The ONNX file
    pub file: PathBuf,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Raw rows with the maker's own answers: a table of the columns and `probabilities:CLASS` each, or `value`
    #[arg(long, value_name = "FILE")]
    pub golden: Option<PathBuf>,
    /// The columns that make up the model's one matrix, in its order [default: all number columns]
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub features: Vec<String>,
    /// The output that answers, where the file has several
    #[arg(long, value_name = "NAME")]
    pub answer: Option<String>,
    /// The classes in the model's order, where the file does not name them [default: sorted]
    #[arg(long, value_name = "CLASS,...", value_delimiter = ',')]
    pub classes: Vec<String>,
    /// The model answers logits: softmax or sigmoid is added
    #[arg(long)]
    pub logits: bool,
    /// The model answers a label only: it counts as a probability of 1
    #[arg(long, conflicts_with = "logits")]
    pub one_hot: bool,
    /// What pixels are divided by first: 255 for a model that was trained on 0 to 1
    #[arg(long, value_name = "NUMBER")]
    pub divide: Option<f32>,
}

/// `incumbent gate`
#[derive(Debug, clap::Args)]
pub struct Gate {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The challenger: a version's number or the first digits of its id [default: the newest not judged yet]
    #[arg(long)]
    pub challenger: Option<String>,
    /// Judge on the newest N rows of the test part only
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Also write the verdict as Markdown, for a pull request
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Also write the verdict as JUnit XML, for CI
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// `incumbent retrain`
#[derive(Debug, clap::Args)]
pub struct Retrain {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Do not wait for a trigger, and do not heed a diagnosis
    #[arg(long, conflicts_with_all = ["why", "cadence"])]
    pub now: bool,
    /// Tell what it waits for and why it ran before, and train nothing
    #[arg(long, conflicts_with = "cadence")]
    pub why: bool,
    /// How often instead: how the trainer ages by paired backtests, and the cadence that costs least
    #[arg(long)]
    pub cadence: bool,
    /// At how many origins models are trained for that
    #[arg(long, value_name = "N", default_value_t = lifecycle::decay::BLOCKS, value_parser = origins, requires = "cadence")]
    pub origins: usize,
}

/// `incumbent serve`
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Where to listen [default: the plan's serve.address; port 0 takes a free one]
    #[arg(long)]
    pub address: Option<String>,
}

/// `incumbent outcomes`
#[derive(Debug, clap::Args)]
pub struct Outcomes {
    /// The table: .csv, .parquet or .ndjson with `value` and `prediction_id`, or `value`, `unit` and `at`
    pub file: PathBuf,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The server that runs on this project [default: the plan's serve.address]
    #[arg(long)]
    pub address: Option<String>,
}

/// `incumbent history`
#[derive(Debug, clap::Args)]
pub struct History {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Judge every recorded verdict again from its facts, and fail if any comes out differently
    #[arg(long)]
    pub replay: bool,
}

/// `incumbent trace`
#[derive(Debug, clap::Args)]
pub struct Trace {
    /// A prediction's id, or a version's number or first digits
    pub id: String,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// `incumbent export`
#[derive(Debug, clap::Args)]
pub struct Export {
    /// A version's number or the first digits of its id
    pub version: String,
    /// The folder to write
    pub out: PathBuf,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// One or more.
fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| format!("`{text}` is no number of 1 or more"))
}

/// As many as an interval needs.
fn origins(text: &str) -> Result<usize, String> {
    let least = lifecycle::decay::paired::LEAST_BLOCKS;
    let found = text.parse().ok().filter(|origins| *origins >= least);
    found.ok_or_else(|| format!("`{text}` is no number of {least} or more"))
}

/// `1d/s`: so much of the table's time in one second.
fn speed(text: &str) -> Result<Span, String> {
    let expected = || format!("`{text}` is no speed; write 1d/s, or 12h/s");
    let span = text.strip_suffix("/s").ok_or_else(expected)?;
    let span = Span::try_from(span.to_string()).map_err(|_| expected())?;
    if span.0 > 0 { Ok(span) } else { Err(expected()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn a_speed_is_a_span_each_second() {
        assert_eq!(speed("1d/s"), Ok(Span(domain::time::DAY)));
        assert!(speed("1d").is_err() && speed("0d/s").is_err() && speed("fast/s").is_err());
    }
}
