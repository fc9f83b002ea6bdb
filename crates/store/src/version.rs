//! A version's folder: `model.onnx`, `signature.json`, `golden.parquet` and `card.md`, each a blob, and a
//! manifest that holds their hashes. The hash of the manifest is the version's name.
//!
//! Not here: what the graph computes. Invariant: equal bytes make the same version on every machine, and a
//! version that loads is whole, since every hash on the way is checked.

use crate::digest::sha256;
use crate::files::parquet::{parquet_bytes, read_bytes};
use crate::{Blobs, StoreError, disk, signature_json};
use domain::{Column, OutputKind, Outputs, Signature, Table, Values, VersionId};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Everything that a version is.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionFiles {
    /// The graph, which takes raw rows.
    pub onnx: Vec<u8>,
    /// What the graph takes and answers.
    pub signature: Signature,
    /// Rows with the answers that the graph must give.
    pub golden: Golden,
    /// What people should know of it, in Markdown.
    pub card: String,
}

/// Rows with their expected answers. In `golden.parquet` the answers are the last columns: `expected:yes` for
/// the class `yes`, `expected` for a number, `expected:1` and so on for a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// Raw rows.
    pub rows: Table,
    /// One answer a row.
    pub outputs: Outputs,
}

/// The manifest: each file's hash. Its keys are the files' names.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    v: u32,
    #[serde(rename = "model.onnx")]
    onnx: String,
    #[serde(rename = "signature.json")]
    signature: String,
    #[serde(rename = "golden.parquet")]
    golden: String,
    #[serde(rename = "card.md")]
    card: String,
}

/// The format that is written.
const FORMAT: u32 = 1;

/// Keeps a version. The same files again give the same name and are kept once.
pub fn put_version(blobs: &dyn Blobs, files: &VersionFiles) -> Result<VersionId, StoreError> {
    let manifest = Manifest {
        v: FORMAT,
        onnx: blobs.put(&files.onnx)?,
        signature: blobs.put(signature_json::encode(&files.signature)?.as_bytes())?,
        golden: blobs.put(&golden_bytes(&files.golden)?)?,
        card: blobs.put(files.card.as_bytes())?,
    };
    let text = serde_json::to_vec(&manifest).expect("a manifest is plain text");
    blobs.put(&text).map(VersionId)
}

/// Loads a version, whole or not at all.
pub fn load_version(blobs: &dyn Blobs, id: &VersionId) -> Result<VersionFiles, StoreError> {
    let manifest = manifest(id, &blobs.get(&id.0)?)?;
    let signature = signature_json::decode(&place(id, "signature.json"), &blobs.get(&manifest.signature)?)?;
    let golden = golden(&place(id, "golden.parquet"), blobs.get(&manifest.golden)?, &signature.output)?;
    let card =
        String::from_utf8(blobs.get(&manifest.card)?).map_err(|e| damaged(&place(id, "card.md"), &e))?;
    Ok(VersionFiles { onnx: blobs.get(&manifest.onnx)?, signature, golden, card })
}

/// Writes a version's files into a folder, for people and Python, with `manifest.json`, whose SHA-256 is the
/// version's name and which holds the SHA-256 of the others.
pub fn export_version(blobs: &dyn Blobs, id: &VersionId, folder: &Path) -> Result<(), StoreError> {
    let text = blobs.get(&id.0)?;
    let manifest = manifest(id, &text)?;
    disk::make_root(folder)?;
    let write = |name: &str, bytes: &[u8]| disk::replace(&disk::Os, &folder.join(name), bytes);
    write("model.onnx", &blobs.get(&manifest.onnx)?)?;
    write("signature.json", &blobs.get(&manifest.signature)?)?;
    write("golden.parquet", &blobs.get(&manifest.golden)?)?;
    write("card.md", &blobs.get(&manifest.card)?)?;
    write("manifest.json", &text)
}

/// The name that these files would have, without keeping them.
pub fn version_id(files: &VersionFiles) -> Result<VersionId, StoreError> {
    put_version(&crate::MemoryBlobs::default(), files)
}

fn manifest(id: &VersionId, text: &[u8]) -> Result<Manifest, StoreError> {
    let path = place(id, "manifest.json");
    let manifest: Manifest = serde_json::from_slice(text).map_err(|e| damaged(&path, &e))?;
    if manifest.v > FORMAT {
        return Err(StoreError::Newer { path, found: manifest.v, known: FORMAT });
    }
    Ok(manifest)
}

fn place(id: &VersionId, file: &str) -> PathBuf {
    PathBuf::from(format!("version {}", id.short())).join(file)
}

fn damaged(path: &Path, why: &dyn std::error::Error) -> StoreError {
    StoreError::Damaged { path: path.into(), why: why.to_string() }
}

fn golden_bytes(golden: &Golden) -> Result<Vec<u8>, StoreError> {
    let lossy = |why: String| StoreError::Lossy { what: "golden rows", why };
    let (outputs, rows) = (&golden.outputs, golden.rows.rows());
    let width = outputs.kind.width();
    if outputs.values.len() != rows * width {
        return Err(lossy(format!(
            "{rows} rows need {} numbers, found {}",
            rows * width,
            outputs.values.len()
        )));
    }
    let answer = |(i, name)| {
        let values = (0..rows).map(|row| outputs.row(row)[i]).collect();
        Column { name, values: Values::Number(values) }
    };
    let answers = expected_names(&outputs.kind).into_iter().enumerate().map(answer);
    let columns = golden.rows.columns().iter().cloned().chain(answers).collect();
    Table::new(columns).map(|table| parquet_bytes(&table)).map_err(|e| lossy(e.to_string()))
}

