//! An answer: the numbers of every row, and who gave them.
//!
//! Most requests are answered by one version for all rows alike: one part. An experiment, or rows unlike the training
//! data, may take a request apart; what its rows share stands in parts, and every row tells its own.

use crate::doubt::Doubt;
use crate::predict::Piece;
use domain::{Assignment, OutputKind, Outputs, PredictionId, ServedBy, VersionId};
use std::time::Duration;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One name a row, under which outcomes are reported.
    pub ids: Vec<PredictionId>,
    /// The version that the request was meant for, experiments aside.
    pub version: VersionId,
    /// Who answered; at least one.
    pub parts: Vec<Part>,
    /// Which part each row belongs to; empty where there is only one.
    pub part_of: Vec<usize>,
    /// The numbers.
    pub outputs: Outputs,
    /// Cells unlike the intended version's training data, in the rows that are out of its domain.
    pub doubts: Vec<Doubt>,
    /// Whether each row's answer is for people to look at; empty where the plan defers nothing.
    pub review: Vec<bool>,
    /// From arrival to answer.
    pub latency: Duration,
}

/// What rows of one answer share.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The version that they were meant for.
    pub version: VersionId,
    /// Who really answered.
    pub served_by: ServedBy,
    /// Their place in the experiment, if they take part in one.
    pub assignment: Option<Assignment>,
    /// From the request's arrival until these rows were answered.
    pub latency: Duration,
}

impl Answer {
    /// What a row shares with others.
    pub fn part(&self, row: usize) -> &Part {
        &self.parts[self.part_of.get(row).copied().unwrap_or_default()]
    }

    /// The parts and how many rows each has.
    pub fn sizes(&self) -> impl Iterator<Item = (&Part, usize)> {
        let size = |place| match self.parts.len() {
            1 => self.ids.len(),
            _ => self.part_of.iter().filter(|part| **part == place).count(),
        };
        self.parts.iter().enumerate().map(move |(place, part)| (part, size(place)))
    }

    /// The class with the largest probability in a row; the first of equals. `None` where the answer is
    /// not a distribution.
    pub fn label(&self, row: usize) -> Option<&str> {
        let OutputKind::Probabilities { classes } = &self.outputs.kind else { return None };
        let numbers = self.outputs.row(row).iter().zip(classes);
        let best = numbers.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, class)| class.as_str())
    }

    pub(crate) fn doubtful_rows(&self) -> usize {
        // doubts are sorted by row
        self.doubts.chunk_by(|a, b| a.row == b.row).count()
    }
}

impl Part {
    /// The version that answered; `None` for the floor.
    pub fn answered_by(&self) -> Option<&VersionId> {
        match &self.served_by {
            ServedBy::Intended => Some(&self.version),
            ServedBy::Fallback { version, .. } => Some(version),
            ServedBy::Floor { .. } => None,
        }
    }

    /// Whether another version than the one that was meant had to answer.
    pub fn fell_back(&self) -> bool {
        self.served_by != ServedBy::Intended
    }
}

/// The pieces of a request of `rows` rows in the order of its rows: the numbers, and the place of each row's piece,
/// which are none where there is only one.
pub(crate) fn merge(rows: usize, mut pieces: Vec<Piece>) -> (Outputs, Vec<usize>) {
    if pieces.len() == 1 {
        let only = pieces.remove(0);
        return (only.outputs, Vec::new());
    }
    let kind = pieces.first().map(|piece| piece.outputs.kind.clone());
    let kind = kind.expect("every row is answered, and a request has rows");
    let width = kind.width();
    let (mut values, mut part_of) = (vec![0.0; rows * width], vec![0; rows]);
    for (part, piece) in pieces.iter().enumerate() {
        for (row, numbers) in piece.batch.places().zip(piece.outputs.values.chunks(width)) {
            values[row * width..(row + 1) * width].copy_from_slice(numbers);
            part_of[row] = part;
        }
    }
    (Outputs { kind, values }, part_of)
}
