//! Files of packed fixtures: gzip around entries of `u32 length, name, u32 length, bytes`, little-endian.

use flate2::read::GzDecoder;
use models::onnx::{Data, Tensor};
use std::collections::BTreeMap;
use std::io::Read;

/// The entries of a pack by name.
pub struct Pack(BTreeMap<String, Vec<u8>>);

impl Pack {
    /// Unpacks a file.
    pub fn of(bytes: &[u8]) -> Pack {
        let mut all = vec![];
        GzDecoder::new(bytes).read_to_end(&mut all).expect("a sound gzip file");
        let mut rest = all.as_slice();
        let mut entries = BTreeMap::new();
        while !rest.is_empty() {
            let name = String::from_utf8(part(&mut rest)).expect("a name");
            entries.insert(name, part(&mut rest));
        }
        Pack(entries)
    }

    /// The bytes of an entry.
    pub fn bytes(&self, name: &str) -> &[u8] {
        self.0.get(name).unwrap_or_else(|| panic!("the pack has no {name}"))
    }

    /// An entry of JSON.
    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(self.bytes(name)).expect("valid JSON")
    }

    /// An entry that holds a tensor: `u8 type, u8 rank, u32 sizes..., elements`.
    pub fn tensor(&self, name: &str) -> Tensor {
        let mut rest = self.bytes(name);
        let (code, rank) = (take(&mut rest, 1)[0], take(&mut rest, 1)[0]);
        let shape: Vec<usize> = (0..rank).map(|_| size(&mut rest)).collect();
        let count = shape.iter().product();
        let data = match code {
            1 => Data::F32(numbers(rest, f32::from_le_bytes)),
            11 => Data::F64(numbers(rest, f64::from_le_bytes)),
            7 => Data::I64(numbers(rest, i64::from_le_bytes)),
            9 => Data::Bool(rest.iter().map(|&b| b != 0).collect()),
            8 => Data::Str((0..count).map(|_| text(&mut rest).into()).collect()),
            other => panic!("{name}: no type {other}"),
        };
        Tensor::new(shape, data).unwrap_or_else(|| panic!("{name} does not hold what its shape says"))
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (found, left) = rest.split_at(count);
    *rest = left;
    found
}

fn size(rest: &mut &[u8]) -> usize {
    u32::from_le_bytes(take(rest, 4).try_into().expect("4 bytes")) as usize
}

fn part(rest: &mut &[u8]) -> Vec<u8> {
    let count = size(rest);
    take(rest, count).to_vec()
}

fn text(rest: &mut &[u8]) -> String {
    String::from_utf8(part(rest)).expect("UTF-8")
}

fn numbers<T, const W: usize>(bytes: &[u8], of: fn([u8; W]) -> T) -> Vec<T> {
    let (chunks, rest) = bytes.as_chunks::<W>();
    assert!(rest.is_empty(), "whole numbers of {W} bytes");
    chunks.iter().map(|&c| of(c)).collect()
}
