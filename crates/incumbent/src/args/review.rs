//! What may be typed behind `incumbent review`.

use clap::Subcommand;
use std::path::PathBuf;

/// `incumbent review`
#[derive(Debug, Subcommand)]
pub enum Review {
    /// How far people are, how they agree, what was certified, and how often the model is wrong on live rows
    List(List),
    /// Write items for another labelling tool: Label Studio tasks (.json), .csv or .ndjson
    Export(Export),
    /// Take answers from a file: Label Studio's export (.json), or .csv or .ndjson with prediction_id, label and worker
    Import(Import),
}

/// `incumbent review list`
#[derive(Debug, clap::Args)]
pub struct List {
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// `incumbent review export`
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file to write; its ending says the form
    pub file: PathBuf,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Also items that have their label
    #[arg(long)]
    pub all: bool,
}

/// `incumbent review import`
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file to read; its ending says the form
    pub file: PathBuf,
    /// The folder with incumbent.toml
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The server that runs on this project [default: the plan's serve.address]
    #[arg(long)]
    pub address: Option<String>,
}
