//! Numbers as people read them in a terminal: counts with thousands set apart, shares in percent, p-values.

/// `44,700`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `19.02%`, with the decimals given.
pub fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$}%", 100.0 * share)
}

/// The decimals that show two leading digits of a width, at least `least`.
pub fn decimals(width: f64, least: usize) -> usize {
    if width > 0.0 && width.is_finite() {
        usize::try_from(1 - width.log10().floor() as i32).unwrap_or(0).clamp(least, 8)
    } else {
        least.max(4)
    }
}

/// A p-value: `0.0016`, `0.39`, `< 0.0001`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-4 => "< 0.0001".into(),
        p if p < 0.1 => format!("{p:.4}"),
        p => format!("{p:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_what_matters() {
        assert_eq!([7, 999, 1_000, 1_234_567].map(count), ["7", "999", "1,000", "1,234,567"]);
        assert_eq!([1e-9, 0.0016, 0.39].map(p_value), ["< 0.0001", "0.0016", "0.39"]);
        assert_eq!((percent(0.19021, 2), decimals(0.0102, 0)), ("19.02%".into(), 3));
    }
}
