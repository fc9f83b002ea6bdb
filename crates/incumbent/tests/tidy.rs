//! The house stays as it is drawn: which crate may import which, what pure crates may not name, and the
//! documents that every crate must appear in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who may import whom among our own crates; development dependencies are free to use the testkit.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("stats", &[]),
    ("domain", &["stats"]),
    ("models", &["domain", "stats"]),
    ("store", &["domain"]),
    ("serving", &["domain", "models", "store"]),
    ("lifecycle", &["stats", "domain", "models", "store"]),
    ("server", &["domain", "serving", "lifecycle"]),
    ("incumbent", &["stats", "domain", "models", "store", "serving", "lifecycle", "server"]),
    ("testkit", &["domain"]),
];

/// Crates from outside that a crate must never depend on.
const MAY_NOT_USE: &[(&str, &[&str])] = &[
    ("stats", &["serde", "serde_json", "tokio", "rand", "arrow", "jiff"]),
    ("domain", &["tokio", "arrow", "parquet", "rusqlite", "axum", "rand"]),
    ("models", &["tokio", "axum", "rusqlite", "ureq"]),
    ("store", &["axum", "tokio"]),
    ("serving", &["rusqlite", "axum"]),
    ("lifecycle", &["axum", "clap", "indicatif", "tokio", "ureq"]),
    ("server", &["rusqlite", "arrow", "parquet"]),
];

/// Words that may not stand in the sources of a pure crate: clocks, files, threads' own randomness.
const PURE: &[(&str, &[&str])] = &[
    ("stats", &["SystemTime::now", "Instant::now", "std::fs", "std::net", "thread_rng"]),
    ("domain", &["SystemTime::now", "Instant::now", "std::fs", "std::net", "thread_rng"]),
    ("lifecycle", &["println!", "eprintln!", "SystemTime::now"]),
];

#[test]
fn crates_import_only_whom_they_may() {
    for (name, allowed) in MAY_IMPORT {
        for found in dependencies(name).keys().filter_map(|d| own(d)) {
            assert!(allowed.contains(&found.as_str()), "crate {name} imports {found}, which it may not");
        }
    }
}

#[test]
fn crates_do_not_use_what_they_must_not_know() {
    for (name, forbidden) in MAY_NOT_USE {
        let found = dependencies(name).into_keys().find(|d| forbidden.contains(&d.as_str()));
        assert_eq!(found, None, "crate {name} depends on what it must not know");
    }
}

#[test]
fn pure_crates_name_no_clock_file_or_socket() {
    for (name, words) in PURE {
        for file in sources(&root().join("crates").join(name).join("src")) {
            let text = std::fs::read_to_string(&file).expect("a source file is text");
            let found = words.iter().find(|w| text.contains(**w));
            assert_eq!(found, None, "{} names what crate {name} must not", file.display());
        }
    }
}

#[test]
fn every_module_says_what_it_is() {
    for file in sources(&root().join("crates")) {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        assert!(text.starts_with("//!"), "{} does not open with //!", file.display());
    }
}

#[test]
fn no_source_leaves_work_for_later() {
    // Spelt in two halves, so that this file does not find itself.
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!"), concat!("todo", "!(")];
    for file in sources(&root().join("crates")) {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        let found = words.iter().find(|w| text.contains(**w));
        assert_eq!(found, None, "{} leaves work for later", file.display());
    }
}

#[test]
fn architecture_names_every_crate_and_only_files_that_are_there() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (name, _) in MAY_IMPORT {
        assert!(text.contains(&format!("crates/{name}")), "ARCHITECTURE.md does not name crates/{name}");
    }
    for path in text.split('`').filter(|word| word.starts_with("crates/") || word.starts_with("docs/")) {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}, which is not there");
    }
}

fn dependencies(name: &str) -> BTreeMap<String, ()> {
    let manifest = root().join("crates").join(name).join("Cargo.toml");
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(&manifest)
        .no_deps()
        .other_options(vec!["--offline".into()])
        .exec();
    let metadata = metadata.expect("cargo metadata runs");
    let package = if name == "incumbent" { name.to_string() } else { format!("incumbent-{name}") };
    let package =
        metadata.packages.iter().find(|p| p.name.as_str() == package).expect("the crate is in the workspace");
    let normal = package.dependencies.iter().filter(|d| d.kind == cargo_metadata::DependencyKind::Normal);
    normal.map(|d| (d.name.clone(), ())).collect()
}

fn own(dependency: &str) -> Option<String> {
    dependency.strip_prefix("incumbent-").map(str::to_string)
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder of the workspace").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
