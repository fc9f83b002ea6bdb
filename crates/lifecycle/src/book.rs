//! The file in which people's answers stand: one line of JSON an answer, only ever appended to, and on the disk before
//! the person is told so.
//!
//! Its first line says which rows it is about. Invariant: a last line that was cut off by a crash is dropped when the
//! file is opened again; any other line that cannot be read is an error that names it.

use crate::StageError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first line: what the lines behind it are about.
pub(crate) trait Head: Serialize + DeserializeOwned + PartialEq {
    /// What writes to such a file, in words.
    const WRITER: &'static str;
    /// What is the matter where the file begins with another head than expected.
    const OTHER: &'static str;
    /// What to do about that.
    const HINT: &'static str;
}

/// The file, open for more. Nobody else can write to it meanwhile.
#[derive(Debug)]
pub(crate) struct Book {
    file: File,
    path: PathBuf,
    /// How much of it is whole lines.
    whole: u64,
}

impl Book {
    /// Opens or begins the file, with the lines that it has.
    pub fn open<H: Head, L: DeserializeOwned>(path: &Path, head: &H) -> Result<(Book, Vec<L>), StageError> {
        let failed = |why: std::io::Error| unwritable(path, &why);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use::<H>(path)),
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = whole(&bytes);
        file.set_len(whole as u64).map_err(failed)?;
        let lines = parse(path, &bytes[..whole], head)?;
        let mut book = Book { file, path: path.into(), whole: whole as u64 };
        if whole == 0 {
            book.append(std::slice::from_ref(head))?;
            // the name of a new file is durable once its folder is
            let folder = path.parent().and_then(|folder| File::open(folder).ok());
            folder.map_or(Ok(()), |folder| folder.sync_all()).map_err(failed)?;
        }
        Ok((book, lines))
    }

    /// The lines of a file that somebody else may be writing to; none where there is no file yet.
    pub fn read<H: Head, L: DeserializeOwned>(path: &Path, head: &H) -> Result<Vec<L>, StageError> {
        match std::fs::read(path) {
            Ok(bytes) => parse(path, &bytes[..whole(&bytes)], head),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(why) => Err(unwritable(path, &why)),
        }
    }

    /// Appends lines, all or none; they are on the disk when this returns.
    pub fn append(&mut self, lines: &[impl Serialize]) -> Result<(), StageError> {
        let mut text = String::new();
        for line in lines {
            text += &serde_json::to_string(line).expect("a line is plain text and numbers");
            text.push('\n');
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(why) = written {
            // half a line would stand before the next one
            let _ = self.file.set_len(self.whole).and_then(|()| self.file.seek(SeekFrom::End(0)));
            return Err(unwritable(&self.path, &why));
        }
        self.whole += text.len() as u64;
        Ok(())
    }
}

/// How many of these bytes are whole lines.
fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}

fn parse<H: Head, L: DeserializeOwned>(path: &Path, bytes: &[u8], head: &H) -> Result<Vec<L>, StageError> {
    let file = path.display().to_string();
    let odd = |number: usize, why: String| {
        let hint = "mend or remove that line; every answer stands on its own";
        StageError::data(&file, format!("line {number}: {why}"), hint)
    };
    let text = std::str::from_utf8(bytes).map_err(|why| odd(1, why.to_string()))?;
    let mut lines = (1..).zip(text.lines());
    let Some((_, first)) = lines.next() else { return Ok(Vec::new()) };
    let found: H = serde_json::from_str(first).map_err(|why| odd(1, why.to_string()))?;
    if found != *head {
        return Err(StageError::data(&file, H::OTHER, H::HINT));
    }
    let line = |(number, text): (usize, &str)| {
        serde_json::from_str(text).map_err(|why| odd(number, why.to_string()))
    };
    lines.map(line).collect()
}

fn in_use<H: Head>(path: &Path) -> StageError {
    let found = format!("another {} writes to this file", H::WRITER);
    StageError::data(&path.display().to_string(), found, "open that page, or stop it first")
}

fn unwritable(path: &Path, why: &std::io::Error) -> StageError {
    StageError::data(&path.display().to_string(), why.to_string(), "labels are kept in this file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelling::{Head, Line};

    fn head() -> Head {
        Head { version: 1, rows: "abc".into() }
    }

    fn label(item: u64) -> Line {
        Line::Label { at: "2026-11-26T00:00:00Z".into(), worker: "ann".into(), item, label: "cat".into() }
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("people.ndjson");
        let (mut book, none) = Book::open::<_, Line>(&path, &head()).expect("new");
        assert!(none.is_empty());
        (0..3).for_each(|item| book.append(&[label(item)]).expect("written"));
        drop(book);
        let bytes = std::fs::read(&path).expect("there");
        let first = bytes.iter().position(|b| *b == b'\n').expect("a head") + 1;
        for cut in 0..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).expect("torn");
            assert_eq!(
                Book::read::<_, Line>(&path, &head()).expect("whole lines").len(),
                kept(&bytes[..cut])
            );
            let (mut book, lines) = Book::open::<_, Line>(&path, &head()).expect("it is mended");
            assert_eq!(lines.len(), kept(&bytes[..cut]), "cut at {cut} of {first}");
            book.append(&[label(9)]).expect("written");
            drop(book);
            let (_, lines) = Book::open(&path, &head()).expect("whole");
            assert_eq!(lines.last(), Some(&label(9)));
        }
    }

    /// Whole lines behind the first.
    fn kept(bytes: &[u8]) -> usize {
        bytes.iter().filter(|b| **b == b'\n').count().saturating_sub(1)
    }

    #[test]
    fn one_page_writes_at_a_time_and_another_table_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("people.ndjson");
        let (book, _) = Book::open::<_, Line>(&path, &head()).expect("new");
        let second = Book::open::<_, Line>(&path, &head()).expect_err("one at a time").to_string();
        assert!(second.ends_with("another labelling page writes to this file"), "{second}");
        drop(book);
        let other = Head { rows: "def".into(), ..head() };
        let said = Book::open::<_, Line>(&path, &other).expect_err("other rows").to_string();
        assert!(said.ends_with("of other test rows than the plan has now"), "{said}");
        let whole = std::fs::read_to_string(&path).expect("there");
        std::fs::write(&path, format!("{whole}{{\"did\":\"dance\"}}\n")).expect("written");
        let said = Book::read::<_, Line>(&path, &head()).expect_err("no such line").to_string();
        assert!(said.contains("line 2: unknown variant `dance`"), "{said}");
    }
}
