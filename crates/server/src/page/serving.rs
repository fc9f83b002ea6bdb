//! What serves now with what stands behind it, and what passes through it.

use super::format;
use crate::state::App;
use domain::history::History;
use maud::{Markup, html};
use serving::breaker::State;
use serving::{Link, Snapshot};

/// The section of the chain.
pub fn chain(app: &App, history: &History) -> Markup {
    let Ok(snapshot) = app.engine.snapshot() else {
        return html! { h2 { "Serving" } p.empty { "Nothing is deployed yet." } };
    };
    html! {
        h2 { "Serving now" }
        p.sub { "Who does not answer is backed up by the next one, all within " (format::duration(snapshot.deadline().as_secs_f64())) "." }
        ol.chain {
            @for (place, link) in snapshot.chain().iter().enumerate() { (card(app, history, &snapshot, place, link)) }
            li.floor {
                span.role { "the floor" }
                strong { "a constant answer" }
                span.muted { "in memory, cannot fail" }
                span.answered { (format::count(app.engine.counters().floor_rows.get())) " rows answered" }
            }
        }
    }
}

fn card(app: &App, history: &History, snapshot: &Snapshot, place: usize, link: &Link) -> Markup {
    let standing = history.version(link.version());
    let role = match place {
        0 => "incumbent",
        _ if place + 1 == snapshot.chain().len() && standing == history.baseline() => "baseline",
        _ => "then",
    };
    html! {
        li.intended[place == 0] {
            span.role { (role) }
            strong {
                @if let Some(s) = standing { "v" (s.number) " " (format::origin(&s.origin)) } @else { (link.version()) }
            }
            code title=(link.version().0) { (link.version()) }
            (health(app, link))
            span.answered { (format::count(link.answered())) " rows answered" }
        }
    }
}

fn health(app: &App, link: &Link) -> Markup {
    let (class, said) = match link.breaker(app.engine.now()).0 {
        State::Closed if link.overdue() > 0 => ("open", format!("{} calls overdue", link.overdue())),
        State::Closed => ("pass", "ready".into()),
        State::HalfOpen => ("open", "being probed".into()),
        State::Open => ("fail", "breaker open".into()),
    };
    let sign = if class == "pass" { "✓" } else { "!" };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (said) } }
}

/// The section of the counters.
pub fn traffic(app: &App) -> Markup {
    let (engine, c) = (&app.engine, app.engine.counters());
    let rows = c.intended_rows.get() + c.fallback_rows.get() + c.floor_rows.get();
    let bound = |share| {
        c.latency.quantile_bound(share).map_or("–".into(), |s| format!("≤ {}", format::duration(s)))
    };
    let other = c.fallback_rows.get() + c.floor_rows.get();
    html! {
        h2 { "Traffic" }
        dl.tiles {
            (tile("Predictions", &format::count(rows), "since this start"))
            (tile("Half within", &bound(0.5), "from arrival to answer"))
            (tile("99% within", &bound(0.99), "from arrival to answer"))
            (tile("Fell back", &format::percent(other, rows), &format!("{} rows", format::count(other))))
            (tile("In the journal", &format::count(c.journaled.get()), &format!("{} waiting", format::count(engine.queue_depth() as u64))))
            (tile("Not logged", &format::count(c.dropped()), "answered, then lost"))
            (tile("Outcomes", &format::count(c.outcomes.get()), "known since this start"))
            (tile("Out of domain", &format::percent(c.out_of_domain_rows.get(), rows), "unlike the training data"))
        }
        @if let Some(why) = engine.complaint() {
            p.alarm role="alert" { "The journal could not be written: " (why) }
        }
    }
}

fn tile(name: &str, value: &str, note: &str) -> Markup {
    html! { div { dt { (name) } dd { strong { (value) } span.muted { (note) } } } }
}
