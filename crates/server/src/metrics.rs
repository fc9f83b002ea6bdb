//! `/metrics`: the counters of the data plane, of HTTP and of gRPC, in Prometheus' text format. Names end in units.

mod diagnosis;

use crate::state::App;
use domain::Arm;
use serving::breaker::State;
use serving::counters::{BOUNDS, Histogram};
use serving::failure::Reason;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tonic::Code;

/// HTTP requests by route, method and status, and how long they took.
#[derive(Debug, Default)]
pub struct Requests {
    counts: RwLock<BTreeMap<Kind, AtomicU64>>,
    grpc: RwLock<BTreeMap<(String, i32), AtomicU64>>,
    took: Histogram,
}

/// One kind of request. The route is the pattern, not the path, so that their number is bounded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Such as `/v2/models/{name}/infer`.
    pub route: String,
    /// Such as `POST`.
    pub method: String,
    /// Such as 200.
    pub status: u16,
}

/// The text under construction.
struct Page {
    text: String,
}

impl Requests {
    /// Counts one request.
    pub fn count(&self, kind: Kind, took: Duration) {
        self.took.observe(took);
        add(&self.counts, kind);
    }

    /// Counts one call of gRPC by its method, whose number is bounded by the routes, and its code.
    pub fn count_grpc(&self, method: String, code: Code) {
        add(&self.grpc, (method, code as i32));
    }
}

fn add<K: Ord>(counts: &RwLock<BTreeMap<K, AtomicU64>>, key: K) {
    if let Some(count) = counts.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        count.fetch_add(1, Ordering::Relaxed);
        return;
    }
    let mut counts = counts.write().unwrap_or_else(PoisonError::into_inner);
    counts.entry(key).or_default().fetch_add(1, Ordering::Relaxed);
}

/// Everything, as text.
pub fn render(app: &App) -> String {
    let mut page = Page { text: String::new() };
    http(&mut page, &app.requests);
    answers(&mut page, app);
    journal(&mut page, app);
    versions(&mut page, app);
    experiment(&mut page, app);
    if let Some(newest) = app.source.history().diagnoses.last() {
        diagnosis::write(&mut page, newest);
    }
    page.text
}

fn http(page: &mut Page, requests: &Requests) {
    page.head("incumbent_http_requests_total", "counter", "HTTP requests by route, method and status.");
    for (kind, count) in requests.counts.read().unwrap_or_else(PoisonError::into_inner).iter() {
        let status = kind.status.to_string();
        let labels = [("route", kind.route.as_str()), ("method", &kind.method), ("status", &status)];
        page.line("incumbent_http_requests_total", &labels, count.load(Ordering::Relaxed) as f64);
    }
    let help = "From an HTTP request's headers to its answer's.";
    page.histogram("incumbent_http_request_duration_seconds", help, &requests.took);
    let name = "incumbent_grpc_requests_total";
    page.head(name, "counter", "gRPC calls by method and code; 0 is OK.");
    for ((method, code), count) in requests.grpc.read().unwrap_or_else(PoisonError::into_inner).iter() {
        let labels = [("method", method.as_str()), ("code", &code.to_string())];
        page.line(name, &labels, count.load(Ordering::Relaxed) as f64);
    }
}

fn answers(page: &mut Page, app: &App) {
    let (engine, counters) = (&app.engine, app.engine.counters());
    let name = "incumbent_predictions_total";
    page.head(name, "counter", "Rows answered, by who answered.");
    let by = [
        ("intended", &counters.intended_rows),
        ("fallback", &counters.fallback_rows),
        ("floor", &counters.floor_rows),
    ];
    for (who, rows) in by {
        page.line(name, &[("served_by", who)], rows.get() as f64);
    }
    let name = "incumbent_fallback_total";
    page.head(name, "counter", "Times that a version did not answer, by reason.");
    for reason in Reason::ALL {
        page.line(name, &[("reason", reason.name())], counters.failures(reason).get() as f64);
    }
    let help = "From a prediction request's arrival to its answer.";
    page.histogram("incumbent_prediction_duration_seconds", help, &counters.latency);
    page.counter(
        "incumbent_overloaded_requests_total",
        "Requests refused for lack of a permit.",
        counters.overloaded.get(),
    );
    page.counter(
        "incumbent_invalid_requests_total",
        "Requests that did not fit the signature.",
        counters.invalid.get(),
    );
    page.counter(
        "incumbent_out_of_domain_rows_total",
        "Rows unlike the training data.",
        counters.out_of_domain_rows.get(),
    );
    page.counter(
        "incumbent_review_rows_total",
        "Rows whose answer is for people to look at.",
        counters.review_rows.get(),
    );
    page.gauge("incumbent_requests_in_flight", "Prediction requests under way.", engine.in_flight() as f64);
}

fn journal(page: &mut Page, app: &App) {
    let (engine, counters) = (&app.engine, app.engine.counters());
    page.gauge(
        "incumbent_journal_queue_rows",
        "Rows that wait for the journal.",
        engine.queue_depth() as f64,
    );
    page.counter(
        "incumbent_journaled_predictions_total",
        "Predictions that are durable.",
        counters.journaled.get(),
    );
    let name = "incumbent_dropped_predictions_total";
    page.head(name, "counter", "Predictions answered but not logged, by reason.");
    page.line(name, &[("reason", "queue_full")], counters.dropped_full.get() as f64);
    page.line(name, &[("reason", "journal_failed")], counters.dropped_failed.get() as f64);
    page.counter("incumbent_outcomes_total", "Outcomes that are durable.", counters.outcomes.get());
    page.counter(
        "incumbent_journaled_shadows_total",
        "Shadow answers that are durable.",
        counters.shadows.get(),
    );
    page.counter(
        "incumbent_dropped_shadows_total",
        "Shadow answers that were given but not logged.",
        counters.shadows_dropped.get(),
    );
}

