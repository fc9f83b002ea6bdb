//! The sentences that say why a cadence is what it is.

use super::{Cadence, Odds, bound};
use crate::ageing::{Ageing, Curve};
use crate::plan::Retrain;
use crate::time::DAY;
use stats::cadence::Costs;

pub(super) fn reasons(
    rules: &Retrain,
    ageing: &Ageing,
    odds: Odds,
    costs: Option<Costs>,
    cadence: Cadence,
) -> Vec<String> {
    let mut said = vec![seen(ageing)];
    said.extend(ageing.curve.and_then(|curve| delay(rules, curve)));
    let Some(costs) = costs else {
        said.push("the plan does not say what things cost: set retrain.cost and retrain.loss_cost".into());
        return said;
    };
    said.push(prices(rules, odds, costs));
    match (cadence, ageing.curve) {
        (Cadence::Never, Some(curve)) => said.push(never(costs, curve)),
        (Cadence::Never, None) => said.push(
            "no schedule pays: not even as much ageing as cannot be excluded would pay for a retrain within that time".into(),
        ),
        (Cadence::Every { days, .. }, None) => said.push(until_more_is_known(days)),
        (Cadence::Every { days, best, cost_per_day }, _) => {
            said.push(flat(best, days, cost_per_day));
            said.extend((best > ageing.oldest).then(|| beyond(ageing)));
        }
        (Cadence::Unknown, _) => {}
    }
    said
}

fn flat(best: f64, days: f64, cost_per_day: f64) -> String {
    format!(
        "{} costs least, and {} costs {} a day; half or double the days cost about a quarter more",
        span(best),
        span(days),
        number(cost_per_day)
    )
}

fn beyond(ageing: &Ageing) -> String {
    format!("that is beyond the {} that were measured: look again when there are more", span(ageing.oldest))
}

fn seen(ageing: &Ageing) -> String {
    let (low, high) = ageing.at_oldest;
    let oldest = span(ageing.oldest);
    let Some(curve) = ageing.curve else {
        return format!(
            "no ageing seen up to {oldest}: a model of that age loses at most {} more a row",
            number(high)
        );
    };
    let loses = format!(
        "at {oldest} a model loses {} [{}, {}] more a row than a fresh one",
        number(curve.decay().at(ageing.oldest)),
        number(low),
        number(high)
    );
    // a bend that far beyond what was measured is no bend
    if curve.half_life > 4.0 * ageing.oldest {
        let slope = number(curve.decay().slope());
        return format!("ageing is steady up to {oldest}: {slope} more a row each day; {loses}");
    }
    let end = |end: Option<f64>| match end {
        Some(days) if days <= 4.0 * ageing.oldest => span(days),
        Some(_) | None => "beyond what was measured".into(),
    };
    let (from, to) = (end(ageing.half_life.0), end(ageing.half_life.1));
    format!("half of {} is lost after {} [{from}, {to}]; {loses}", number(curve.limit), span(curve.half_life))
}

fn delay(rules: &Retrain, curve: Curve) -> Option<String> {
    let days = rules.label_delay.0 as f64 / DAY as f64;
    let lost = if days > 0.0 { curve.lost_to_delay(days)? } else { return None };
    Some(format!(
        "labels come {} late, which costs {} a row at every age: no cadence wins that back",
        rules.label_delay,
        number(lost)
    ))
}

fn prices(rules: &Retrain, odds: Odds, costs: Costs) -> String {
    let base = format!(
        "a unit of loss costs {} a day, a retrain {}",
        number(costs.loss_per_day),
        number(costs.retrain)
    );
    match odds.judged {
        0 => base,
        judged => format!(
            "{base}: {} over the chance of {} to pass, after {} of {judged} did",
            number(rules.cost.unwrap_or(costs.retrain)),
            number(odds.chance()),
            odds.passed
        ),
    }
}

fn never(costs: Costs, curve: Curve) -> String {
    format!(
        "all that a fresh model could ever save is {}, and a retrain costs {}: no schedule pays, only an alarm should retrain",
        number(bound(costs, curve)),
        number(costs.retrain)
    )
}

fn until_more_is_known(days: f64) -> String {
    format!(
        "were there as much ageing as cannot be excluded, every {} would pay: so often, until more is known",
        span(days)
    )
}

/// `30d`, `7.3d`, `5.2h`: days as a span of time.
pub fn span(days: f64) -> String {
    let hours = 24.0 * days;
    match () {
        () if days >= 10.0 || (days >= 1.0 && days.fract() < 0.01) => format!("{days:.0}d"),
        () if days >= 1.0 => format!("{days:.1}d"),
        () if hours >= 1.0 => format!("{hours:.1}h"),
        () if hours * 60.0 >= 1.0 => format!("{:.1}m", 60.0 * hours),
        () => format!("{:.2}s", 3600.0 * hours),
    }
}

/// Three significant digits.
fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let decimals = (2 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{x:.decimals$}")
}
