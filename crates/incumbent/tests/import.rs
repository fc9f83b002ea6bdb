//! Models made elsewhere, through the real binary: taken with their maker's answers, or refused.

mod common;

use common::Copy;
use std::path::Path;

fn trained() -> Copy {
    let bank = Copy::of("bank");
    bank.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    assert_eq!(bank.run(&["export", "v2", "made"]).code, 0);
    bank
}

/// A file with one cell of one column changed, written as CSV.
fn with_another_answer(golden: &Path, to: &Path) {
    let table = store::files::read_table(golden, &Default::default()).expect("golden rows");
    let columns = table.into_columns().into_iter().map(|mut column| {
        if let (true, domain::Values::Number(cells)) =
            (column.name.starts_with("expected:"), &mut column.values)
        {
            cells[3] = 1.0 - cells[3];
        }
        column
    });
    let table = domain::Table::new(columns.collect()).expect("a table as before");
    store::files::write_parquet(to, &table).expect("written");
}

#[test]
fn a_model_comes_with_its_makers_answers_or_not_at_all() {
    let bank = trained();
    let file = ["import", "made/model.onnx", ".", "--golden"];
    let import = |golden: &str| bank.run(&[&file[..], &[golden, "--json"]].concat());
    let found = import("made/golden.parquet").json(0);
    assert_eq!(found["parity"]["agrees"], true);
    let adapted = found["adapted"].as_array().expect("sentences");
    assert!(adapted.len() == 1 && adapted[0].as_str().is_some_and(|a| a.contains("no, yes")), "{found}");
    assert!(found["parity"]["rows"].as_u64().expect("rows") >= 200, "{found}");

    with_another_answer(&bank.path("made/golden.parquet"), &bank.path("other.parquet"));
    let found = import("other.parquet").json(1);
    assert_eq!((found["parity"]["row"].as_u64(), found["parity"]["differing"].as_u64()), (Some(3), Some(1)));
    assert!(found["version"].is_null(), "what disagrees is not registered: {found}");

    let status = bank.run(&["status", ".", "--json"]).json(0);
    let imported = status["versions"].as_array().expect("versions").last().expect("the newest").clone();
    assert_eq!(
        (imported["origin"]["kind"].as_str(), imported["stage"].as_str()),
        (Some("imported"), Some("registered"))
    );
    let verdict = bank.run(&["gate", ".", "--json"]).json(1);
    assert_eq!(
        common::decision(&verdict["verdict"], "primary"),
        "fail",
        "a copy of the incumbent is no improvement"
    );
}

#[test]
fn what_is_no_model_is_refused_with_a_way_out() {
    let bank = Copy::of("bank");
    let refused = |name: &str, bytes: &[u8], says: &[&str]| {
        std::fs::write(bank.path(name), bytes).expect("a file");
        let run = bank.run(&["import", name, "."]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        let missing = says.iter().find(|word| !run.stderr.contains(*word));
        assert!(missing.is_none(), "{missing:?} is not said: {}", run.stderr);
    };
    refused(
        "model.pkl",
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00",
        &["model.pkl", "pickle", "hint:", "onnx"],
    );
    refused("model.txt", b"tree\nversion=v4\nnum_class=1\n", &["LightGBM", "hint:"]);
    refused("model.onnx", b"\x08\x08\x12\x07", &["model.onnx"]);
    refused("nothing.onnx", b"", &["nothing.onnx"]);
    let run = bank.run(&["import", "nowhere.onnx", "."]);
    assert!(run.code == 2 && run.stderr.contains("nowhere.onnx"), "{}", run.stderr);
    assert!(!bank.path(".incumbent/versions").exists(), "nothing is half-written");
}
