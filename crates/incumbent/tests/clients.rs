//! Whole journeys of a tabular, a text and an image model, driven by the stock clients of the Open Inference Protocol:
//! trained and gated by the binary, served, asked its golden rows over gRPC and HTTP, told what turned out to be true.

mod common;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use common::Copy;
use domain::{Column, Table, Values};
use serde_json::{Value, json};
use std::process::Command;
use store::files::{ReadOptions, read_table, write_parquet};

const PACKAGES: &str = "import numpy, tritonclient.grpc, tritonclient.http";

fn clients_are_here() -> bool {
    let present = Command::new("python3").args(["-c", PACKAGES]).output();
    let here = present.is_ok_and(|run| run.status.success());
    if !here {
        eprintln!("skipped: python3 with numpy and tritonclient[grpc,http] is not installed");
    }
    here
}

#[test]
fn calls_of_a_bank_are_asked_by_tritonclient() {
    if clients_are_here() {
        journey(&Copy::of("bank"), "bank", "logistic", "no");
    }
}

#[test]
fn sentences_are_asked_by_tritonclient() {
    if clients_are_here() {
        let sentiment = Copy::of("sentiment");
        plan(&sentiment, "[\"tfidf\", \"nbsvm\"]", "[\"nbsvm\"]");
        journey(&sentiment, "sentiment", "nbsvm", "1");
    }
}

#[test]
fn pictures_are_asked_by_tritonclient() {
    if clients_are_here() {
        let fashion = Copy::of("fashion");
        first_rows(&fashion, "train.parquet", 400);
        first_rows(&fashion, "test.parquet", 400);
        journey(&fashion, "fashion", "cnn", "Bag");
    }
}

/// From the plan to outcomes: the version is this trainer's, and passed the gate.
fn journey(project: &Copy, model: &str, trainer: &str, truth: &str) {
    project.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let status = project.run(&["status", ".", "--json"]).json(0);
    let versions = status["versions"].as_array().expect("versions");
    let serves = versions.iter().find(|v| v["stage"] == "incumbent").expect("an incumbent");
    assert_eq!(serves["origin"]["trainer"], trainer, "{status}");
    let version = serves["version"].as_str().expect("an id");
    assert_eq!(project.run(&["export", version, "made", "."]).code, 0);
    let rows = golden(
        &read_table(&project.path("made/golden.parquet"), &ReadOptions::default()).expect("rows"),
        truth,
    );
    std::fs::write(project.path("rows.json"), rows.to_string()).expect("a file");

    let (mut server, line) = project.start(&["serve", ".", "--address", "127.0.0.1:0"]);
    let address = line.split("http://").nth(1).and_then(|l| l.split('/').next()).expect("an address");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients.py");
    let file = project.path("rows.json");
    let told =
        Command::new("python3").args([script, address, model]).arg(file).output().expect("python3 starts");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let traced = project.run(&["trace", told["first"].as_str().expect("an id"), ".", "--json"]).json(0);
    assert_eq!(
        (traced["outcomes"][0]["value"].as_str(), &traced["origin"]["trainer"]),
        (Some(truth), &json!(trainer))
    );
    server.kill().expect("it can be ended");
    drop(server.wait());
}

/// Golden rows as the clients' script takes them.
fn golden(table: &Table, truth: &str) -> Value {
    let answers = |c: &&Column| c.name.starts_with("expected:");
    let columns = table.columns().iter().filter(|c| !answers(c)).map(tensor);
    let answers: Vec<&Column> = table.columns().iter().filter(answers).collect();
    let expected = (0..table.rows()).map(|row| {
        let cell = |column: &&Column| match &column.values {
            Values::Number(cells) => cells[row],
            other => panic!("an answer is a number, not {}", other.kind()),
        };
        answers.iter().map(cell).collect::<Vec<f64>>()
    });
    json!({"columns": columns.collect::<Vec<_>>(), "expected": expected.collect::<Vec<_>>(), "truth": truth})
}

/// A column as a tensor of the protocol: pixels are whole numbers, and fit into UINT8.
fn tensor(column: &Column) -> Value {
    let name = &column.name;
    match &column.values {
        Values::Number(cells) => {
            let cells: Vec<Option<f64>> = cells.iter().map(|x| x.is_finite().then_some(*x)).collect();
            json!({"name": name, "dtype": "FP64", "shape": [cells.len(), 1], "cells": cells})
        }
        Values::Text(cells) => {
            let bytes = |cell: &Option<String>| BASE64_STANDARD.encode(cell.as_deref().unwrap_or_default());
            json!({"name": name, "dtype": "BYTES", "cells": cells.iter().map(bytes).collect::<Vec<_>>()})
        }
        Values::Tensor { shape, data } => {
            let whole: Vec<usize> =
                std::iter::once(column.values.len()).chain(shape.iter().copied()).collect();
            let pixels: Vec<u8> = data.iter().map(|x| *x as u8).collect();
            json!({"name": name, "dtype": "UINT8", "shape": whole, "cells": pixels})
        }
        other @ Values::Time(_) => panic!("no example has {}", other.kind()),
    }
}

fn plan(project: &Copy, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path("incumbent.toml")).expect("a plan");
    assert!(text.contains(from), "{text}");
    std::fs::write(project.path("incumbent.toml"), text.replace(from, to)).expect("a plan");
}

/// Leaves only the first rows of a file, so that a test trains in seconds.
fn first_rows(project: &Copy, file: &str, rows: usize) {
    let path = project.path(file);
    let table = read_table(&path, &ReadOptions::default()).expect("the example's rows");
    let first: Vec<usize> = (0..rows.min(table.rows())).collect();
    write_parquet(&path, &table.take(&first)).expect("written");
}
