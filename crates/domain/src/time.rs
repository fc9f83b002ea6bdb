//! Instants and spans, without a clock: whoever needs "now" is given it.

use std::fmt;

/// Microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// One second in the unit of [`Timestamp`].
pub const SECOND: i64 = 1_000_000;
/// One hour in the unit of [`Timestamp`].
pub const HOUR: i64 = 3_600 * SECOND;
/// One day in the unit of [`Timestamp`].
pub const DAY: i64 = 24 * HOUR;

impl Timestamp {
    /// Reads `2026-11-24`, `2026-11-24 13:30[:05[.25]]`, with `T` or space, and an optional `Z` or offset.
    /// Without an offset the instant is taken as UTC.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Timestamp(instant.as_microsecond()));
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let instant = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Timestamp(instant.as_microsecond()))
    }

    /// Hours since 1970, rounded down.
    pub fn hour(self) -> i64 {
        self.0.div_euclid(HOUR)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_instants_are_read_as_utc() {
        for text in ["1970-01-02", "1970-01-02T00:00:00Z", "1970-01-02 00:00:00", "1970-01-02T01:00:00+01:00"]
        {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(DAY)), "{text}");
        }
        assert_eq!(Timestamp::parse("yes"), None);
        assert_eq!(Timestamp::parse("12"), None);
    }

    #[test]
    fn it_prints_as_it_reads() {
        let instant = Timestamp(1_234_567_890_123_456);
        assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
    }
}
