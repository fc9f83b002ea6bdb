//! One answer that was given, and what turned out to be true.

use crate::experiment::Assignment;
use crate::model::VersionId;
use crate::time::Timestamp;
use std::fmt;

/// A prediction's name: 128 bits, of which the first 32 are the hour since 1970 and the next 16 a bucket,
/// so that a lookup opens one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PredictionId(pub u128);

/// A logged prediction of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Its name.
    pub id: PredictionId,
    /// When it was answered.
    pub at: Timestamp,
    /// The version that the request was meant for.
    pub version: VersionId,
    /// Who really answered.
    pub served_by: ServedBy,
    /// The customer, session or series, if the caller named one.
    pub unit: Option<String>,
    /// Its place in the experiment that ran, if it took part in one.
    pub assignment: Option<Assignment>,
    /// The raw row as received: a JSON object of named columns.
    pub input: String,
    /// The numbers of the answer, as the signature's output says.
    pub output: Vec<f64>,
    /// From the request's arrival to its answer, in microseconds.
    pub latency_us: u64,
}

/// Which link of the fallback chain answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServedBy {
    /// The version that was meant.
    Intended,
    /// A version further down the chain.
    Fallback {
        /// The version that answered.
        version: VersionId,
        /// Why the one before it did not: `deadline`, `error`, `panic`, `invalid`, `breaker`, `busy`,
        /// `domain`, `stopped`.
        why: String,
    },
    /// The constant answer in memory, when no version could.
    Floor {
        /// Why the last version did not.
        why: String,
    },
}

/// What a challenger would have answered: asked beside the request, off its path.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowAnswer {
    /// The prediction that was really given.
    pub prediction: PredictionId,
    /// When the shadow answered.
    pub at: Timestamp,
    /// The challenger.
    pub version: VersionId,
    /// The numbers, or why there are none: `deadline`, `error`, `panic`, `invalid`, `breaker`, `busy`, `domain`.
    pub answer: Result<Vec<f64>, String>,
    /// How long the challenger took, in microseconds.
    pub latency_us: u64,
}

/// A prediction with everything that came after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// The prediction.
    pub prediction: Prediction,
    /// What turned out to be true, in the order of their time `at`, then of arrival.
    pub outcomes: Vec<Outcome>,
    /// What challengers would have answered, in the same order.
    pub shadows: Vec<ShadowAnswer>,
}

/// What turned out to be true of a prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Which prediction.
    pub prediction: PredictionId,
    /// When it became known.
    pub at: Timestamp,
    /// The class name or the number(s), as text or JSON.
    pub value: String,
    /// Who says so.
    pub source: Source,
}

/// Who says what was true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The world.
    Observed,
    /// A person.
    Reviewer,
}

impl PredictionId {
    /// The name of the `sequence`-th prediction of a process that drew `salt`, in the hour of `at`.
    pub fn new(at: Timestamp, bucket: u16, salt: u32, sequence: u64) -> PredictionId {
        let hour = u128::from(at.hour().clamp(0, i64::from(u32::MAX)) as u32);
        let rest = (u128::from(salt) << 48) | u128::from(sequence & 0xFFFF_FFFF_FFFF);
        PredictionId((hour << 96) | (u128::from(bucket) << 80) | rest)
    }

    /// Hours since 1970.
    pub fn hour(self) -> u32 {
        (self.0 >> 96) as u32
    }

    /// The file within the hour.
    pub fn bucket(self) -> u16 {
        (self.0 >> 80) as u16
    }

    /// Reads the 32 hex digits that [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<PredictionId> {
        if text.len() != 32 {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(PredictionId)
    }
}

impl fmt::Display for PredictionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_hour_and_bucket() {
        let id = PredictionId::new(Timestamp(crate::time::HOUR * 500_000), 7, 0xDEAD_BEEF, 42);
        assert_eq!((id.hour(), id.bucket()), (500_000, 7));
        assert_eq!(PredictionId::parse(&id.to_string()), Some(id));
    }
}
