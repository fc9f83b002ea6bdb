//! Regular expressions as RE2 reads them, which is what onnxruntime searches with.
//!
//! Invariants: of the matches that start first, the longest is found; the classes `\w`, `\d`, `\s` and the
//! boundary `\b` know ASCII only. Expressions are finite automata of bounded size, so no search backtracks.

use regex_automata::meta::{Config, Regex};
use regex_automata::{Anchored, Input, MatchKind};
use std::ops::Range;

/// The most bytes that a compiled expression may take.
const MAX_SIZE: usize = 1 << 21;

/// An expression ready to search.
#[derive(Debug)]
pub struct Pattern {
    /// Finds where the first match starts.
    first: Regex,
    /// Finds where the longest match from there ends; `None` where the first match is the longest anyway.
    longest: Option<Regex>,
}

impl Pattern {
    /// Reads an expression, or says what is wrong with it.
    pub fn new(expression: &str) -> Result<Pattern, String> {
        let translated = translate(expression)?;
        let build = |kind| {
            let config = Config::new().match_kind(kind).nfa_size_limit(Some(MAX_SIZE));
            let built = Regex::builder().configure(config).build(&translated);
            built.map_err(|e| format!("the expression `{expression}` is not supported: {e}"))
        };
        let longest = if is_one_class(expression) { None } else { Some(build(MatchKind::All)?) };
        Ok(Pattern { first: build(MatchKind::LeftmostFirst)?, longest })
    }

    /// The match that starts first at `from` or later, at its longest.
    pub fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        if from > text.len() {
            return None;
        }
        let found = self.first.search(&Input::new(text).range(from..))?;
        let Some(longest) = &self.longest else { return Some(found.range()) };
        let rest = Input::new(text).range(found.start()..).anchored(Anchored::Yes);
        let end = longest.search_half(&rest).map_or(found.end(), |half| half.offset());
        Some(found.start()..end)
    }
}

/// Whether the expression is a class in brackets, and maybe a plus: then no alternative is longer.
fn is_one_class(expression: &str) -> bool {
    let class = expression.strip_suffix('+').unwrap_or(expression);
    let inside = class.strip_prefix('[').and_then(|c| c.strip_suffix(']'));
    inside.is_some_and(|i| !i.is_empty() && !i.contains(['[', ']']))
}

/// The same expression in the syntax of the engine.
fn translate(expression: &str) -> Result<String, String> {
    let mut out = String::with_capacity(expression.len());
    let mut letters = expression.chars().peekable();
    let mut class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                out.push_str(&escape(letters.next().ok_or("the expression ends in a backslash")?, class)?)
            }
            '[' if class && letters.peek() != Some(&':') => out.push_str("\\["),
            '[' if !class => {
                class = true;
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // a bracket that comes first stands for itself
                if letters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            '[' => {
                let name: String = letters.by_ref().take_while(|&c| c != ']').collect();
                out.push_str(&format!("[{name}]"));
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => out.extend(['\\', letter]),
            other => out.push(other),
        }
    }
    Ok(out)
}

fn escape(letter: char, class: bool) -> Result<String, String> {
    let (set, outside) = match letter {
        'w' | 'W' => ("0-9A-Za-z_", letter == 'W'),
        'd' | 'D' => ("0-9", letter == 'D'),
        's' | 'S' => ("\\t\\n\\f\\r ", letter == 'S'),
        'b' | 'B' if !class => return Ok(format!("(?-u:\\{letter})")),
        'Q' | 'E' | 'C' => return Err(format!("`\\{letter}` in an expression is not supported")),
        _ => return Ok(format!("\\{letter}")),
    };
    Ok(match (outside, class) {
        (false, true) => set.into(),
        (false, false) => format!("[{set}]"),
        (true, _) => format!("[^{set}]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, text: &str, expect: &[&str]) {
        let pattern = Pattern::new(expression).expect("a sound expression");
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(range) = pattern.find(text, from) {
            from = range.end.max(from + 1);
            found.push(&text[range]);
        }
        assert_eq!(found, expect, "{expression}");
    }

    #[test]
    fn the_longest_of_the_first_matches_is_found() {
        check("a|ab", "xab", &["ab"]);
        check("(a?)(ab)?c", "abc ac", &["abc", "ac"]);
        check("[a-z]+?", "abc", &["abc"]);
    }

    #[test]
    fn short_classes_know_ascii_only() {
        check("\\w+", "né à 42", &["n", "42"]);
        check("[\\w']+", "isn't é", &["isn't"]);
        check("[^\\W]+", "né", &["n"]);
        check("[\\pL\\pM\\pN_]+", "né_à 42", &["né_à", "42"]);
        check("\\b\\w\\w+\\b", "a bc d", &["bc"]);
    }

    #[test]
    fn brackets_hold_what_they_would_elsewhere() {
        check("[[a&&b~]+", "[a&b~", &["[a&b~"]);
        check("[]x]+", "a]x", &["]x"]);
        check("[[:alpha:]]+", "ab1", &["ab"]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(Pattern::new("(a").is_err_and(|e| e.contains("is not supported")));
        assert!(Pattern::new("(a{1000}){1000}").is_err_and(|e| e.contains("is not supported")));
    }
}
