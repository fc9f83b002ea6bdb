//! The report: it says what was found, holds all that it needs, and takes no name for markup.

use crate::facts;
use insta::assert_snapshot;
use lifecycle::drift::Comparison;
use proptest::prelude::*;

/// What a reader sees, a line for each block.
fn text(page: &str) -> String {
    let block = |tag: &str| {
        let name = tag.split(' ').next().unwrap_or_default();
        ["h1", "h2", "h3", "p", "li", "tr", "dt", "svg", "g", "text", "summary", "section"].contains(&name)
    };
    let mut told = String::new();
    for piece in page.split("<body>").nth(1).expect("a body").split('<') {
        let Some((tag, words)) = piece.split_once('>') else { continue };
        told += if block(tag) { "\n" } else { " " };
        told += words;
    }
    let told = told.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let lines = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Every tag's name with its quotes counted: what markup there is, whatever the words.
fn tags(page: &str) -> Vec<(String, usize)> {
    let name = |tag: &str| tag.split([' ', '>']).next().unwrap_or_default().to_owned();
    let quotes = |tag: &str| tag.split('>').next().unwrap_or_default().matches('"').count();
    page.split('<').skip(1).map(|tag| (name(tag), quotes(tag))).collect()
}

#[test]
fn a_quiet_comparison_says_so() {
    let found = facts::comparison(facts::still());
    let page = server::report::drift(&found, Some(&facts::said(&facts::healthy())));
    let told = text(&page);
    let (told, reading) = told.split_once("How to read this").expect("it is explained");
    assert!(reading.contains("Benjamini-Hochberg"), "{reading}");
    assert_snapshot!(told, @r"
    april.parquet beside march.parquet
    What moved between two sets of rows, column by column and all together
    ✓ nothing moved
    None of 3 columns moved; nothing is broken
    Reference march.parquet 2,000 rows
    Current april.parquet 2,000 rows 8 Sep 2025 12:00 to 15 Sep 2025 12:00
    the reference (shaded, dashed edge)
    the current rows (solid)
    Why ✓ healthy
    Why : nothing is wrong, and the loss is as promised.
    What to do : nothing to do.
    ✓ ok golden rows 0 of 2000 answered again by the kept bytes differ; at most 0.1% are wrong (95%)
    ✓ ok answers 0 of 2000 logged and answered again differ; at most 0.1% are wrong (95%)
    ✓ ok behaviour alone, among others and again: the same answers
    ✓ ok replay 2000 rows recomputed, every column as logged
    ✓ ok schema 9 columns are as they were
    ✓ ok distribution none of 9 columns moved; told apart with AUC 0.503 [0.483, 0.523]
    ✓ ok loss log_loss 0.3000 live, 0.3000 promised: +0.0000 [-0.0150, +0.0150], tolerance 0.0300; +0.0000 by inputs, +0.0000 by the relation, 2.0% of the rows like none before
    – not asked labels 2000 outcomes are known, too few to tell
    – not asked kpi nobody said what the business counts
    What is broken
    Nothing that was looked for.
    Every column, the farthest first
    Those that moved stand above the rest. Units and terms are explained at the end.
    Column Moved Distance Second distance p, adjusted PSI, its noise Missing, then now Values, then now
    balance no 0.000 sd 0.001 KS 1.0000 0.000, 0.017 0% → 0% 2,000 → 2,000
    age no 0.000 sd 0.001 KS 1.0000 0.000, 0.017 0% → 0% 2,000 → 2,000
    city no 0.000 JS 0.0 points of a share 1.0000 0.000, 0.006 0% → 0% 2,000 → 2,000
    Distributions
    march.parquet (shaded, dashed edge)
    april.parquet (solid)
    No column moved.
    3 columns that did not move
    balance
    0.000 sd · 0.001 KS
    4.80%
    -83.55
    3975
    age
    0.000 sd · 0.001 KS
    4.90%
    18.2
    67.7
    city
    0.000 JS · 0.0 points of a share
    London
    50.0% → 50.0%
    Paris
    25.0% → 25.0%
    Rome
    25.0% → 25.0%
    ");
}

#[test]
fn what_moved_and_what_is_broken_stands_first() {
    let page = server::report::drift(&facts::changed(), None);
    let told = text(&page);
    let told = told.split("How to read this").next().expect("something before it");
    assert_snapshot!(told, @r"
    april.parquet beside march.parquet
    What moved between two sets of rows, column by column and all together
    ✕ broken
    3 of 4 columns moved; 1 is broken; 1 could not be compared; rows can be told apart with AUC 0.99
    Reference march.parquet 2,000 rows
    Current april.parquet 2,000 rows 8 Sep 2025 12:00 to 15 Sep 2025 12:00
    the reference (shaded, dashed edge)
    the current rows (solid)
    What is broken
    price: is 100 times what it was in 100.0% of the rows, 0.0% before
    Look at these first: a fault makes its column look as if it had moved.
    Not compared
    tax : it stands in march.parquet only
    Every column, the farthest first
    Those that moved stand above the rest. Units and terms are explained at the end.
    Column Moved Distance Second distance p, adjusted PSI, its noise Missing, then now Values, then now
    price ▲ moved 190.604 sd 1.000 KS < 0.0001 8.283, 0.017 0% → 0% 2,000 → 2,000
    age ▲ moved 1.037 sd 0.303 KS < 0.0001 2.484, 0.017 0% → 0% 2,000 → 2,000
    city ▲ moved 0.248 JS 25.0 points of a share < 0.0001 0.347, 0.006 0% → 0% 2,000 → 2,000
    balance no 0.000 sd 0.001 KS 1.0000 0.000, 0.017 0% → 0% 2,000 → 2,000
    Distributions
    march.parquet (shaded, dashed edge)
    april.parquet (solid)
    price ▲ moved ✕ broken
    190.604 sd · 1.000 KS
    100.0%
    5.341
    8949
    age ▲ moved
    1.037 sd · 0.303 KS
    6.10%
    18.2
    82.7
    city ▲ moved
    0.248 JS · 25.0 points of a share
    London
    50.0% → 25.0%
    Paris
    25.0% → 50.0%
    Rome
    25.0% → 25.0%
    1 column that did not move
    balance
    0.000 sd · 0.001 KS
    4.80%
    -83.55
    3975
    All columns together
    A classifier that was asked which side a row is of has an AUC of 0.9910 (0.9870 to 0.9950) on rows it was not trained on; 0.5 is guessing, 1 is never wrong.
    What it went by, as shares of what its splits gained:
    price 70.0%
    age 30.0%
    ");
    let alternative = "aria-label=\"age: most of the reference is at ";
    assert!(page.contains(alternative), "a picture has a text");
}

#[test]
fn a_diagnosis_is_told_with_every_check() {
    for (facts, cause) in [(facts::upstream(), "upstream data bug"), (facts::shifted(), "covariate shift")] {
        let diagnosis = facts::said(&facts);
        let told = text(&server::report::drift(&facts::changed(), Some(&diagnosis)));
        assert!(told.contains(cause) && told.contains(&diagnosis.action.to_string()), "{told}");
        let checks = diagnosis.findings.iter().filter(|finding| told.contains(&finding.check)).count();
        assert_eq!(checks, 9, "{told}");
    }
}

#[test]
fn it_holds_all_that_it_needs() {
    let page = server::report::drift(&facts::changed(), Some(&facts::said(&facts::shifted())));
    for elsewhere in ["<script", "<link rel=\"stylesheet\"", "src=", "http://", "https://", "@import", "url("]
    {
        assert!(!page.contains(elsewhere), "`{elsewhere}` is in a page that should stand alone");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
}

#[test]
fn many_columns_are_told_and_few_are_drawn() {
    let column = |i: usize| {
        let shift = if i < 70 { 30.0 } else { 0.0 };
        let name = format!("column {i} {}", "with a long name ".repeat(20));
        (name, facts::numbers(7, 0.0, 50.0), facts::numbers(11, shift, 50.0 + shift))
    };
    let page = server::report::drift(&facts::comparison((0..300).map(column).collect()), None);
    assert_eq!(page.matches("role=\"img\"").count(), 60);
    assert_eq!(page.matches("<th scope=\"row\" title").count(), 300);
    assert!(page.contains("70 of 300 columns moved") && page.contains("240 more columns without a picture"));
}

/// A comparison in which this name is everywhere that a name can be.
fn named(name: &str) -> Comparison {
    let mut columns = facts::still();
    columns.push((
        format!("c{name}"),
        facts::words(&[&format!("a{name}"), "b"]),
        facts::words(&["b", &format!("new{name}")]),
    ));
    let mut found = facts::comparison(columns);
    assert!(found.faults.iter().any(|fault| fault.to_string().contains(name)), "a fault names it");
    found.left_out.push((format!("l{name}"), format!("because of {name}")));
    found.told_apart = facts::shifted().told_apart;
    found.told_apart.iter_mut().for_each(|told| told.by.push((format!("t{name}"), 0.1)));
    (found.reference.name, found.current.name) = (format!("r{name}"), format!("s{name}"));
    found
}

#[test]
fn a_script_in_a_name_stays_text() {
    let page = server::report::drift(&named("<script>alert(1)</script>"), None);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_name_becomes_markup(pieces in prop::collection::vec(
        prop_oneof![Just("<script>".to_owned()), Just("\" onload=\"".to_owned()), Just("<!--".to_owned()),
            Just("</svg>".to_owned()), Just("&".to_owned()), Just("'>".to_owned()), "[a-zA-Z0-9 é漢]{1,20}"], 1..6)) {
        let mut diagnosis = facts::said(&facts::upstream());
        let hostile = pieces.concat();
        // as long, since a long name is cut short
        let plain = "x".repeat(hostile.chars().count());
        let plain = tags(&server::report::drift(&named(&plain), Some(&diagnosis)));
        diagnosis.why = hostile.clone();
        diagnosis.findings[0].found = hostile.clone();
        prop_assert_eq!(tags(&server::report::drift(&named(&hostile), Some(&diagnosis))), plain);
    }
}