fn versions(page: &mut Page, app: &App) {
    let Ok(snapshot) = app.engine.snapshot() else { return };
    let name = "incumbent_version_info";
    page.head(name, "gauge", "1 for each version of the chain, with its place; 0 is the intended one.");
    for (place, link) in snapshot.chain().iter().enumerate() {
        let place = place.to_string();
        let labels = [("model", snapshot.model()), ("version", &link.version().0), ("place", &place)];
        page.line(name, &labels, 1.0);
    }
    let (rows, late) = ("incumbent_version_rows_total", "incumbent_version_late_calls_total");
    let (overdue, open) = ("incumbent_version_overdue_calls", "incumbent_version_breaker_open_ratio");
    page.each(rows, "counter", "Rows that the version answered.", &snapshot, |link| link.answered() as f64);
    page.each(late, "counter", "Calls that missed their deadline.", &snapshot, |link| link.late() as f64);
    page.each(overdue, "gauge", "Late calls that have not come back.", &snapshot, |link| {
        link.overdue() as f64
    });
    let now = app.engine.now();
    let help = "1 while the version is not asked, 0.5 while it is probed, else 0.";
    page.each(open, "gauge", help, &snapshot, |link| match link.breaker(now).0 {
        State::Closed => 0.0,
        State::HalfOpen => 0.5,
        State::Open => 1.0,
    });
}

/// The experiment under way. Its counts begin anew with every experiment, which its label tells.
fn experiment(page: &mut Page, app: &App) {
    let Some(trial) = app.engine.trial() else { return };
    let (id, tally) = (trial.experiment().0.as_str(), trial.tally());
    let share = "incumbent_experiment_treatment_ratio";
    page.head(share, "gauge", "The share of all units that see the challenger.");
    let step = trial.phase().step.to_string();
    page.line(share, &[("experiment", id), ("step", &step)], trial.phase().treatment);
    type Count<'a> = &'a dyn Fn(Arm) -> u64;
    let by_arm: [(&str, &str, Count<'_>); 2] = [
        ("incumbent_experiment_rows_total", "Rows assigned, by arm.", &|arm| tally.rows(arm).get()),
        (
            "incumbent_experiment_fallback_rows_total",
            "Rows that another version than their arm's had to answer.",
            &|arm| tally.fell_back(arm).get(),
        ),
    ];
    for (name, help, count) in by_arm {
        page.head(name, "counter", help);
        for arm in [Arm::Control, Arm::Treatment] {
            page.line(name, &[("experiment", id), ("arm", &arm.to_string())], count(arm) as f64);
        }
    }
    let name = "incumbent_experiment_without_unit_rows_total";
    page.head(name, "counter", "Rows without a unit, which take no part.");
    page.line(name, &[("experiment", id)], tally.without_unit.get() as f64);
    let name = "incumbent_shadow_rows_total";
    page.head(name, "counter", "Rows asked of the challenger in shadow, by what became of them.");
    let told = [
        ("answered", &tally.shadow_answered),
        ("failed", &tally.shadow_failed),
        ("left_out", &tally.shadow_left_out),
    ];
    for (what, count) in told {
        page.line(name, &[("experiment", id), ("result", what)], count.get() as f64);
    }
    let name = "incumbent_experiment_stopped_ratio";
    page.head(name, "gauge", "1 once the challenger was stopped for harm, else 0.");
    page.line(name, &[("experiment", id)], if trial.tripped().is_some() { 1.0 } else { 0.0 });
}

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escape(v))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.line(name, &[], value as f64);
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "gauge", help);
        self.line(name, &[], value);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let counts = histogram.cumulative();
        let bounds = BOUNDS.iter().map(f64::to_string).chain(["+Inf".into()]);
        for (bound, count) in bounds.zip(&counts) {
            self.line(&format!("{name}_bucket"), &[("le", &bound)], *count as f64);
        }
        self.line(&format!("{name}_sum"), &[], histogram.total_seconds());
        self.line(&format!("{name}_count"), &[], counts.last().copied().unwrap_or(0) as f64);
    }

    fn each(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        snapshot: &serving::Snapshot,
        value: impl Fn(&serving::Link) -> f64,
    ) {
        self.head(name, kind, help);
        let mut told = Vec::new();
        for link in snapshot.links().filter(|link| {
            let is_new = !told.contains(link.version());
            told.push(link.version().clone());
            is_new
        }) {
            self.line(name, &[("version", &link.version().0)], value(link));
        }
    }
}

fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_histograms_end_in_infinity() {
        let mut page = Page { text: String::new() };
        page.line("a_total", &[("k", "x\"y\\z\n")], 2.0);
        assert_eq!(page.text, "a_total{k=\"x\\\"y\\\\z\\n\"} 2\n");
        let histogram = Histogram::default();
        histogram.observe(Duration::from_micros(300));
        page.histogram("took_seconds", "Time.", &histogram);
        for line in [
            "took_seconds_bucket{le=\"0.00025\"} 0",
            "took_seconds_bucket{le=\"+Inf\"} 1",
            "took_seconds_sum 0.0003",
            "took_seconds_count 1",
        ] {
            assert!(page.text.lines().any(|l| l == line), "{line} in\n{}", page.text);
        }
    }
}
