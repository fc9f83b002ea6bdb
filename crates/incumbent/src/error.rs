//! Errors for people: what was attempted, why it could not be done, and what to do about it.

use crate::plan_file::BadPlan;
use lifecycle::StageError;

/// Prints an error and its causes on stderr; a mistake in the plan with the line it stands on.
pub fn print(error: &anyhow::Error) {
    if let Some(plan) = error.downcast_ref::<BadPlan>() {
        let mut text = String::new();
        let theme = miette::GraphicalTheme::unicode_nocolor();
        let rendered =
            miette::GraphicalReportHandler::new_themed(theme).with_width(100).render_report(&mut text, plan);
        match rendered {
            Ok(()) => eprint!("error:{text}"),
            Err(_) => eprintln!("error: {plan}"),
        }
        return;
    }
    eprintln!("error: {error}");
    let mut seen = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !seen.contains(&cause) {
            eprintln!("  caused by: {cause}");
        }
        seen = cause;
    }
    if let Some(hint) = hint(error) {
        eprintln!("hint: {hint}");
    }
}

/// An error with a word on what to do about it.
#[derive(Debug)]
pub struct Hinted {
    what: String,
    hint: String,
}

impl Hinted {
    /// What happened, and what to do.
    pub fn error(what: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Hinted { what: what.into(), hint: hint.into() })
    }
}

impl std::fmt::Display for Hinted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Hinted {}

fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let stage = cause.downcast_ref::<StageError>().and_then(StageError::hint);
        let read = || cause.downcast_ref::<store::files::ReadError>().and_then(store::files::ReadError::hint);
        let own = || cause.downcast_ref::<Hinted>().map(|h| h.hint.clone());
        stage.or_else(read).or_else(own)
    })
}
