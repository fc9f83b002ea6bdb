//! What every handler shares, and what the page asks of its host.

use crate::http::body::BodyLimit;
use crate::metrics::Requests;
use domain::history::History;
use lifecycle::diagnose::Found;
use lifecycle::maintenance::Maintenance;
use lifecycle::review::Desk;
use serving::Engine;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the page needs to know besides what serves. Answered from memory: it is asked every two seconds
/// by every open page.
pub trait Source: Send + Sync {
    /// Where everything stands.
    fn history(&self) -> Arc<History>;

    /// What the plan says.
    fn about(&self) -> About;

    /// How far the stage has come that runs now, if one does.
    fn progress(&self) -> Option<Progress>;

    /// The desk where people review answers; `None` where there is nothing to review.
    fn review(&self) -> Option<Arc<Desk>> {
        None
    }

    /// Where maintenance stands; `None` where this process has not looked.
    fn maintenance(&self) -> Option<Arc<Maintenance>> {
        None
    }

    /// What the last look at live traffic found, with its pictures; `None` where this process has not looked.
    fn watched(&self) -> Option<Arc<Found>> {
        None
    }
}

/// The plan, as far as the page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The model's name.
    pub model: String,
    /// The column that is predicted.
    pub target: String,
    /// The primary metric, such as `log_loss`.
    pub metric: String,
    /// Whether a larger value of it is better.
    pub higher_is_better: bool,
}

/// A stage of `up` on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Which stage.
    pub stage: String,
    /// The share done, 0 to 1.
    pub share: f64,
    /// What it is doing, in a few words.
    pub note: String,
}

/// What a server may be asked to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest and slowest body.
    pub body: BodyLimit,
    /// How long a connection may be without a request's whole headers, idle ones included.
    pub header_time: Duration,
    /// How long connections may take to end once the server was told to stop, and the journal after them.
    pub drain_time: Duration,
}

/// What every handler shares.
pub struct App {
    /// What answers.
    pub engine: Arc<Engine>,
    /// What the page shows.
    pub source: Arc<dyn Source>,
    /// What may be asked.
    pub limits: Limits,
    /// What was asked.
    pub requests: Requests,
    stopping: AtomicBool,
}

impl Default for Limits {
    fn default() -> Limits {
        let seconds = Duration::from_secs;
        let body = BodyLimit { bytes: 16 << 20, time: seconds(30) };
        Limits { body, header_time: seconds(30), drain_time: seconds(30) }
    }
}

impl App {
    /// A server's state.
    pub fn new(engine: Arc<Engine>, source: Arc<dyn Source>, limits: Limits) -> App {
        App { engine, source, limits, requests: Requests::default(), stopping: AtomicBool::new(false) }
    }

    /// Whether requests should come here: something is deployed, and the server is not stopping.
    pub fn ready(&self) -> bool {
        self.engine.snapshot().is_ok() && !self.stopping()
    }

    /// Whether the server is about to end.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
