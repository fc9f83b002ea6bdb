//! The analysis for a terminal: an alarm first, then what was understood, what was set aside, and each effect.

use crate::commands::experiment::bars::Bars;
use crate::commands::experiment::words::{count, decimals, p_value, percent};
use crate::print as shown;
use domain::analysis::{Conclusion, EFFECT_ALPHA, SAMPLE_RATIO_ALPHA};
use domain::gate::Estimate;
use lifecycle::analyze::{Analysis, Day, Effect, SampleRatio, Scale, Tail};

/// The most days that are shown; of more every n-th, and the last.
const DAYS: usize = 14;

/// All of it.
pub fn print(file: &str, found: &Analysis) {
    let [control, treatment] = &found.arms;
    alarms(found);
    println!(
        "{file}: {} rows; analysed {} units of {control} (control) and {} of {treatment}\n",
        count(found.rows),
        count(found.units[0]),
        count(found.units[1])
    );
    columns(found);
    broken(found);
    println!("sample ratio");
    for ratio in &found.sample_ratio {
        println!("  {}", ratio_line(ratio));
    }
    println!("\n{treatment} minus {control}, with 95% intervals");
    found.effects.iter().for_each(|effect| one_effect(found, effect));
    println!("\nconclusion: {}", conclusion(found));
}

fn alarms(found: &Analysis) {
    for ratio in found.sample_ratio.iter().filter(|r| r.alarm) {
        println!(
            "ALARM: SAMPLE RATIO MISMATCH ({}): {} to {} units where {} to {} was meant, p {}",
            ratio.at,
            count(ratio.units[0]),
            count(ratio.units[1]),
            percent(ratio.shares[0], 0),
            percent(ratio.shares[1], 0),
            p_value(ratio.p)
        );
        println!(
            "  Below {SAMPLE_RATIO_ALPHA}, the threshold of a final report: units were lost or added in one arm,\n  \
             and nothing below may be trusted until it is known why.\n"
        );
    }
}

fn columns(found: &Analysis) {
    let columns = &found.columns;
    println!("columns");
    let line = |part: &str, column: &str, why: &str| {
        println!("  {part:<9} {column:<16} {why}");
    };
    match &columns.unit {
        Some(unit) => line("unit", &unit.column, &unit.why),
        None => line("unit", "-", "no column names one: every row is a unit of its own"),
    }
    line("arm", &columns.arm.column, &columns.arm.why);
    line("control", &found.arms[0], &found.control_because);
    columns.exposure.iter().for_each(|c| line("exposure", &c.column, &c.why));
    columns.time.iter().for_each(|c| line("time", &c.column, &c.why));
    columns.outcomes.iter().for_each(|c| line("outcome", &c.column, &c.why));
    println!("  (each can be named: --unit, --arm, --control, --exposure, --time, --outcome)\n");
}

fn broken(found: &Analysis) {
    if found.broken.is_empty() {
        println!("broken rows: none\n");
        return;
    }
    println!("broken rows, set aside");
    for broken in &found.broken {
        let scope = if broken.kind.of_an_outcome() { ", for this outcome only" } else { "" };
        println!(
            "  {:>7}  {}{scope}; the first is row {}: {}",
            count(broken.rows),
            broken.kind.words(),
            broken.example,
            broken.found
        );
    }
    println!();
}

fn ratio_line(ratio: &SampleRatio) -> String {
    let sequential = if ratio.sequential_alarm { "; a watched experiment would have alarmed" } else { "" };
    format!(
        "{}: {} to {}, p {}, ln Bayes factor {:.2}{sequential}{}",
        ratio.at,
        count(ratio.units[0]),
        count(ratio.units[1]),
        p_value(ratio.p),
        ratio.log_bayes_factor,
        if ratio.alarm { "  <- ALARM" } else { "" }
    )
}

fn one_effect(found: &Analysis, effect: &Effect) {
    println!("\n  {}", effect.outcome);
    let width = found.arms.iter().map(|a| a.chars().count()).max().unwrap_or(0);
    for (name, arm) in found.arms.iter().zip(&effect.arms) {
        println!("    {name:<width$}  {} of {} units", level(effect, arm), count(arm.rows));
    }
    let relative = effect.relative.as_ref().map(|r| format!(", {} relative", relative(r)));
    println!("    difference {}{}", difference(effect, &effect.difference), relative.unwrap_or_default());
    println!("    {}", test(found, effect));
    println!("    {}", Bars::over([&effect.difference].into_iter(), Some(0.0)).draw(&effect.difference));
    println!(
        "    sizes like these see a true difference of {} with a chance of 80%",
        amount(effect, effect.detectable)
    );
    effect.tail.iter().filter(|t| t.heavy).for_each(|tail| heavy(effect, tail));
    if !effect.days.is_empty() {
        days(effect);
    }
}

