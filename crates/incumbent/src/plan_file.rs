//! Reading `incumbent.toml`, and showing a mistake on the line it stands on.

use anyhow::Context;
use domain::Plan;
use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use std::fmt;
use std::path::{Path, PathBuf};

/// The plan's file name.
pub const NAME: &str = "incumbent.toml";

/// A mistake in the plan, with the text around it.
#[derive(Debug)]
pub struct BadPlan {
    error: domain::plan::PlanError,
    source: NamedSource<String>,
}

/// Reads and checks the plan of a folder.
pub fn read(dir: &Path) -> anyhow::Result<Plan> {
    let path = path(dir);
    if !path.exists() {
        let what = format!("no plan: {} is not there", path.display());
        return Err(crate::error::Hinted::error(
            what,
            format!("write one with: incumbent init {}", dir.display()),
        ));
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    Plan::parse(&text).map_err(|error| {
        let source = NamedSource::new(path.display().to_string(), text);
        anyhow::Error::new(BadPlan { error, source })
    })
}

/// Where a folder's plan stands.
pub fn path(dir: &Path) -> PathBuf {
    if dir.extension().is_some_and(|e| e == "toml") { dir.to_path_buf() } else { dir.join(NAME) }
}

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl std::error::Error for BadPlan {}

impl Diagnostic for BadPlan {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.hint.as_ref().map(|h| Box::new(format!("hint: {h}")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some("here".into()), self.error.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}
