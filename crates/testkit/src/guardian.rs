//! Server processes that cannot outlive the test process.
//!
//! Between the test process and each server stands a shell that waits on a pipe. When the pipe closes, for whatever
//! reason (drop, exit, panic, `kill -9` of the test), the shell kills the server and removes its folder. The kernel's
//! own parent-death signal is no use here: it follows the *thread* that started the child, and a test's thread ends
//! long before a server that the whole process shares.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Postgres' children die a moment after it, so the folder may need several tries.
const SCRIPT: &str = r#"
log=$1 folder=$2; shift 2
"$@" </dev/null >>"$log" 2>&1 &
server=$!
echo "$server"; exec >&-
read -r word
kill -KILL "$server" 2>/dev/null; wait "$server"
[ "$word" = keep ] || [ -z "$folder" ] || for try in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf -- "$folder" 2>/dev/null && break; sleep 0.1
done
"#;

/// A running server and its guardian. Dropping it kills the server and removes the folder it was given.
pub(crate) struct Guarded {
    guardian: Child,
    /// Open for as long as the server shall live.
    lifeline: Option<ChildStdin>,
    server: Pid,
}

impl Guarded {
    /// Starts `command` (program and arguments) with its output appended to `log`.
    pub fn start(command: &[OsString], log: &Path, folder_to_remove: Option<&Path>) -> std::io::Result<Self> {
        let mut guardian = Command::new("sh")
            .args(["-c", SCRIPT, "guardian"])
            .arg(log)
            .arg(folder_to_remove.unwrap_or(Path::new("")))
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Own group: a runner that kills the test's whole group must not kill who cleans up.
            .process_group(0)
            .spawn()?;
        let lifeline = guardian.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = guardian.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let server = line.trim().parse().ok().and_then(Pid::from_raw);
        let server = server.ok_or_else(|| std::io::Error::other("the guardian named no process"))?;
        Ok(Self { guardian, lifeline, server })
    }

    /// Whether the server has not exited by itself.
    pub fn alive(&self) -> bool {
        running(self.server)
    }

    /// Kills the server and all its children as a power cut would, and keeps its folder.
    pub fn kill(mut self) -> Vec<Pid> {
        let family = self.freeze();
        for &process in family.iter().rev() {
            signal(process, Signal::KILL);
        }
        if let Some(mut lifeline) = self.lifeline.take() {
            lifeline.write_all(b"keep\n").ok();
        }
        family
    }

    /// Stops the server and all its children; their sockets stay open. [`stopped`] tells when they stand still.
    pub fn freeze(&self) -> Vec<Pid> {
        // The parent first: afterwards it cannot start another child behind our back.
        signal(self.server, Signal::STOP);
        let children = children(self.server);
        for &child in &children {
            signal(child, Signal::STOP);
        }
        std::iter::once(self.server).chain(children).collect()
    }

    /// Asks the server to end.
    pub fn terminate(&self) {
        signal(self.server, Signal::TERM);
    }

    /// Asks the server to read its settings again.
    pub fn hang_up(&self) {
        signal(self.server, Signal::HUP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        for process in children(self.server).into_iter().chain([self.server]) {
            signal(process, Signal::CONT);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        self.guardian.wait().ok();
    }
}

/// Waits until killed processes have let go of their memory, files and ports.
pub(crate) async fn gone(family: &[Pid]) -> bool {
    let all_gone = async || (!family.iter().any(|&process| running(process))).then_some(());
    wait::until(Duration::from_secs(10), all_gone).await.is_some()
}

/// Waits until frozen processes really stand still: a thread on another core runs on for a moment after the signal.
pub(crate) async fn stopped(family: &[Pid]) -> bool {
    let all_stopped = async || family.iter().all(|&process| threads_stopped(process)).then_some(());
    wait::until(Duration::from_secs(10), all_stopped).await.is_some()
}

fn signal(process: Pid, signal: Signal) {
    // It may have exited meanwhile, which is no fault.
    kill_process(process, signal).ok();
}

fn running(process: Pid) -> bool {
    stat(process.as_raw_pid()).is_some_and(|(state, _)| state != "Z" && state != "X")
}

fn threads_stopped(process: Pid) -> bool {
    let folder = format!("/proc/{}/task", process.as_raw_pid());
    let Ok(threads) = std::fs::read_dir(folder) else { return true };
    let mut states = threads.flatten().filter_map(|thread| parse_stat(&thread.path().join("stat")));
    states.all(|(state, _)| matches!(state.as_str(), "T" | "Z" | "X"))
}

fn children(parent: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let processes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    processes
        .filter(|&process| stat(process).is_some_and(|(_, its_parent)| its_parent == parent.as_raw_pid()))
        .filter_map(Pid::from_raw)
        .collect()
}

fn stat(process: i32) -> Option<(String, i32)> {
    parse_stat(Path::new(&format!("/proc/{process}/stat")))
}

/// State and parent. A process name may hold blanks and brackets, so the fields are counted from its last bracket.
fn parse_stat(path: &Path) -> Option<(String, i32)> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
