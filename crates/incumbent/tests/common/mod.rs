//! The real binary on copies of the shipped examples.
#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A folder with a copy of an example.
pub struct Copy {
    dir: TempDir,
}

impl Copy {
    /// Copies `examples/NAME`.
    pub fn of(example: &str) -> Copy {
        let copy = Copy::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
        for entry in std::fs::read_dir(&from).expect("the example is shipped").flatten() {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), copy.path(&entry.file_name().to_string_lossy()))
                    .expect("a copied file");
            }
        }
        copy
    }

    /// An empty folder.
    pub fn empty() -> Copy {
        Copy { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with these files.
    pub fn with(files: &[(&str, &[u8])]) -> Copy {
        let copy = Copy::empty();
        files.iter().for_each(|(name, bytes)| std::fs::write(copy.path(name), bytes).expect("a file"));
        copy
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a command in the folder.
    pub fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().expect("the binary runs");
        Ran::of(output)
    }

    /// Starts a command and reads the first line of its stdout.
    pub fn start(&self, args: &[&str]) -> (Child, String) {
        let mut child =
            self.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        (child, line)
    }

    /// The command, not run yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_incumbent"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }
}

/// What a command said.
pub struct Ran {
    /// The exit status.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Its stdout as JSON, where it ended with this status.
    pub fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

/// A number in [0, 1) that looks drawn at random.
pub fn draw(seed: u64, row: u64) -> f64 {
    store::digest::mix64(seed, row) as f64 / u64::MAX as f64
}

/// Posts JSON, and gives the JSON that is answered.
pub fn post(url: &str, body: &Value) -> Value {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(60))).build();
    let mut answer = config.new_agent().post(url).send_json(body).unwrap_or_else(|e| panic!("{url}: {e}"));
    answer.body_mut().read_json().expect("JSON")
}

/// The decision on each rule of a verdict.
pub fn decision<'a>(verdict: &'a Value, rule: &str) -> &'a str {
    let checks = verdict["checks"].as_array().expect("checks");
    let check =
        checks.iter().find(|c| c["rule"] == rule).unwrap_or_else(|| panic!("no check {rule} in {verdict}"));
    check["decision"].as_str().expect("a decision")
}
