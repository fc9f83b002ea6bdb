//! Small data with known answers, for tests only.

pub mod mixed;
pub mod pictures;
pub mod release;

use std::path::PathBuf;

/// A file of the reference data that is not part of the product: `../shared` beside the workspace.
/// `None`, with a line on stderr, where it is absent; the test that asked must then return early.
pub fn shared(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("skipped: reference data {path} is not here");
    None
}
