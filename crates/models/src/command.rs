//! The plan's own trainer: any program that reads a table and writes an ONNX graph.
//!
//! Not a shell: the words of the command are handed over as they are. Invariant: when a fit returns, nothing
//! that the command started in its process group is running, and what is returned has been loaded, run, and
//! found to answer the same rows alike one by one and together.
//!
//! # The contract, version 1
//!
//! The command runs in the plan's folder, with these environment variables beside those it inherits:
//!
//! | variable | what it holds |
//! | --- | --- |
//! | `INCUMBENT_CONTRACT` | `1` |
//! | `INCUMBENT_DATA` | the path of `train.csv`: the training rows, see [`data`] for its cells |
//! | `INCUMBENT_SCHEMA` | the path of `schema.json`: what the columns hold, and what is to be answered |
//! | `INCUMBENT_OUTPUT` | the path where the model must be written |
//! | `INCUMBENT_SEED` | where all randomness should start |
//! | `INCUMBENT_TARGET` | the name of the target's column |
//! | `INCUMBENT_TASK` | `classification`, `regression` or `forecasting` |
//!
//! A line `progress 0.4` on stdout tells the share done; all else it says is shown and kept in `output.log`. It must end
//! with code 0 within the time limit. The graph takes raw columns by their names and answers `probabilities`
//! `[N, K]` in the order of the schema's classes, `value` `[N, 1]` or `forecast` `[N, horizon]`, as
//! [`crate::onnx`] says.

mod check;
mod data;
mod run;
mod said;

pub use said::Said;

use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::supervise;
use domain::{Examples, Target, Task};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The trainer `command`.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The folder that it runs in: the plan's.
    pub folder: PathBuf,
    /// Every fit makes a fresh folder in this one, and leaves what the command said there.
    pub work: PathBuf,
    /// How long it may take.
    pub time_limit: Duration,
    /// The name of the target's column.
    pub target: String,
    /// What it says while it runs.
    pub said: Said,
}

/// The files of one fit.
struct Files {
    data: PathBuf,
    schema: PathBuf,
    output: PathBuf,
    log: PathBuf,
}

impl Fit for Command {
    fn name(&self) -> &str {
        "command"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        self.check(data)?;
        let files = Files::fresh(&self.work).map_err(|e| self.failed(format!("got no work folder: {e}")))?;
        let written = self.write(data, &files);
        written.map_err(|e| self.failed(format!("could not be given its data: {e}")))?;
        let result = run::run(self, &files, seed, task(&data.target), progress);
        // The copy of the data goes, whatever came of it: only the plan's own files are kept for long.
        let removed = std::fs::remove_file(&files.data);
        result?;
        removed.map_err(|e| self.failed(format!("left data that cannot be removed: {e}")))?;
        check::read(self, &files.output, data)
    }

    fn said(&self) -> Vec<String> {
        self.said.take()
    }
}

impl Command {
    /// The words, as people would write them.
    fn words(&self) -> String {
        self.argv.join(" ")
    }

    fn failed(&self, why: String) -> FitError {
        FitError::Command { command: self.words(), why }
    }

    fn check(&self, data: &Examples) -> Result<(), FitError> {
        if data.is_empty() {
            return Err(supervise::bad(self.name(), "there are no rows".into()));
        }
        if data.target.len() != data.len() {
            let (rows, found) = (data.len(), data.target.len());
            return Err(supervise::bad(self.name(), format!("{rows} rows come with {found} targets")));
        }
        let taken = |name: &str| name == self.target || data::OWN_COLUMNS.contains(&name);
        match data.rows.columns().iter().find(|c| taken(&c.name)) {
            None => Ok(()),
            Some(column) => {
                let why = format!(
                    "column `{}` has the name of the target or of another column of the contract",
                    column.name
                );
                Err(supervise::bad(self.name(), why))
            }
        }
    }

    fn write(&self, data: &Examples, files: &Files) -> io::Result<()> {
        let table = std::fs::File::create(&files.data)?;
        data::write_csv(data, &self.target, io::BufWriter::new(table))?;
        std::fs::write(&files.schema, data::schema(data, &self.target))
    }
}

impl Files {
    /// The files in a folder that was not there before: the first free number in `work`.
    fn fresh(work: &Path) -> io::Result<Files> {
        std::fs::create_dir_all(work)?;
        let work = work.canonicalize()?;
        for number in 1.. {
            let folder = work.join(number.to_string());
            match std::fs::create_dir(&folder) {
                Ok(()) => return Ok(Files::within(folder)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::Error::other("every number is taken"))
    }

    fn within(folder: PathBuf) -> Files {
        let file = |name| folder.join(name);
        let (data, schema) = (file("train.csv"), file("schema.json"));
        let (output, log) = (file("model.onnx"), file("output.log"));
        Files { data, schema, output, log }
    }
}

fn task(target: &Target) -> Task {
    match target {
        Target::Class { .. } | Target::Soft { .. } => Task::Classification,
        Target::Number(_) => Task::Regression,
        Target::Path { .. } => Task::Forecasting,
    }
}

#[cfg(test)]
mod tests;
