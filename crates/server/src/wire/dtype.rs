//! The datatypes of the Open Inference Protocol, and their little-endian bytes.

use std::fmt;

/// A tensor's datatype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// An unsigned integer of this many bytes.
    Uint(usize),
    /// A signed integer of this many bytes.
    Int(usize),
    /// IEEE half precision.
    Fp16,
    /// The upper half of an [`Dtype::Fp32`].
    Bf16,
    /// IEEE single precision.
    Fp32,
    /// IEEE double precision.
    Fp64,
    /// Text: each element has its length in 4 bytes before it.
    Bytes,
}

const NAMES: [(&str, Dtype); 14] = [
    ("BOOL", Dtype::Bool),
    ("UINT8", Dtype::Uint(1)),
    ("UINT16", Dtype::Uint(2)),
    ("UINT32", Dtype::Uint(4)),
    ("UINT64", Dtype::Uint(8)),
    ("INT8", Dtype::Int(1)),
    ("INT16", Dtype::Int(2)),
    ("INT32", Dtype::Int(4)),
    ("INT64", Dtype::Int(8)),
    ("FP16", Dtype::Fp16),
    ("BF16", Dtype::Bf16),
    ("FP32", Dtype::Fp32),
    ("FP64", Dtype::Fp64),
    ("BYTES", Dtype::Bytes),
];

impl Dtype {
    /// The datatype of this name.
    pub fn parse(name: &str) -> Option<Dtype> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, dtype)| *dtype)
    }

    /// The datatype that an input says it has.
    pub fn named(input: &str, found: &str) -> Result<Dtype, String> {
        let unknown = || format!("input `{input}` has datatype {found}, expected one of {}", Dtype::names());
        Dtype::parse(found).ok_or_else(unknown)
    }

    /// Every name, for messages.
    fn names() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }

    /// Bytes an element; `None` where they differ.
    pub fn size(self) -> Option<usize> {
        match self {
            Dtype::Bool => Some(1),
            Dtype::Uint(size) | Dtype::Int(size) => Some(size),
            Dtype::Fp16 | Dtype::Bf16 => Some(2),
            Dtype::Fp32 => Some(4),
            Dtype::Fp64 => Some(8),
            Dtype::Bytes => None,
        }
    }

    /// The number in these bytes, of which there are [`Dtype::size`]. Integers beyond 2^53 are rounded.
    pub fn number(self, bytes: &[u8]) -> f64 {
        let bits = bytes.iter().rev().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        match self {
            Dtype::Bool => f64::from(u8::from(bits != 0)),
            Dtype::Uint(_) => bits as f64,
            Dtype::Int(size) => {
                let unused = 64 - 8 * size as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
            Dtype::Fp16 => half(bits as u16),
            Dtype::Bf16 => f64::from(f32::from_bits((bits as u32) << 16)),
            Dtype::Fp32 => f64::from(f32::from_bits(bits as u32)),
            Dtype::Fp64 | Dtype::Bytes => f64::from_bits(bits),
        }
    }
}

fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3FF) / 1024.0;
    let magnitude = match (bits >> 10) & 0x1F {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2_f64.powi(i32::from(exponent) - 15),
    };
    sign * magnitude
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, dtype)| dtype == self).map_or("unknown", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_datatype_reads_its_bytes() {
        let check = |name: &str, bytes: &[u8], expect: f64| {
            let dtype = Dtype::parse(name).expect(name);
            assert_eq!(dtype.size(), Some(bytes.len()), "{name}");
            assert_eq!(dtype.number(bytes), expect, "{name}");
            assert_eq!(dtype.to_string(), name);
        };
        check("BOOL", &[1], 1.0);
        check("UINT8", &[200], 200.0);
        check("UINT16", &60_000_u16.to_le_bytes(), 60_000.0);
        check("UINT64", &u64::MAX.to_le_bytes(), u64::MAX as f64);
        check("INT8", &(-2_i8).to_le_bytes(), -2.0);
        check("INT32", &i32::MIN.to_le_bytes(), f64::from(i32::MIN));
        check("INT64", &(-7_i64).to_le_bytes(), -7.0);
        check("FP16", &0xC500_u16.to_le_bytes(), -5.0);
        check("FP16", &0x0001_u16.to_le_bytes(), 2_f64.powi(-24));
        check("BF16", &0x40A0_u16.to_le_bytes(), 5.0);
        check("FP32", &0.1_f32.to_le_bytes(), f64::from(0.1_f32));
        check("FP64", &(-0.1_f64).to_le_bytes(), -0.1);
        assert!(Dtype::Fp16.number(&0x7E00_u16.to_le_bytes()).is_nan());
        assert_eq!(Dtype::parse("FLOAT"), None);
    }
}
