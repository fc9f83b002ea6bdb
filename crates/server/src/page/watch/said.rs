//! A diagnosis in words: the cause as a badge, the sentence, the action, and what each check found.

use crate::page::format;
use domain::diagnosis::{Cause, Diagnosis, Finding};
use maud::{Markup, html};

/// The cause: a sign, the words and a colour. Red is what somebody should be told now.
pub(crate) fn badge(diagnosis: &Diagnosis, large: bool) -> Markup {
    let (class, sign) = match diagnosis.cause {
        Cause::Healthy => ("pass", "✓"),
        _ if diagnosis.alarm => ("fail", "✕"),
        Cause::Unknown => ("open", "?"),
        _ => ("open", "▲"),
    };
    let size = if large { " large" } else { "" };
    html! { span class={ "badge " (class) (size) } { span aria-hidden="true" { (sign) } " " (diagnosis.cause) } }
}

/// Why, and what to do.
pub(crate) fn sentence(diagnosis: &Diagnosis) -> Markup {
    html! {
        p.said { strong { "Why" } ": " (format::said(&diagnosis.why)) "." }
        p.said { strong { "What to do" } ": " (diagnosis.action) "." }
    }
}

/// Every check in its order, exact ones first.
pub(crate) fn findings(findings: &[Finding]) -> Markup {
    html! { ul.findings { @for finding in findings { (line(finding)) } } }
}

fn line(finding: &Finding) -> Markup {
    let (class, sign, word) = match finding.wrong {
        Some(true) => ("fail", "✕", "wrong"),
        Some(false) => ("pass", "✓", "ok"),
        None => ("off", "–", "not asked"),
    };
    html! {
        li {
            span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (word) }
            strong { (finding.check) }
            span { (format::said(&finding.found)) }
        }
    }
}
