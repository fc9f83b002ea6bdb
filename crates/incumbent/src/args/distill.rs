//! What may be typed behind `incumbent distill`.

use clap::Subcommand;
use std::path::PathBuf;

/// `incumbent distill`
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Distill {
    /// What to do instead.
    #[command(subcommand)]
    pub instead: Option<Instead>,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Draw loss against size into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
}

/// What the teacher does besides teaching.
#[derive(Debug, Subcommand)]
pub enum Instead {
    /// Have the teacher of what serves answer many rows, and tell its student's fidelity
    Label(Label),
}

/// `incumbent distill label`
#[derive(Debug, clap::Args)]
pub struct Label {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The rows: a table with the columns that the teacher takes [default: live rows without an outcome]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Who answers: a version's number or the first digits of its id [default: the teacher of what serves]
    #[arg(long, value_name = "VERSION")]
    pub by: Option<String>,
    /// The file to write, .csv or .parquet: which row, its most probable class, and the probability of each
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
