//! The training transform: whatever computed the model's inputs when it was trained, asked to do so again for logged
//! rows.
//!
//! # The contract, version 1
//!
//! The program runs in the plan's folder, without a shell, with `INCUMBENT_CONTRACT` = `1`, `INCUMBENT_ROWS`, the path
//! of a Parquet file with the logged rows and all that came along with them, and `INCUMBENT_OUTPUT`, the path where it
//! must write a table (`.csv`) with as many rows in the same order, and the recomputed columns under the names of the
//! model's inputs. It must end with code 0 within the time limit of `[train]`.

use crate::{Project, StageError};
use domain::Table;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often the running program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Recomputes inputs.
pub trait Transform: Send + Sync {
    /// The model's inputs of these logged rows, row by row.
    fn recompute(&self, rows: &Table) -> Result<Table, StageError>;
}

/// The plan's own program.
pub struct Program {
    argv: Vec<String>,
    folder: std::path::PathBuf,
    limit: Duration,
}

impl Program {
    /// The plan's `watch.transform`, if it names one.
    pub fn of(project: &Project) -> Option<Program> {
        let argv = project.plan.watch.transform.clone();
        let limit = Duration::from_micros(project.plan.train.time_limit.0.unsigned_abs());
        (!argv.is_empty()).then(|| Program { argv, folder: project.dir.clone(), limit })
    }

    fn failed(&self, why: impl std::fmt::Display) -> StageError {
        let words = self.argv.join(" ");
        StageError::data(
            &format!("watch.transform `{words}`"),
            why.to_string(),
            "see `incumbent plan --explain`",
        )
    }

    fn run(&self, rows: &Path, output: &Path) -> Result<(), StageError> {
        let mut child = Command::new(&self.argv[0])
            .args(&self.argv[1..])
            .current_dir(&self.folder)
            .env("INCUMBENT_CONTRACT", "1")
            .env("INCUMBENT_ROWS", rows)
            .env("INCUMBENT_OUTPUT", output)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|e| self.failed(format!("could not be started: {e}")))?;
        let begun = Instant::now();
        loop {
            let ended = child.try_wait().map_err(|e| self.failed(e))?;
            match ended {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(format!("ended with {status}, expected 0"))),
                None if begun.elapsed() > self.limit => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(self.failed(format!("took longer than {} s", self.limit.as_secs())));
                }
                None => std::thread::sleep(LOOK),
            }
        }
    }
}

impl Transform for Program {
    fn recompute(&self, rows: &Table) -> Result<Table, StageError> {
        let folder = tempfile::tempdir().map_err(|e| self.failed(format!("got no folder: {e}")))?;
        let (input, output) = (folder.path().join("rows.parquet"), folder.path().join("columns.csv"));
        store::files::write_parquet(&input, rows)?;
        self.run(&input, &output)?;
        let found = store::files::read_table(&output, &store::files::ReadOptions::default())?;
        if found.rows() != rows.rows() {
            let why = format!("wrote {} rows, expected {}", found.rows(), rows.rows());
            return Err(self.failed(why));
        }
        Ok(found)
    }
}
