//! The estimate for a terminal: a refusal first, then what was understood, the checks and every estimate.

use crate::commands::experiment::bars::Bars;
use crate::commands::experiment::words::{count, decimals};
use crate::print as numbers;
use domain::gate::Estimate;
use domain::off_policy::{LEAST_EFFECTIVE, MEAN_WEIGHT_TOLERANCE};
use lifecycle::off_policy::{Estimator, Observed, Report};

/// All of it.
pub fn print(file: &str, found: &Report) {
    for refusal in &found.judgement.refusals {
        println!("REFUSED: {refusal}\n  hint: {}", refusal.hint());
    }
    println!(
        "{file}: {} decisions, {} actions, {} contexts",
        count(found.rows),
        found.actions,
        found.contexts
    );
    found.target.iter().for_each(|words| println!("target: {words}"));
    columns(found);
    checks(found);
    estimates(found);
    found.observed.iter().for_each(|observed| compared(found, observed));
    println!("\n{}", conclusion(found));
}

fn columns(found: &Report) {
    let columns = &found.columns;
    println!("\ncolumns");
    let parts =
        [("action", &columns.action), ("reward", &columns.reward), ("propensity", &columns.propensity)];
    let context = columns.context.iter().map(|c| ("context", c));
    for (part, choice) in parts.into_iter().chain(context) {
        println!("  {part:<10} {:<18} {}", choice.column, choice.why);
    }
    if columns.context.is_empty() {
        println!("  context    -                  the target is taken to depend on nothing");
    }
    println!("  (each can be named: --action, --reward, --propensity, --context)");
}

fn checks(found: &Report) {
    let facts = &found.facts;
    println!("\nchecks");
    println!(
        "  effective sample size  {} of {} (at least {LEAST_EFFECTIVE})",
        count(facts.effective as u64),
        count(found.rows)
    );
    println!(
        "  mean weight            {:.3} (1 ± {MEAN_WEIGHT_TOLERANCE}); the largest {}",
        facts.mean_weight,
        numbers::number(found.largest_weight)
    );
    println!("  target not covered     {:.2}%", 100.0 * facts.uncovered);
    println!("  smallest propensity    {}", numbers::number(facts.least_propensity));
    found.judgement.warnings.iter().for_each(|warning| println!("  warning: {warning}"));
}

fn estimates(found: &Report) {
    println!("\nthe target's value, with 95% intervals");
    let bars = Bars::over(found.estimates.iter().map(|e| &e.value), Some(found.logged.value));
    for estimate in &found.estimates {
        println!(
            "  {:<20} {}  {}",
            name(estimate),
            shown(found, &estimate.value),
            bars.draw(&estimate.value)
        );
    }
    println!("  {:<20} {}  │ above", "the log's own policy", shown(found, &found.logged));
    match found.lower_bound {
        Some(bound) => println!(
            "  at least {} with 95% confidence, whenever one looks (weights clipped)",
            numbers::number(bound)
        ),
        None => println!(
            "  no lower bound that holds whenever one looks: a reward lies outside [0, 1]\n  \
             hint: divide the rewards by the largest one possible"
        ),
    }
}

fn name(estimate: &Estimator) -> String {
    match estimate.clip {
        Some(clip) if estimate.name == "switch-DR" => format!("{} at {clip}", estimate.name),
        Some(clip) => format!("{} clipped at {clip}", estimate.name),
        None if estimate.name == "DM" => "DM, the model alone".into(),
        None => estimate.name.into(),
    }
}

fn compared(found: &Report, observed: &Observed) {
    let verb = if observed.covered { "covers" } else { "DOES NOT COVER" };
    println!(
        "  the target's own log shows {} on {} decisions: the interval of {} {verb} it",
        shown(found, &observed.value),
        count(observed.value.rows),
        found.estimates[0].name
    );
}

/// With the decimals that the headline's interval leaves a meaning to.
fn shown(found: &Report, e: &Estimate) -> String {
    let headline = &found.estimates[0].value;
    let d = decimals(headline.high - headline.low, 2) + 1;
    format!("{:.d$} [{:.d$}, {:.d$}]", e.value, e.low, e.high)
}

fn conclusion(found: &Report) -> String {
    let headline = &found.estimates[0];
    if !found.judgement.refusals.is_empty() {
        return "conclusion: refused; the numbers are shown for what they are, and decide nothing".into();
    }
    let better = found.lower_bound.is_some_and(|bound| bound > found.logged.value);
    let said = if better {
        "the lower bound is above what the log's own policy earned"
    } else {
        "that it earns more than the log's own policy is not shown"
    };
    format!("conclusion: the target's value is about {}; {said}", shown(found, &headline.value))
}
