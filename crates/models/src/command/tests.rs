//! Tests of `command`.

use super::*;
use crate::baseline::Prior;
use crate::conformance::check_fit;
use crate::linear::Logistic;
use std::fs;
use testkit::mixed;

/// A command of one shell line, in a folder of its own that holds `prior.onnx`.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(data: &Examples) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let model = Prior.fit(data, Seed(1), &mut |_| true).expect("classes");
        fs::write(folder.path().join("prior.onnx"), model.onnx).expect("a file");
        Bench { folder }
    }

    fn command(&self, script: &str) -> Command {
        Command {
            argv: ["sh", "-c", script].map(String::from).to_vec(),
            folder: self.folder.path().into(),
            work: self.folder.path().join("work"),
            time_limit: Duration::from_secs(60),
            target: "y".into(),
            said: Said::default(),
        }
    }

    fn said(&self, run: usize) -> String {
        fs::read_to_string(self.folder.path().join(format!("work/{run}/output.log"))).expect("a log")
    }
}

fn fit(command: &Command, data: &Examples) -> Result<Artifact, String> {
    command.fit(data, Seed(5), &mut |_| true).map_err(|e| e.to_string())
}

fn small() -> Examples {
    mixed::classes(60, 1).examples
}

#[test]
fn a_command_conforms() {
    let data = small();
    let bench = Bench::new(&data);
    check_fit(&OnlyTwoClasses(bench.command(r#"cp prior.onnx "$INCUMBENT_OUTPUT""#)), &data);
}

/// The command copies a model of two classes. It would say by its exit code that a target is not its own,
/// where the suite asks for [`FitError::Task`].
struct OnlyTwoClasses(Command);

impl Fit for OnlyTwoClasses {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        go: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        if !matches!(&data.target, Target::Class { classes, .. } if classes.len() == 2) {
            return Err(supervise::wrong_task("command", &data.target, "two classes"));
        }
        self.0.fit(data, seed, go)
    }
}

#[test]
fn the_contract_is_kept() {
    let data = small();
    let bench = Bench::new(&data);
    let command = bench.command(
        r#"echo "$INCUMBENT_CONTRACT $INCUMBENT_SEED $INCUMBENT_TARGET $INCUMBENT_TASK"
        head -n 1 "$INCUMBENT_DATA"; wc -l < "$INCUMBENT_DATA" | tr -d ' '
        grep -c '"contract": 1' "$INCUMBENT_SCHEMA"; cp prior.onnx "$INCUMBENT_OUTPUT""#,
    );
    let artifact = fit(&command, &data).expect("a model");
    assert_eq!(
        bench.said(1),
        "1 5 y classification\nage,debt,noise,job,town,id,country,called,pulse,y\n61\n1\n"
    );
    assert_eq!(artifact.onnx, fs::read(bench.folder.path().join("prior.onnx")).expect("the file"));
    assert_eq!(artifact.signature.inputs.fields[0].name, "age");
    assert!(!bench.folder.path().join("work/1/train.csv").exists(), "the copy of the data is removed");
    fit(&command, &data).expect("a model again");
    assert!(bench.folder.path().join("work/2").exists(), "every fit has a folder of its own");
}

#[test]
fn progress_is_passed_on() {
    let data = small();
    let bench = Bench::new(&data);
    let command = bench.command(
        "echo progress 0.25; echo 'progress was good'; echo progress 0.75; cp prior.onnx $INCUMBENT_OUTPUT",
    );
    let mut shares = Vec::new();
    let mut watch = |share: f64| {
        shares.push(share);
        true
    };
    command.fit(&data, Seed(1), &mut watch).expect("a model");
    assert!(shares.contains(&0.25) && shares.ends_with(&[0.75]), "{shares:?}");
    assert_eq!(bench.said(1), "progress was good\n");
    assert_eq!(
        (command.said(), command.said()),
        (vec!["progress was good".to_string()], vec![]),
        "told once"
    );
}

#[test]
fn what_went_wrong_is_told_with_the_last_lines() {
    let data = small();
    let bench = Bench::new(&data);
    let check = |script: &str, expect: &str| {
        let error = fit(&bench.command(script), &data).expect_err("no model");
        assert!(error.contains(expect), "{error}");
    };
    check("echo one; echo two >&2; exit 3", "ended with exit status: 3; its last lines:\n");
    check("exit 4", "ended with exit status: 4 and said nothing");
    check("true", "wrote no model to ");
    check("echo no > $INCUMBENT_OUTPUT", "wrote a model that cannot be used: ");
    let nothing = Command { argv: vec!["no such program".into()], ..bench.command("") };
    assert!(fit(&nothing, &data).expect_err("no program").contains("could not be started"));
    let wordless = Command { argv: vec![], ..bench.command("") };
    assert!(fit(&wordless, &data).expect_err("no words").contains("the command has no words"));
}

#[test]
fn a_model_of_other_columns_or_answers_is_refused() {
    let data = small();
    let bench = Bench::new(&data);
    let copy = bench.command("cp prior.onnx $INCUMBENT_OUTPUT");
    let without = Examples { rows: data.rows.select(|name| name != "age"), ..data.clone() };
    let error = fit(&copy, &without).expect_err("no age");
    assert!(error.contains("takes `age`, which is not a column of the table"), "{error}");
    let classes = ["a", "b", "c"].map(String::from).to_vec();
    let three = Examples { target: Target::Class { classes, index: vec![0; 60] }, ..data };
    let error = fit(&copy, &three).expect_err("three classes");
    assert!(error.contains("does not answer the training rows: "), "{error}");
}

#[test]
fn what_runs_too_long_is_ended_with_all_that_it_started() {
    let data = small();
    let bench = Bench::new(&data);
    let script = "sleep 60 & echo $! > child; echo waiting; wait";
    let command = Command { time_limit: Duration::from_millis(300), ..bench.command(script) };
    let error = fit(&command, &data).expect_err("too long");
    assert!(error.contains("was stopped after 300ms, its time limit; its last lines:\nwaiting"), "{error}");
    let child = fs::read_to_string(bench.folder.path().join("child")).expect("its number");
    assert!(ended(child.trim()), "process {child} still runs");
}

#[test]
fn what_is_left_running_behind_the_command_is_ended() {
    let data = small();
    let bench = Bench::new(&data);
    let command = bench.command("sleep 60 & echo $! > child; cp prior.onnx $INCUMBENT_OUTPUT");
    fit(&command, &data).expect("a model");
    let child = fs::read_to_string(bench.folder.path().join("child")).expect("its number");
    assert!(ended(child.trim()), "process {child} still runs");
}

/// Whether a process is gone, or dead and only not yet buried.
fn ended(process: &str) -> bool {
    let status = std::process::Command::new("ps").args(["-o", "stat=", "-p", process]).output().expect("ps");
    let status = String::from_utf8_lossy(&status.stdout).trim().to_string();
    status.is_empty() || status.starts_with('Z')
}

#[test]
fn a_column_named_like_the_target_is_refused() {
    let data = small();
    let bench = Bench::new(&data);
    let command = Command { target: "age".into(), ..bench.command("true") };
    assert!(
        fit(&command, &data).expect_err("two of a name").contains("column `age` has the name of the target")
    );
}

#[test]
fn a_trained_model_comes_back_whole() {
    let data = mixed::classes(200, 1).examples;
    let bench = Bench::new(&data);
    let model = Logistic::default().fit(&data, Seed(1), &mut |_| true).expect("a fit");
    fs::write(bench.folder.path().join("logistic.onnx"), &model.onnx).expect("a file");
    let back = fit(&bench.command("cp logistic.onnx $INCUMBENT_OUTPUT"), &data).expect("a model");
    assert_eq!(back, model);
}
