//! What is sent to somebody: pages that are files, each one document with its style and its pictures, and the body of
//! an alarm.
//!
//! A page has the look of the page of a model, without a server behind it. Invariant: nothing is loaded from
//! elsewhere, and there is no script.

mod alarm;
mod drift;
mod experiment;
mod picture;

pub use alarm::alarm;
pub use drift::drift;
pub use experiment::experiment;

use crate::page::CSS;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The whole document.
fn document(title: &str, header: &Markup, sections: &[Markup]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · incumbent" }
                link rel="icon" href="data:,";
                style { (PreEscaped(CSS)) }
            }
            body {
                header #top { (header) }
                main { @for section in sections { section { (section) } } }
                footer { p { "incumbent " (env!("CARGO_PKG_VERSION")) " · times are UTC" } }
            }
        }
    };
    page.into_string()
}
