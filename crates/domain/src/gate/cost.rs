//! What a model costs to serve against what it may: a model over its budget does not ship, whatever its metrics say.

use super::facts::{Cost, Estimate, Resource};
use super::{Check, Decision};

/// One thing that the plan bounds. It passes where the interval's upper end is within the budget, and fails where its
/// lower end is above.
pub fn cost(cost: &Cost) -> Check {
    let Some(found) = cost.found else {
        return check(cost, Decision::Inconclusive, format!("not measured: {}", cost.how));
    };
    let decision = match () {
        () if found.high <= cost.most => Decision::Pass,
        () if found.low > cost.most => Decision::Fail,
        () => Decision::Inconclusive,
    };
    check(cost, decision, sentence(cost, found))
}

fn sentence(cost: &Cost, found: Estimate) -> String {
    let shown = |x: f64| shown(cost.resource, x);
    let interval = if found.low < found.high {
        format!(" [{}, {}]", shown(found.low), shown(found.high))
    } else {
        String::new()
    };
    let far = found.value / cost.most;
    let far = if far > 1.0 { format!("{far:.1} times over") } else { format!("{:.0}% of it", 100.0 * far) };
    format!("{}{interval} {}, at most {}: {far}", shown(found.value), cost.how, shown(cost.most))
}

fn check(cost: &Cost, decision: Decision, found: String) -> Check {
    let (name, hint) = match cost.resource {
        Resource::P99 => ("p99", "distil it into a small student, or give it more time in budget.p99"),
        Resource::Size => ("size", "distil it into a small student, or allow more in budget.size_mb"),
        Resource::Memory => ("memory", "distil it into a small student, or allow more in budget.memory_mb"),
    };
    let hint = match decision {
        Decision::Pass => None,
        Decision::Fail => Some(hint.into()),
        Decision::Inconclusive => Some("measure on a quiet machine, or more of budget.requests".into()),
    };
    Check { rule: format!("budget {name}"), decision, warning: false, found, missing_rows: None, hint }
}

/// Microseconds as a time, bytes as a size, to three digits.
fn shown(resource: Resource, x: f64) -> String {
    let units: [(f64, &str); 3] = match resource {
        Resource::P99 => [(1e6, "s"), (1e3, "ms"), (1.0, "us")],
        Resource::Size | Resource::Memory => [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")],
    };
    if x.is_infinite() {
        return "unknown".into();
    }
    let (size, unit) = units.into_iter().find(|(size, _)| x >= *size).unwrap_or(units[2]);
    let x = x / size;
    let decimals = (2 - x.abs().max(1e-3).log10().floor() as i32).clamp(0, 3) as usize;
    format!("{x:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p99(value: f64, low: f64, high: f64) -> Check {
        let found = Some(Estimate { value, low, high, rows: 2000 });
        let how = "for a request of 1 row".into();
        cost(&Cost { resource: Resource::P99, found, most: 1_000.0, how })
    }

    #[test]
    fn a_model_over_its_budget_fails_and_is_told_by_how_much() {
        let slow = p99(3_310.0, 3_200.0, 3_400.0);
        assert_eq!(slow.decision, Decision::Fail);
        assert_eq!(
            slow.found,
            "3.31 ms [3.20 ms, 3.40 ms] for a request of 1 row, at most 1.00 ms: 3.3 times over"
        );
        assert!(slow.hint.is_some_and(|hint| hint.contains("distil")));
    }

    #[test]
    fn the_upper_end_must_be_within_the_budget() {
        let decisions =
            [p99(400.0, 390.0, 410.0), p99(980.0, 950.0, 1_010.0), p99(900.0, 890.0, f64::INFINITY)]
                .map(|check| check.decision);
        assert_eq!(decisions, [Decision::Pass, Decision::Inconclusive, Decision::Inconclusive]);
    }

    #[test]
    fn what_nobody_measured_is_not_passed() {
        let how = "no server at hand".into();
        let check = cost(&Cost { resource: Resource::Memory, found: None, most: 1e6, how });
        assert_eq!((check.decision, check.rule.as_str()), (Decision::Inconclusive, "budget memory"));
    }
}
