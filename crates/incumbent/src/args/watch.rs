//! What may be typed after `incumbent drift` and `incumbent diagnose`.

use domain::plan::Span;
use std::path::PathBuf;

/// `incumbent drift`
#[derive(Debug, clap::Args)]
pub struct Drift {
    /// The folder with incumbent.toml: its live rows are compared with those that its incumbent was judged on
    #[arg(default_value = ".", conflicts_with = "reference")]
    pub dir: PathBuf,
    /// Without a project: the table that is compared with, .csv, .parquet or .ndjson
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
    /// The table that is compared
    #[arg(long, value_name = "FILE", requires = "reference", conflicts_with = "time")]
    pub current: Option<PathBuf>,
    /// In place of --current: the reference's own column of time; rows before --until are compared with
    #[arg(long, value_name = "COLUMN", requires = "reference", requires = "until")]
    pub time: Option<String>,
    /// The moment, such as 2009-01-31, or the number where time is one
    #[arg(long, value_name = "WHEN", requires = "time")]
    pub until: Option<String>,
    /// How long each window after it is [default: 30d]; of a project, its live rows window by window
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with = "current")]
    pub every: Option<Span>,
    /// Only these columns
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these columns
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// How far a column must have moved to count, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub effect: f64,
    /// The share of false ones among the columns that are said to have moved
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    pub alpha: f64,
    /// Do not ask whether all columns together moved: quicker
    #[arg(long)]
    pub columns_only: bool,
    /// Also write a page with pictures, one file that loads nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "time")]
    pub html: Option<PathBuf>,
}

/// `incumbent diagnose`
#[derive(Debug, clap::Args)]
pub struct Diagnose {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// What the business counts: a table of at, value
    #[arg(long, value_name = "FILE")]
    pub kpi: Option<PathBuf>,
    /// Also write a page with pictures, one file that loads nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Instead: inject known faults into a simulated pipeline, and print how often the right cause is named
    #[arg(long, conflicts_with_all = ["kpi", "html"])]
    pub simulate: bool,
    /// Simulated runs of each fault
    #[arg(long, value_name = "N", default_value_t = 50, requires = "simulate", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub runs: u64,
    /// Simulated runs without a fault
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "simulate", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub clean: u64,
    /// Where the randomness of the simulation starts
    #[arg(long, default_value_t = 1, requires = "simulate")]
    pub seed: u64,
}

fn span(text: &str) -> Result<Span, String> {
    Span::try_from(text.to_string())
        .ok()
        .filter(|span| span.0 > 0)
        .ok_or_else(|| format!("`{text}` is no span of time; write 30d, 12h, 15m or 10s"))
}
