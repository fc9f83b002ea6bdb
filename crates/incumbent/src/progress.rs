//! Progress for people: a bar on a terminal, plain lines elsewhere. All of it goes to stderr.

use crate::interrupt;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Shows how far a stage has come, and stops it when somebody asks.
pub struct Shown {
    bar: Option<ProgressBar>,
    stage: String,
    begun: Instant,
    watched: Arc<Mutex<Option<server::Progress>>>,
}

impl Shown {
    /// Nothing shown yet.
    pub fn new() -> Shown {
        Shown { bar: None, stage: String::new(), begun: Instant::now(), watched: Arc::default() }
    }

    /// The same progress, as the page asks for it.
    pub fn watched(&self) -> Arc<Mutex<Option<server::Progress>>> {
        Arc::clone(&self.watched)
    }

    /// Ends the last stage's bar.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

impl lifecycle::Progress for Shown {
    fn begin(&mut self, stage: &str, what: &str) {
        self.finish();
        (self.stage, self.begun) = (stage.to_string(), Instant::now());
        let shown = server::Progress { stage: stage.into(), share: 0.0, note: what.into() };
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        self.line(&format!("{stage:<9} {what}"));
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("          {wide_bar} {percent:>3}% {elapsed}");
            let bar = ProgressBar::new(1_000);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar = Some(bar);
        }
    }

    fn share(&mut self, share: f64) -> bool {
        if let Some(bar) = &self.bar {
            bar.set_position((share * 1_000.0) as u64);
        }
        if let Some(shown) = &mut *self.watched.lock().unwrap_or_else(PoisonError::into_inner) {
            shown.share = share;
        }
        !interrupt::asked()
    }

    fn say(&mut self, line: &str) {
        self.line(&format!("          {line}"));
    }
}
