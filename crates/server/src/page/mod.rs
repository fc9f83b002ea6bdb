//! The page: one HTML document that is whole without a script, and whose parts a small script renews.
//!
//! It only shows facts; it has no state and asks nothing of the visitor. Invariant: nothing is loaded from
//! elsewhere, and nothing is told by colour alone.

pub(crate) mod chart;
mod example;
pub mod experiment;
pub(crate) mod format;
pub mod label;
mod live;
pub mod maintenance;
mod releases;
mod serving;
mod stages;
mod verdicts;
mod versions;
pub(crate) mod watch;

use crate::state::App;
use maud::{DOCTYPE, Markup, html};

/// The style sheet.
pub const CSS: &str = include_str!("../../ui/page.css");
/// The script that renews the parts.
pub const SCRIPT: &str = include_str!("../../ui/page.js");

/// The whole document. `host` is how the visitor reached this server.
pub fn document(app: &App, host: &str) -> Markup {
    shell(&app.source.about().model, "/api/page", "Skip to what serves", parts(app, host))
}

/// What every page stands in. `source` is where its script finds the parts anew.
fn shell(title: &str, source: &str, skip: &str, parts: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · incumbent" }
                link rel="stylesheet" href="/ui/page.css";
                link rel="icon" href="data:,";
                script src="/ui/page.js" defer {}
            }
            body data-parts=(source) {
                a.skip href="#main" { (skip) }
                (parts)
                footer { p { "incumbent " (env!("CARGO_PKG_VERSION")) " · times are UTC" } }
            }
        }
    }
}

/// The parts that change, each under an id by which the script finds it.
pub fn parts(app: &App, host: &str) -> Markup {
    let (about, history, progress) = (app.source.about(), app.source.history(), app.source.progress());
    html! {
        header #top data-part="" {
            div {
                h1 { (about.model) }
                p.sub { "predicts " strong { (about.target) } " · judged by " strong { (about.metric) } }
            }
            p role="status" { (state(app)) (watch::alarm(app, &history)) (maintenance::link(&history)) }
        }
        main #main tabindex="-1" {
            section #chain data-part="" { (serving::chain(app, &history)) }
            section #release data-part="" { (experiment::section(&history)) }
            section #traffic data-part="" { (serving::traffic(app)) }
            section #versions data-part="" { (versions::section(&history, &about)) }
            section #live data-part="" { (live::section(&history, &about)) }
            section #watch data-part="" { (watch::section(app, &history)) }
            section #verdicts data-part="" { (verdicts::section(&history)) }
            section #stages data-part="" { (stages::section(&history, progress.as_ref())) }
            section #try data-part="" {
                @if let Ok(snapshot) = app.engine.snapshot() { (example::section(&snapshot, host)) }
            }
        }
    }
}

fn state(app: &App) -> Markup {
    let (class, sign, said) = match (app.ready(), app.source.progress()) {
        (true, None) => ("pass", "●", "serving".to_owned()),
        (true, Some(p)) => ("pass", "●", format!("serving · {} under way", p.stage)),
        (false, Some(p)) => ("open", "○", format!("{} under way", p.stage)),
        (false, None) => ("open", "○", "not serving".to_owned()),
    };
    html! { span class={ "badge large " (class) } { span aria-hidden="true" { (sign) } " " (said) } }
}
