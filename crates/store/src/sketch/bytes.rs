//! The bytes of sketches: little-endian numbers one after the other, sealed with a format and a checksum.
//!
//! Invariant: reading never panics and never reserves more memory than there are bytes; what does not fit is `None`.

use super::SketchError;

/// Format and checksum, in bytes.
const FORMAT: usize = 4;
const CHECK: usize = 4;

/// Puts a format before the bytes and a checksum of both behind them.
pub(super) fn seal(format: u32, bytes: &[u8]) -> Vec<u8> {
    let mut sealed = format.to_le_bytes().to_vec();
    sealed.extend(bytes);
    let check = crc32fast::hash(&sealed);
    sealed.extend(check.to_le_bytes());
    sealed
}

/// The bytes within a seal, if they are those that were sealed.
pub(super) fn unseal(known: u32, bytes: &[u8]) -> Result<Input<'_>, SketchError> {
    let damaged = |why: &str| SketchError::Damaged { why: why.into() };
    let length = bytes.len().checked_sub(CHECK).filter(|&length| length >= FORMAT);
    let (sealed, check) = bytes.split_at(length.ok_or_else(|| damaged("it is too short"))?);
    if crc32fast::hash(sealed).to_le_bytes() != check {
        return Err(damaged("its bytes do not have their checksum"));
    }
    let (format, inside) = sealed.split_at(FORMAT);
    let found = u32::from_le_bytes(format.try_into().expect("cut to four bytes"));
    match found {
        found if found == known => Ok(Input(inside)),
        found if found > known => Err(SketchError::Newer { found, known }),
        _ => Err(damaged("it has format 0, which never was")),
    }
}

pub(super) fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}

pub(super) fn put_f64(out: &mut Vec<u8>, number: f64) {
    put_u64(out, number.to_bits());
}

/// How many come next.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    put_u64(out, count as u64);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend(bytes);
}

/// Bytes that are read from the front.
pub(super) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().expect("cut to eight bytes")))
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.u64().map(f64::from_bits)
    }

    /// How many come next, of which each takes so many bytes or more.
    pub fn count(&mut self, each: usize) -> Option<usize> {
        let count = usize::try_from(self.u64()?).ok()?;
        (count.checked_mul(each)? <= self.0.len()).then_some(count)
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count(1)?;
        self.take(count)
    }

    pub fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
