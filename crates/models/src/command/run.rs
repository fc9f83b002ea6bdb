//! Running the command: its progress heard, its words kept, its time limited.

use super::{Command, Files, Said};
use crate::contract::{FitError, Seed};
use domain::Task;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often progress is asked whether to go on while the command is silent.
const TICK: Duration = Duration::from_millis(50);
/// How long output may go on after the command itself has ended.
const AFTER_END: Duration = Duration::from_secs(1);
/// How many of its last lines stand in an error.
const LAST_LINES: usize = 20;
/// A longer line is cut, so that a command cannot fill the memory.
const MAX_LINE: u64 = 64 * 1024;

/// Runs it to its end; an error if that is not the end it should have.
pub(super) fn run(
    command: &Command,
    files: &Files,
    seed: Seed,
    task: Task,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<(), FitError> {
    let broken = |what: &str| {
        let what = what.to_string();
        move |e: io::Error| command.failed(format!("{what}: {e}"))
    };
    if !progress(0.0) {
        return Err(FitError::Interrupted);
    }
    let mut log = File::create(&files.log).map_err(broken("has no log"))?;
    let mut child = start(command, files, seed, task).map_err(broken("could not be started"))?;
    let lines = listen(&mut child);
    let mut listening = Listening { last: VecDeque::new(), share: 0.0, log: &mut log, said: &command.said };
    let ended = follow(command, &mut child, &lines, &mut listening, progress);
    end(&mut child);
    match ended? {
        status if status.success() => Ok(()),
        status => Err(command.failed(format!("ended with {status}{}", listening.said()))),
    }
}

fn start(command: &Command, files: &Files, seed: Seed, task: Task) -> io::Result<Child> {
    let [program, arguments @ ..] = command.argv.as_slice() else {
        return Err(io::Error::other("the command has no words"));
    };
    let mut process = std::process::Command::new(program);
    process.args(arguments).current_dir(&command.folder);
    process.env("INCUMBENT_CONTRACT", "1").env("INCUMBENT_SEED", seed.0.to_string());
    process.env("INCUMBENT_DATA", &files.data).env("INCUMBENT_SCHEMA", &files.schema);
    process.env("INCUMBENT_OUTPUT", &files.output);
    process.env("INCUMBENT_TARGET", &command.target).env("INCUMBENT_TASK", task.to_string());
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    process.spawn()
}

/// What was heard so far.
struct Listening<'a> {
    last: VecDeque<String>,
    share: f64,
    log: &'a mut File,
    said: &'a Said,
}

impl Listening<'_> {
    fn hear(&mut self, line: String) -> io::Result<()> {
        if let Some(share) = share(&line) {
            self.share = self.share.max(share);
            return Ok(());
        }
        writeln!(self.log, "{line}")?;
        self.said.add(&line);
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
        Ok(())
    }

    /// The last lines, to stand behind what went wrong.
    fn said(&self) -> String {
        if self.last.is_empty() {
            return " and said nothing".into();
        }
        format!("; its last lines:\n{}", Vec::from(self.last.clone()).join("\n"))
    }
}

/// The share of a line `progress 0.4`, from 0 to 1.
fn share(line: &str) -> Option<f64> {
    let share: f64 = line.strip_prefix("progress ")?.trim().parse().ok()?;
    (0.0..=1.0).contains(&share).then_some(share)
}

/// Every line of stdout and stderr, as it comes.
fn listen(child: &mut Child) -> Receiver<String> {
    let (send, lines) = channel();
    if let Some(stdout) = child.stdout.take() {
        let send = send.clone();
        std::thread::spawn(move || forward(stdout, &send));
    }
    if let Some(stderr) = child.stderr.take() {
        std::thread::spawn(move || forward(stderr, &send));
    }
    lines
}

fn forward(from: impl Read, to: &Sender<String>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_string();
        if to.send(text).is_err() {
            return;
        }
    }
}

/// Listens until the command and its output have ended, time is up or progress says stop.
fn follow(
    command: &Command,
    child: &mut Child,
    lines: &Receiver<String>,
    heard: &mut Listening<'_>,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<ExitStatus, FitError> {
    let started = Instant::now();
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        let silent = match lines.recv_timeout(TICK) {
            Ok(line) => {
                heard.hear(line).map_err(|e| command.failed(format!("has a log that failed: {e}")))?;
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        if ended.is_none() {
            let status = child.try_wait().map_err(|e| command.failed(format!("cannot be watched: {e}")))?;
            ended = status.map(|status| (status, Instant::now()));
        }
        match ended {
            Some((status, at)) if silent || at.elapsed() > AFTER_END => return Ok(status),
            None if silent => std::thread::sleep(TICK),
            _ => {}
        }
        if !progress(heard.share) {
            return Err(FitError::Interrupted);
        }
        if started.elapsed() > command.time_limit {
            let limit = command.time_limit;
            return Err(
                command.failed(format!("was stopped after {limit:?}, its time limit{}", heard.said()))
            );
        }
    }
}

/// Ends what is left of the process group. Its number cannot have gone to another while the child has not been
/// waited for, or while one of its own is still there.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        // An error says that nobody is left.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_share_is_progress() {
        assert_eq!(share("progress 0.4"), Some(0.4));
        assert_eq!(share("progress  1 "), Some(1.0));
        for line in ["progress", "progress 40%", "progress 1.5", "progress NaN", " progress 0.4", "epoch 1"] {
            assert_eq!(share(line), None, "{line}");
        }
    }
}
