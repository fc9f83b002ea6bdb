//! Numbers and times as people read them.

use domain::gate::Estimate;
use domain::{Origin, Stage, Timestamp};

/// A number with four significant digits.
pub fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let before_point = x.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(4 - before_point).unwrap_or(0).min(8);
    format!("{x:.decimals$}")
}

/// A value with its 95% interval, with the digits that the interval's width leaves a meaning to.
pub fn estimate(estimate: &Estimate) -> String {
    interval(estimate.value, estimate.low, estimate.high)
}

/// See [`estimate`].
pub fn interval(value: f64, low: f64, high: f64) -> String {
    let decimals = decimals(high - low);
    format!("{value:.decimals$} ({low:.decimals$} to {high:.decimals$})")
}

/// The decimals that show the two leading digits of an interval's width.
pub fn decimals(width: f64) -> usize {
    if width > 0.0 && width.is_finite() {
        usize::try_from(1 - width.log10().floor() as i32).unwrap_or(0).min(8)
    } else {
        4
    }
}

/// A count with its thousands set apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap_or("")).collect();
    groups.join(",")
}

/// `1 row`, `2,000 rows`
pub fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A share in percent, with enough digits to tell a small one from none.
pub fn percent(part: u64, of: u64) -> String {
    share(part as f64 / of.max(1) as f64)
}

/// See [`percent`].
pub fn share(share: f64) -> String {
    match 100.0 * share {
        0.0 => "0%".into(),
        s if s < 0.0 => format!("-{}", self::share(-share)),
        s if s < 0.01 => "<0.01%".into(),
        s if s < 10.0 => format!("{s:.2}%"),
        s => format!("{s:.1}%"),
    }
}

/// A duration in seconds, in the unit that suits it.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{} µs", trimmed(s * 1e6)),
        s if s < 1.0 => format!("{} ms", trimmed(s * 1e3)),
        s => format!("{s:.1} s"),
    }
}

/// A number with four significant digits, without zeros at its end.
pub fn trimmed(x: f64) -> String {
    let text = number(x);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A p-value; smaller ones than anybody acts on are not told apart.
pub fn p_value(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".into() } else { format!("{p:.4}") }
}

/// A name that leaves room for its neighbours.
pub fn fitted(name: &str, room: usize) -> String {
    if name.chars().count() <= room.max(4) {
        return name.to_string();
    }
    name.chars().take(room.max(4) - 1).chain(['…']).collect()
}

/// A time to the minute, UTC.
pub fn time(at: Timestamp) -> String {
    strftime(at, "%-d %b %Y %H:%M")
}

/// A sentence of a rule with its instants as people read them.
pub fn said(sentence: &str) -> String {
    let word = |word: &str| {
        let instant = word.trim_end_matches([',', ';', '.']);
        let found = instant.ends_with('Z').then(|| Timestamp::parse(instant)).flatten();
        found.map_or_else(|| word.to_owned(), |at| word.replace(instant, &time(at)))
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A time with what matters on an axis that spans this many microseconds.
pub fn tick(at: Timestamp, span: i64) -> String {
    use domain::time::{DAY, HOUR};
    let pattern = match span {
        s if s > 400 * DAY => "%b %Y",
        s if s > 3 * DAY => "%-d %b",
        s if s > HOUR => "%-d %b %H:%M",
        _ => "%H:%M:%S",
    };
    strftime(at, pattern)
}

fn strftime(at: Timestamp, pattern: &str) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.0);
    instant.map_or_else(|_| at.to_string(), |instant| instant.strftime(pattern).to_string())
}

/// Where a version came from, in a few words.
pub fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Baseline { name } => format!("baseline {}", name.replace('_', " ")),
        Origin::Trained { trainer } => trainer.clone(),
        Origin::Student { teacher } => format!("student of {teacher}"),
        Origin::Imported { file } => format!("imported from {file}"),
    }
}

/// A stage, in a word.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Registered => "registered",
        Stage::Passed => "passed the gate",
        Stage::Failed => "failed the gate",
        Stage::Shadow => "in shadow",
        Stage::Canary => "in canary",
        Stage::Ab => "in A/B",
        Stage::Incumbent => "serves",
        Stage::Previous => "stands by",
        Stage::Retired => "retired",
        Stage::Stopped => "stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        let check = |x: f64, expect: &str| assert_eq!(number(x), expect);
        check(0.213456, "0.2135");
        check(0.00213456, "0.002135");
        check(1234.56, "1235");
        check(-12.3456, "-12.35");
        check(0.0, "0");
        check(1.0, "1.000");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn an_interval_has_the_digits_that_mean_something() {
        assert_eq!(interval(0.021, 0.0168, 0.0252), "0.0210 (0.0168 to 0.0252)");
        assert_eq!(interval(1234.56, 1134.0, 1334.0), "1235 (1134 to 1334)");
        assert_eq!(interval(0.5, 0.5, 0.5), "0.5000 (0.5000 to 0.5000)");
    }

    #[test]
    fn counts_shares_and_durations_read_well() {
        assert_eq!((count(7), count(1_234_567)), ("7".into(), "1,234,567".into()));
        assert_eq!((counted(1, "row"), counted(2_000, "row")), ("1 row".into(), "2,000 rows".into()));
        assert_eq!(
            (percent(0, 0), percent(1, 3), percent(1, 1_000_000)),
            ("0%".into(), "33.3%".into(), "<0.01%".into())
        );
        assert_eq!((share(-0.0123), share(0.05)), ("-1.23%".into(), "5.00%".into()));
        assert_eq!(
            (duration(0.00025), duration(0.0025), duration(2.0)),
            ("250 µs".into(), "2.5 ms".into(), "2.0 s".into())
        );
    }

    #[test]
    fn a_sentence_keeps_everything_but_the_shape_of_its_instants() {
        assert_eq!(
            said("A/B at 50% no earlier than 2025-09-18T08:00:00Z; v2 waits"),
            "A/B at 50% no earlier than 18 Sep 2025 08:00; v2 waits"
        );
        assert_eq!(said("errors: 3 of 40 in Zone Z."), "errors: 3 of 40 in Zone Z.");
    }

    #[test]
    fn an_axis_shows_what_changes_along_it() {
        use domain::time::{DAY, HOUR, SECOND};
        let at = Timestamp(20_000 * DAY + 13 * HOUR);
        assert_eq!(tick(at, 900 * DAY), "Oct 2024");
        assert_eq!(tick(at, 30 * DAY), "4 Oct");
        assert_eq!(tick(at, 2 * DAY), "4 Oct 13:00");
        assert_eq!(tick(at, SECOND), "13:00:00");
    }
}
