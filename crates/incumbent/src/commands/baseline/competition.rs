//! Scores of every forecasting method on a competition's series.

use crate::Outcome;
use std::path::Path;

/// Scores the series of a file.
pub fn run(_file: &Path, _json: bool) -> anyhow::Result<Outcome> {
    anyhow::bail!("being written")
}
