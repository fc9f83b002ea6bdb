//! Why an answer of a person is not taken: for both desks, that of a sample's labels (`labelling`) and that of reviewed
//! answers (`review`). Not here: when that is so.

use crate::StageError;
use thiserror::Error;

/// The longest name of a person, in characters.
pub const LONGEST_NAME: usize = 64;

/// Why an answer was not taken.
#[derive(Debug, Error)]
pub enum DeskError {
    /// A name that nobody has.
    #[error("found a name of {0} characters, expected 1 to {LONGEST_NAME} without control characters")]
    Name(usize),
    /// A class that the target does not have.
    #[error("found `{0}`, expected one of the classes {1}")]
    Class(String, String),
    /// Not now, or not this.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The answer could not be kept.
    #[error(transparent)]
    Kept(#[from] StageError),
}

/// What stands against an answer that could be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Not among the items.
    #[error("there is no item {0} to label")]
    Unknown(String),
    /// The person said something else of it before.
    #[error("item {0} was answered by the same person before; undo that answer first")]
    Twice(String),
    /// It is somebody else's for now.
    #[error("item {0} is with somebody else: the time to answer it had run out")]
    Held(String),
    /// It has its label.
    #[error("item {0} has its label already: the time to answer it had run out")]
    Closed(String),
    /// It counts already.
    #[error("the answer to item {0} counts already and cannot be taken back; answers can be for a minute")]
    Counts(String),
}

/// A person's name, without the blanks around it.
pub(crate) fn name(person: &str) -> Result<&str, DeskError> {
    let name = person.trim();
    let characters = name.chars().count();
    let fits = (1..=LONGEST_NAME).contains(&characters) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(DeskError::Name(characters)) }
}

/// The place of a class.
pub(crate) fn class(label: &str, classes: &[String]) -> Result<usize, DeskError> {
    let place = classes.iter().position(|class| class == label);
    place.ok_or_else(|| DeskError::Class(label.into(), classes.join(", ")))
}