fn golden(path: &Path, bytes: Vec<u8>, kind: &OutputKind) -> Result<Golden, StoreError> {
    let table = read_bytes(path, bytes).map_err(|e| damaged(path, &e))?;
    let expected = expected_names(kind);
    let missing = |name: &String| {
        let why = format!("it has no column `{name}` of numbers");
        StoreError::Damaged { path: path.into(), why }
    };
    let answers = expected.iter().map(|name| match table.column(name).map(|c| &c.values) {
        Some(Values::Number(v)) => Ok(v),
        _ => Err(missing(name)),
    });
    let answers = answers.collect::<Result<Vec<_>, _>>()?;
    let values = (0..table.rows()).flat_map(|row| answers.iter().map(move |v| v[row])).collect();
    let outputs = Outputs { kind: kind.clone(), values };
    Ok(Golden { rows: table.select(|name| !expected.iter().any(|e| e == name)), outputs })
}

fn expected_names(kind: &OutputKind) -> Vec<String> {
    match kind {
        OutputKind::Probabilities { classes } => classes.iter().map(|c| format!("expected:{c}")).collect(),
        OutputKind::Value => vec!["expected".into()],
        OutputKind::Path { horizon } => (1..=*horizon).map(|step| format!("expected:{step}")).collect(),
    }
}

/// Whether a folder that [`export_version`] wrote is still that version.
pub fn check_export(id: &VersionId, folder: &Path) -> Result<(), StoreError> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|source| StoreError::Io { action: "read", path, source })
    };
    let text = read("manifest.json")?;
    let manifest = manifest(id, &text)?;
    let parts = [
        ("manifest.json", &id.0),
        ("model.onnx", &manifest.onnx),
        ("signature.json", &manifest.signature),
        ("golden.parquet", &manifest.golden),
        ("card.md", &manifest.card),
    ];
    for (name, expected) in parts {
        let found = sha256(&read(name)?);
        if found != *expected {
            let why = format!("its bytes hash to {found}, expected {expected}");
            return Err(StoreError::Damaged { path: folder.join(name), why });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryBlobs;
    use domain::{Schema, Task};

    fn files(kind: OutputKind) -> VersionFiles {
        let rows = Table::new(vec![
            Column { name: "x".into(), values: Values::Number(vec![1.0, 2.0]) },
            Column { name: "job".into(), values: Values::Text(vec![Some("a".into()), None]) },
        ]);
        let rows = rows.expect("equally long");
        let values = (0..2 * kind.width()).map(|i| 0.1 + i as f64 / 3.0).collect();
        let golden = Golden { rows, outputs: Outputs { kind: kind.clone(), values } };
        let inputs = Schema { fields: golden.rows.schema(10).fields };
        let signature = Signature { task: Task::Classification, inputs, output: kind };
        VersionFiles { onnx: vec![8, 9], signature, golden, card: "# Card\n".into() }
    }

    fn classes() -> OutputKind {
        OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] }
    }

    #[test]
    fn a_version_loads_as_it_was_put() {
        let blobs = MemoryBlobs::default();
        for kind in [classes(), OutputKind::Value, OutputKind::Path { horizon: 3 }] {
            let files = files(kind);
            let id = put_version(&blobs, &files).expect("kept");
            assert_eq!(load_version(&blobs, &id).expect("there"), files);
        }
    }

    #[test]
    fn the_name_is_that_of_the_bytes() {
        let first = version_id(&files(classes())).expect("named");
        assert_eq!(version_id(&files(classes())).expect("named"), first);
        let other = VersionFiles { card: "# Other\n".into(), ..files(classes()) };
        assert_ne!(version_id(&other).expect("named"), first);
        assert_eq!(first.0.len(), 64);
    }

    #[test]
    fn an_export_can_be_checked_against_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let (blobs, out) = (MemoryBlobs::default(), folder.path().join("v1"));
        let id = put_version(&blobs, &files(classes())).expect("kept");
        export_version(&blobs, &id, &out).expect("written");
        check_export(&id, &out).expect("untouched");
        assert_eq!(std::fs::read(out.join("model.onnx")).expect("there"), [8, 9]);
        std::fs::write(out.join("card.md"), "changed").expect("written");
        let error = check_export(&id, &out).expect_err("changed").to_string();
        assert!(error.contains("card.md is damaged: its bytes hash to "), "{error}");
    }

    #[test]
    fn what_is_no_version_is_told() {
        let blobs = MemoryBlobs::default();
        let stray = VersionId(blobs.put(b"not a manifest").expect("kept"));
        let error = load_version(&blobs, &stray).expect_err("no version").to_string();
        assert!(error.starts_with(&format!("version {}/manifest.json is damaged", stray.short())), "{error}");
        let unknown = VersionId(sha256(b"never put"));
        assert!(matches!(load_version(&blobs, &unknown), Err(StoreError::NoBlob(_))));
    }

    #[test]
    fn golden_rows_that_do_not_fit_are_refused() {
        let mut short = files(classes());
        short.golden.outputs.values.pop();
        let error = version_id(&short).expect_err("short").to_string();
        assert_eq!(error, "could not write the golden rows: 2 rows need 4 numbers, found 3");
    }
}
