//! Whether the arms have the sizes that were drawn: a mismatch makes every other number on the page worthless.

use super::{format, found};
use crate::experiment::{bayes_factor, rules, sample_ratio};
use domain::experiment::SampleRatio;
use domain::history::Looked;
use domain::plan;
use maud::{Markup, html};

/// The section.
pub fn section(look: &Looked) -> Markup {
    let rules = rules(look);
    html! {
        h2 { "Sample ratio" }
        @if look.facts.sample_ratios.is_empty() {
            p.empty { "Both versions answer the same rows: there are no arms to compare." }
        } @else {
            p.sub {
                "Units at each join against the share that was drawn. A Bayes factor of "
                (format::trimmed(1.0 / rules.srm_alpha)) " is a mismatch."
            }
            div.scroll tabindex="0" role="region" aria-label="Sample ratio" {
                table {
                    thead { tr {
                        th scope="col" { "Join" } th scope="col" { "Verdict" } th scope="col" { "Control" } th scope="col" { "Treatment" }
                        th scope="col" { "In control" } th scope="col" { "Drawn" } th scope="col" { "Bayes factor" }
                    } }
                    tbody { @for ratio in &look.facts.sample_ratios { (row(ratio, &rules)) } }
                }
            }
        }
    }
}

fn row(ratio: &SampleRatio, rules: &plan::Release) -> Markup {
    let all = ratio.control + ratio.treatment;
    html! {
        tr {
            th scope="row" { (ratio.join) }
            td { (found(sample_ratio(ratio, rules))) }
            td { (format::count(ratio.control)) }
            td { (format::count(ratio.treatment)) }
            td { (format::percent(ratio.control, all)) }
            td { (format::share(ratio.expected)) }
            td { (bayes_factor(ratio.log_bayes_factor)) }
        }
    }
}
