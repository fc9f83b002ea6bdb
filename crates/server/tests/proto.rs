//! The committed code of the protocol is what its `.proto` says. No protoc is needed to find out.

use std::fs::{read, read_to_string, write};
use std::path::{Path, PathBuf};

/// Set it to write both files anew.
const RENEW: &str = "INCUMBENT_RENEW_PROTO";

const HEAD: &str = "//! The messages and the service of the Open Inference Protocol, made from `proto/open_inference.proto`.\n\
                    //! Not to be edited: `tests/proto.rs` compares the two, and makes this anew.\n\n";

#[test]
fn what_is_committed_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, descriptors) = made(&root.join("proto"));
    let (code_file, descriptors_file) =
        (root.join("src/grpc/proto.rs"), root.join("proto/open_inference.bin"));
    if std::env::var_os(RENEW).is_some() {
        write(&code_file, &code).expect("the sources can be written");
        write(&descriptors_file, &descriptors).expect("the sources can be written");
    }
    let stale = |file: &PathBuf| {
        format!("{} is not what the .proto says; renew it: {RENEW}=1 cargo test --test proto", file.display())
    };
    assert!(read_to_string(&code_file).is_ok_and(|found| found == code), "{}", stale(&code_file));
    assert!(read(&descriptors_file).is_ok_and(|found| found == descriptors), "{}", stale(&descriptors_file));
}

/// The code, and the descriptors that reflection tells.
fn made(proto: &Path) -> (String, Vec<u8>) {
    let file = proto.join("open_inference.proto");
    let out = tempfile::tempdir().expect("a temporary folder");
    let files = protox::compile([&file], [proto]).expect("the .proto compiles");
    let builder = tonic_prost_build::configure().build_transport(false).emit_rerun_if_changed(false);
    // pieces of the request's own buffer, not copies of them
    builder.bytes("raw_input_contents").out_dir(out.path()).compile_fds(files).expect("code is made");
    let code = read_to_string(out.path().join("inference.rs")).expect("one package, one file");
    let mut compiler = protox::Compiler::new([proto]).expect("the folder is there");
    compiler.include_imports(true).open_file(&file).expect("the .proto compiles");
    (format!("{HEAD}{code}"), compiler.encode_file_descriptor_set())
}
