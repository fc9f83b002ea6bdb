//! A disk in memory whose power can be cut: what was not synced may be lost, in part and in any order.
//!
//! Harsher than real file systems: of the names that were not synced any subset survives, and of the bytes that
//! were not synced any prefix, with any 16 of them turned to zero.

use crate::digest::mix64;
use crate::disk::{Disk, Output, folder_of};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// A handle to a disk; clones share it.
#[derive(Clone)]
pub(crate) struct Frail(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// What programs see.
    names: BTreeMap<PathBuf, Node>,
    /// What is surely there after a power cut.
    durable: BTreeMap<PathBuf, Node>,
    /// Changes of names that no sync of their folder has followed.
    pending: Vec<Change>,
    contents: Vec<Content>,
    /// Changes until the power is cut.
    left: Option<usize>,
    /// Says that it has synced, and has not.
    lies: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Clone)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

#[derive(Clone)]
enum Change {
    Add(PathBuf, Node),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

struct FrailFile {
    disk: Frail,
    content: usize,
}

impl Frail {
    /// A disk with one empty folder, whose power is cut after so many changes.
    pub fn new(root: &Path, left: Option<usize>) -> Frail {
        let names = BTreeMap::from([(root.to_path_buf(), Node::Folder)]);
        let durable = names.clone();
        Frail(Arc::new(Mutex::new(State { names, durable, left, ..State::default() })))
    }

    /// A disk that says that it has synced, and has not.
    pub fn lying(root: &Path) -> Frail {
        let disk = Frail::new(root, None);
        disk.state().lies = true;
        disk
    }

    /// What the disk holds after the power was cut and came back. The seed decides what survives of that which
    /// was not synced.
    pub fn after_power_cut(&self, seed: u64, left: Option<usize>) -> Frail {
        let state = self.state();
        let mut draws = 0;
        let mut draw = |below: usize| {
            draws += 1;
            (mix64(seed, draws) % below.max(1) as u64) as usize
        };
        let mut names = state.durable.clone();
        for change in &state.pending {
            if draw(2) == 0 {
                change.apply(&mut names);
            }
        }
        let folders: Vec<PathBuf> =
            names.iter().filter(|(_, node)| **node == Node::Folder).map(|(path, _)| path.clone()).collect();
        let roots = names.keys().next().cloned();
        names.retain(|path, _| {
            Some(path) == roots.as_ref() || folders.contains(&folder_of(path).to_path_buf())
        });
        let mut contents = state.contents.clone();
        for content in &mut contents {
            content.bytes.truncate(content.synced + draw(content.bytes.len() - content.synced + 1));
            for chunk in content.bytes[content.synced..].chunks_mut(16) {
                if draw(4) == 0 {
                    chunk.fill(0);
                }
            }
            content.synced = content.bytes.len();
        }
        let durable = names.clone();
        Frail(Arc::new(Mutex::new(State { names, durable, contents, left, ..State::default() })))
    }

    /// The disk as it is, for a new program, with power for so many changes.
    pub fn revived(&self, left: Option<usize>) -> Frail {
        self.state().left = left;
        self.clone()
    }

    /// Whether the power was cut.
    pub fn is_dead(&self) -> bool {
        self.state().left == Some(0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the disk")
    }

    /// The state, if there is power for one more change.
    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.powered()?;
        if let Some(left) = &mut state.left {
            *left -= 1;
        }
        Ok(state)
    }

    fn powered(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.left == Some(0) { Err(io::Error::other("the power is cut")) } else { Ok(state) }
    }
}

impl State {
    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(content)) => Ok(*content),
            _ => Err(ErrorKind::NotFound.into()),
        }
    }

    fn alter(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }
}

impl Change {
    fn folder(&self) -> &Path {
        match self {
            Change::Add(path, _) | Change::Remove(path) | Change::Rename(path, _) => folder_of(path),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        match self {
            Change::Add(path, node) => {
                names.insert(path.clone(), *node);
            }
            Change::Remove(path) => {
                names.remove(path);
            }
            Change::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

impl Disk for Frail {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let mut state = self.change()?;
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let content = state.contents.len();
        state.contents.push(Content { bytes: Vec::new(), synced: 0 });
        state.alter(Change::Add(path.into(), Node::File(content)));
        Ok(Box::new(FrailFile { disk: self.clone(), content }))
    }

    fn read(&self, path: &Path, offset: u64, most: u64) -> io::Result<Vec<u8>> {
        let state = self.powered()?;
        let bytes = &state.contents[state.file(path)?].bytes;
        let start = (offset as usize).min(bytes.len());
        let end = (offset.saturating_add(most)).min(bytes.len() as u64) as usize;
        Ok(bytes[start..end.max(start)].to_vec())
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        let state = self.powered()?;
        Ok(state.contents[state.file(path)?].bytes.len() as u64)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.powered()?;
        if state.names.get(folder) != Some(&Node::Folder) {
            return Err(ErrorKind::NotFound.into());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| path.file_name()?.to_str().map(String::from)).collect())
    }

    fn make_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if !state.names.contains_key(folder) {
            state.alter(Change::Add(folder.into(), Node::Folder));
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        state.file(from)?;
        state.alter(Change::Rename(from.into(), to.into()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        state.alter(Change::Remove(path.into()));
        Ok(())
    }

    fn remove_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if state.names.keys().any(|path| path.parent() == Some(folder)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        state.alter(Change::Remove(folder.into()));
        Ok(())
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let mut state = self.change()?;
        let content = state.file(path)?;
        let content = &mut state.contents[content];
        content.bytes.truncate(length as usize);
        content.synced = content.bytes.len();
        Ok(())
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if state.lies {
            return Ok(());
        }
        let (synced, pending) =
            std::mem::take(&mut state.pending).into_iter().partition(|change| change.folder() == folder);
        state.pending = pending;
        let synced: Vec<Change> = synced;
        synced.iter().for_each(|change| change.apply(&mut state.durable));
        Ok(())
    }
}

impl Output for FrailFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.change()?;
        state.contents[self.content].bytes.extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.change()?;
        if state.lies {
            return Ok(());
        }
        let content = &mut state.contents[self.content];
        content.synced = content.bytes.len();
        Ok(())
    }
}
