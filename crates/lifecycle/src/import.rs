//! A model made elsewhere becomes a version, waiting for the gate like any other.
//!
//! Not a judgement of how good it is: only that it takes the plan's columns, answers what the plan asks for, and,
//! where its maker's answers come along, answers the same. Invariant: a file that disagrees with its maker is not
//! registered.

use crate::version::{Version, keep, register};
use crate::{Project, StageError};
use domain::{Examples, Origin, Table, TrainedOn};
use models::import::{Expected, Imported, Parity, Told, makers_answers, parity, try_out};
use models::onnx::{MAX_BYTES, OnnxModel};
use std::path::Path;
use store::version::Golden;

/// What came of a file.
pub struct Found {
    /// What the file holds, and what was added to make it fit.
    pub imported: Imported,
    /// How its answers compare with its maker's, where they came along.
    pub parity: Option<Parity>,
    /// The version, unless it disagrees with its maker.
    pub version: Option<Version>,
}

/// Imports a file. `examples` are rows of the plan's table, to read the columns off and to try the model on; `golden`
/// holds raw rows with the maker's answers.
pub fn run(
    project: &Project,
    file: &Path,
    told: Told,
    golden: Option<&Table>,
    examples: &Examples,
) -> Result<Found, StageError> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let bytes = read(file)?;
    let failed = |source| StageError::Import { file: file.display().to_string(), source };
    let asked = Expected::of(project.plan.task, examples, told);
    let imported = models::import::import(&bytes, &asked).map_err(failed)?;
    let model = OnnxModel::load(&imported.artifact).map_err(|e| failed(e.into()))?;
    try_out(&model, &examples.rows).map_err(failed)?;
    let origin = Origin::Imported { file: name };
    // nobody here knows which rows it has seen
    let trained_on = TrainedOn { data: "elsewhere".into(), rows: 0, until: None, reviewed: None };
    let Some(golden) = golden else {
        let version = keep(project, &imported.artifact, origin, trained_on, &examples.rows)?;
        return Ok(Found { imported, parity: None, version: Some(version) });
    };
    let outputs = makers_answers(golden, &imported.artifact.signature.output).map_err(failed)?;
    let inputs = &imported.artifact.signature.inputs;
    let rows = golden.select(|name| inputs.field(name).is_some());
    let parity = parity(&model, &rows, &outputs).map_err(failed)?;
    let golden = Golden { rows, outputs };
    let version = parity
        .agrees()
        .then(|| register(project, model, &imported.artifact, origin, trained_on, golden))
        .transpose()?;
    Ok(Found { imported, parity: Some(parity), version })
}

/// The file's bytes, unless it is larger than any model that can be loaded.
fn read(file: &Path) -> Result<Vec<u8>, StageError> {
    let shown = file.display().to_string();
    let unread = |e: std::io::Error| StageError::data(&shown, e.to_string(), "name the ONNX file to import");
    let size = std::fs::metadata(file).map_err(unread)?.len();
    if size > MAX_BYTES as u64 {
        let found = format!("the file has {size} bytes, expected at most {MAX_BYTES}");
        return Err(StageError::data(&shown, found, "a smaller model, or one of smaller numbers"));
    }
    std::fs::read(file).map_err(unread)
}

impl Found {
    /// What the maker's answers and ours say of each other, in a sentence; an error where they disagree.
    pub fn agreement(&self) -> Result<String, String> {
        let Some(parity) = &self.parity else {
            return Ok("no answers of its maker came along: golden rows hold our own".into());
        };
        let rows = parity.rows;
        if parity.agrees() {
            return Ok(format!(
                "agrees with its maker on {rows} rows (largest difference {:.1e})",
                parity.worst
            ));
        }
        Err(format!(
            "differs from its maker in {} of {rows} rows, most in row {}: {:.1e} where 1e-5 is allowed; another class in {}",
            parity.differing, parity.row, parity.worst, parity.changed_classes
        ))
    }
}
