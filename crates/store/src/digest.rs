//! Hashes: names for bytes, rows and units that are the same on every machine.

use domain::{Column, Examples, Table, Target, Values};
use sha2::{Digest as _, Sha256};

/// A SHA-256 that is fed piece by piece; every piece counts with its length, so that `ab`,`c` and `a`,`bc` differ.
pub struct Digest(Sha256);

impl Digest {
    /// Nothing fed yet.
    #[expect(clippy::new_without_default, reason = "an empty hash is begun on purpose, never by default")]
    pub fn new() -> Digest {
        Digest(Sha256::new())
    }

    /// Feeds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Feeds text.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Feeds numbers by their bits.
    pub fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u64>) {
        self.0.update((numbers.len() as u64).to_le_bytes());
        for number in numbers {
            self.0.update(number.to_le_bytes());
        }
    }

    /// The hash in 64 hex digits.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The SHA-256 of some bytes, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first 64 bits of a text's SHA-256.
pub fn hash64(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    u64::from_be_bytes(hash[..8].try_into().expect("a SHA-256 has 32 bytes"))
}

/// A seeded, well mixed number of a unit (splitmix64): a draw that does not depend on the order of drawing.
pub fn mix64(seed: u64, unit: u64) -> u64 {
    let mut z =
        seed.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_add(unit.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Feeds a table: names, kinds and cells.
pub fn table(hash: &mut Digest, table: &Table) {
    for Column { name, values } in table.columns() {
        hash.text(name);
        hash.text(&values.kind().to_string());
        match values {
            Values::Number(v) => hash.numbers(v.iter().map(|x| x.to_bits())),
            Values::Time(v) => hash.numbers(v.iter().map(|t| t.map_or(i64::MIN, |t| t.0) as u64)),
            Values::Tensor { data, .. } => hash.numbers(data.iter().map(|x| u64::from(x.to_bits()))),
            Values::Text(v) => v.iter().for_each(|t| match t {
                Some(text) => hash.text(text),
                None => hash.numbers([u64::MAX].into_iter()),
            }),
        }
    }
}

/// Feeds labelled rows.
pub fn examples(hash: &mut Digest, examples: &Examples) {
    table(hash, &examples.rows);
    match &examples.target {
        Target::Class { classes, index } => {
            classes.iter().for_each(|c| hash.text(c));
            hash.numbers(index.iter().map(|&i| u64::from(i)));
        }
        Target::Soft { probability: values, .. } | Target::Number(values) | Target::Path { values, .. } => {
            hash.numbers(values.iter().map(|x| x.to_bits()));
        }
    }
    if let Some(weight) = &examples.weight {
        hash.numbers(weight.iter().map(|w| w.to_bits()));
    }
    if let Some(at) = &examples.at {
        hash.numbers(at.iter().map(|t| t.0 as u64));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_count_with_their_length() {
        let of = |pieces: &[&str]| {
            let mut hash = Digest::new();
            pieces.iter().for_each(|p| hash.text(p));
            hash.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }

    #[test]
    fn it_is_the_sha256_that_everybody_has() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert_eq!(hash64(""), 0xe3b0_c442_98fc_1c14);
    }

    #[test]
    fn a_draw_is_spread_evenly() {
        let low = (0..10_000).filter(|&unit| mix64(7, unit) < u64::MAX / 5).count();
        assert!((1_850..2_150).contains(&low), "{low} of 10,000 in the lowest fifth");
    }
}
