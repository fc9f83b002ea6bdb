//! The page where people label items, one at a time, with the keyboard alone: test rows, or answers to review.
//!
//! Its document holds no item: the script asks for them by the person's name, so that what one person is shown
//! depends on nobody else's page. Invariant: it shows neither the truth nor what a model says.

use crate::label::KEYS;
use lifecycle::labelling::LONGEST_NAME;
use maud::{DOCTYPE, Markup, html};

/// The style sheet, behind that of every page.
pub const CSS: &str = include_str!("../../ui/label.css");
/// The script.
pub const SCRIPT: &str = include_str!("../../ui/label.js");
/// Up to so many classes stay in sight under a long item.
const FEW: usize = 4;
/// How many items a page has ready.
pub const AHEAD: usize = 4;

/// What the page is about.
pub struct Sheet<'a> {
    /// The column that people tell.
    pub target: &'a str,
    /// The classes, in the order of their keys.
    pub classes: &'a [String],
    /// Where its script asks.
    pub api: &'a str,
    /// What is done, and of how much.
    pub progress: (usize, usize),
    /// After so many seconds the script asks for items again; what is drawn while somebody waits comes by itself.
    pub poll: Option<u64>,
}

/// The whole document.
pub fn document(sheet: &Sheet<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "label " (sheet.target) " · incumbent" }
                link rel="stylesheet" href="/ui/page.css";
                link rel="stylesheet" href="/ui/label.css";
                link rel="icon" href="data:,";
                script src="/ui/label.js" defer {}
            }
            body.label data-ahead=(AHEAD) data-api=(sheet.api) data-poll=[sheet.poll] {
                header #top {
                    div {
                        h1 { "Which " (sheet.target) "?" }
                        p.sub #who hidden { "you are " strong #name {} }
                    }
                    div.far { (far(sheet)) }
                }
                main #main tabindex="-1" {
                    noscript { p.alarm { "This page needs its script: it answers keys." } }
                    (entry())
                    (item())
                    (classes(sheet))
                    section #done hidden {
                        h2 { "Thank you." }
                        p { "There is nothing left for you to label. " span #left {} }
                    }
                }
                p #said.quiet role="status" aria-live="polite" {}
            }
        }
    }
}

fn far(sheet: &Sheet<'_>) -> Markup {
    let (done, needed) = sheet.progress;
    html! {
        progress #far max=(needed) value=(done) aria-label="labels of all that are needed" {}
        p.sub #told {}
    }
}

fn entry() -> Markup {
    html! {
        section #entry {
            h2 { "Who are you?" }
            p.sub { "Everybody's labels are kept apart. You see neither the truth nor what a model says." }
            form #enter {
                label for="person" { "your name" }
                input #person name="person" maxlength=(LONGEST_NAME) autocomplete="nickname" required autofocus;
                button type="submit" { "Begin" }
            }
        }
    }
}

fn item() -> Markup {
    html! {
        section #item hidden aria-live="polite" aria-label="the item to label" {}
        p #wrong.alarm role="alert" hidden {}
    }
}

fn classes(sheet: &Sheet<'_>) -> Markup {
    html! {
        section #classes.few[sheet.classes.len() <= FEW] hidden aria-label="classes" {
            div.keys {
                @for (class, key) in sheet.classes.iter().zip(KEYS.chars()) {
                    button.class type="button" data-key=(key) data-label=(class) aria-keyshortcuts=(key) {
                        kbd { (key) } span { (class) }
                    }
                }
            }
            div.keys.other {
                button type="button" data-key="u" aria-keyshortcuts="u" { kbd { "u" } span { "undo" } }
                button type="button" data-key="s" aria-keyshortcuts="s" { kbd { "s" } span { "skip" } }
            }
        }
    }
}