fn test(found: &Analysis, effect: &Effect) -> String {
    let (Some(statistic), Some(p)) = (effect.statistic, effect.p) else {
        return "no test: the values of both arms are all alike".into();
    };
    let letter = if effect.scale == Scale::Share { 'z' } else { 't' };
    let holm = match (effect.adjusted, found.effects.len()) {
        (Some(adjusted), 2..) => {
            format!(", {} for {} outcomes (Holm)", p_value(adjusted), found.effects.len())
        }
        _ => String::new(),
    };
    format!("{letter} {statistic:.2}, p {}{holm}", p_value(p))
}

fn heavy(effect: &Effect, tail: &Tail) {
    let share = tail.share.map(|s| format!(" and holds {} of the total", percent(s, 2))).unwrap_or_default();
    println!("    HEAVY TAIL: row {} has {}{share}", tail.row, shown::number(tail.largest));
    println!("      without it   {}", difference(effect, &tail.without));
    let cut = shown::number(tail.cut);
    println!("      cut at {cut:<5} {} (the 99.9% quantile)", difference(effect, &tail.winsorised));
}

fn days(effect: &Effect) {
    println!("    day by day, all units so far; intervals that hold at every look:");
    let every = effect.days.len().div_ceil(DAYS);
    let shown: Vec<&Day> = effect.days.iter().rev().step_by(every).collect();
    let bars = Bars::over(shown.iter().filter_map(|d| d.difference.as_ref()), Some(0.0));
    for day in shown.iter().rev() {
        let (date, units) = (&day.day.to_string()[..10], count(day.units[0] + day.units[1]));
        let bar = day.difference.as_ref().map_or("too few units yet".into(), |d| bars.draw(d));
        println!("      {date} {units:>9}  {bar}");
    }
    if let Some(last) = effect.days.last().and_then(|d| d.difference.as_ref()) {
        println!("      at the end {}", difference(effect, last));
    }
}

fn level(effect: &Effect, e: &Estimate) -> String {
    match effect.scale {
        Scale::Share => {
            let d = decimals(100.0 * (e.high - e.low), 2);
            format!("{} [{}, {}]", percent(e.value, d), percent(e.low, d), percent(e.high, d))
        }
        Scale::Mean => shown::estimate(e),
    }
}

fn difference(effect: &Effect, e: &Estimate) -> String {
    let (factor, unit) = match effect.scale {
        Scale::Share => (100.0, " points"),
        Scale::Mean => (1.0, ""),
    };
    let d = decimals(factor * (e.high - e.low), if effect.scale == Scale::Share { 2 } else { 0 });
    format!("{:+.d$}{unit} [{:+.d$}, {:+.d$}]", factor * e.value, factor * e.low, factor * e.high)
}

fn relative(e: &Estimate) -> String {
    let d = decimals(100.0 * (e.high - e.low), 1);
    format!("{:+.d$}% [{:+.d$}%, {:+.d$}%]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high)
}

fn amount(effect: &Effect, x: f64) -> String {
    match effect.scale {
        Scale::Share => format!("{:.*} points", decimals(100.0 * x, 2), 100.0 * x),
        Scale::Mean => shown::number(x),
    }
}

fn conclusion(found: &Analysis) -> String {
    let [_, treatment] = &found.arms;
    match found.conclusion {
        Conclusion::NotTrustworthy => {
            "not trustworthy: the sample ratio is off, so that no effect may be read\n\
             hint: look for units that were dropped, redirected or filtered in one arm only"
                .into()
        }
        Conclusion::Difference => {
            let shown = found.effects.iter().filter(|e| e.shown()).map(|e| {
                let direction = if e.difference.value < 0.0 { "lower" } else { "higher" };
                format!("{} is {direction} with {treatment}", e.outcome)
            });
            format!("a difference was shown: {}", shown.collect::<Vec<_>>().join(", "))
        }
        Conclusion::NoEffect => format!(
            "no effect was shown (p above {EFFECT_ALPHA}); one too small for these sizes may be there"
        ),
    }
}
