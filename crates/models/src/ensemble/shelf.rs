//! Where parts of an ensemble are kept while it is fitted, so that an interrupted fit goes on where it was.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes by key. A key names data, seed, settings and part, so that what is found is always what would be made.
pub trait Shelf: Send + Sync {
    /// What was put under a key, whole; `None` where nothing was, or where it cannot be read.
    fn get(&self, key: &str) -> Option<Vec<u8>>;

    /// Keeps bytes. The error says in words why they could not be kept; the fit stops with it.
    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), String>;
}

/// A shelf that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Shelf for Nothing {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// A shelf in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    /// How many keys it holds.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shelf for Memory {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.into(), bytes.to_vec());
        Ok(())
    }
}

/// A fitted model and what it answered to the rows held out from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub answers: Vec<f64>,
    pub onnx: Vec<u8>,
}

impl Entry {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = (self.answers.len() as u64).to_le_bytes().to_vec();
        bytes.extend(self.answers.iter().flat_map(|p| p.to_le_bytes()));
        bytes.extend_from_slice(&self.onnx);
        bytes
    }

    /// `None` where the bytes are not of an entry with so many answers.
    pub fn of(bytes: &[u8], answers: usize) -> Option<Entry> {
        let (count, rest) = bytes.split_first_chunk::<8>()?;
        let (numbers, onnx) = rest.split_at_checked(answers.checked_mul(8)?)?;
        let (numbers, odd) = numbers.as_chunks::<8>();
        let whole = u64::from_le_bytes(*count) == answers as u64 && odd.is_empty() && !onnx.is_empty();
        let answers = numbers.iter().map(|b| f64::from_le_bytes(*b)).collect();
        whole.then(|| Entry { answers, onnx: onnx.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_and_half_of_one_does_not() {
        let entry = Entry { answers: vec![0.25, 0.75], onnx: vec![1, 2, 3] };
        let bytes = entry.bytes();
        assert_eq!(Entry::of(&bytes, 2), Some(entry));
        assert_eq!(Entry::of(&bytes, 1), None);
        assert_eq!(Entry::of(&bytes[..20], 2), None);
        assert_eq!(Entry::of(&[], 0), None);
    }
}
