//! Starting a Postgres process: find the programs, make the data folder, wait until it answers.

use std::ffi::OsString;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::guardian::Guarded;
use crate::{Error, wait};

/// Whether an acknowledged commit must survive a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    Synced,
    Unsynced,
}

/// How a server runs.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub durability: Durability,
    /// Further settings, each as `name=value`.
    pub settings: &'a [&'a str],
    /// Variables of its environment, each as `name=value`.
    pub env: &'a [String],
}

impl Told<'_> {
    pub fn unsynced() -> Self {
        Self { durability: Durability::Unsynced, settings: &[], env: &[] }
    }
}

const READY_WITHIN: Duration = Duration::from_secs(30);

/// Makes `folder/data` unless it is there, readable by whoever Postgres must run as.
pub(super) fn initialise(folder: &Path) -> Result<(), Error> {
    if folder.join("data/PG_VERSION").exists() {
        return Ok(());
    }
    if let Some((user, group)) = account()? {
        chown(folder, Some(user), Some(group)).map_err(Error::io("giving the data folder to postgres"))?;
    }
    let mut arguments: Vec<OsString> = vec!["-D".into(), folder.join("data").into()];
    arguments.extend(
        ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"].map(OsString::from),
    );
    let command = as_postgres(folder, "initdb", arguments, &[])?;
    let output =
        Command::new(&command[0]).args(&command[1..]).output().map_err(Error::io("running initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ");
    Err(Error::NotReady { server: "initdb", log_end: said })
}

/// Starts the server on the data in `folder` and waits until it takes connections.
pub(super) async fn start(
    folder: &Path,
    port: u16,
    told: Told<'_>,
    folder_to_remove: Option<&Path>,
) -> Result<Guarded, Error> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        // No socket file: its path may be longer than the kernel takes, and nobody asks for it.
        "unix_socket_directories=".to_owned(),
        "max_connections=200".to_owned(),
    ];
    if told.durability == Durability::Unsynced {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(String::from));
    }
    settings.extend(told.settings.iter().map(|setting| (*setting).to_owned()));
    let mut arguments: Vec<OsString> = vec!["-D".into(), folder.join("data").into()];
    arguments.extend(["-p".into(), port.to_string().into()]);
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
    let log = folder.join("log");
    let command = as_postgres(folder, "postgres", arguments, told.env)?;
    let server = Guarded::start(&command, &log, folder_to_remove)
        .map_err(Error::io("starting the postgres process"))?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let answer = wait::until(READY_WITHIN, async || {
        if !server.alive() {
            return Some(false);
        }
        PgConnection::connect(&url).await.is_ok().then_some(true)
    });
    if answer.await == Some(true) {
        return Ok(server);
    }
    // Killed, not dropped: the folder stays for another try on another port.
    server.kill();
    Err(Error::not_ready("postgres", &log))
}

/// Postgres refuses to run as root, so root steps down to `postgres`, into a folder which that user may enter.
fn as_postgres(
    folder: &Path,
    program: &str,
    arguments: Vec<OsString>,
    env: &[String],
) -> Result<Vec<OsString>, Error> {
    let mut command: Vec<OsString> = Vec::new();
    if account()?.is_some() {
        command
            .extend(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"].map(OsString::from));
    }
    command.extend(["env", "-C"].map(OsString::from));
    command.push(folder.into());
    command.extend(env.iter().map(OsString::from));
    command.push(programs()?.join(program).into());
    command.extend(arguments);
    Ok(command)
}

/// User and group of `postgres` when this is root, nothing for an ordinary user.
fn account() -> Result<Option<(u32, u32)>, Error> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").map_err(Error::io("reading /etc/passwd"))?;
    let line = accounts.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut fields = line.into_iter().flat_map(|line| line.split(':')).skip(1).map(str::parse::<u32>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(group))) => Ok(Some((user, group))),
        _ => Err(missing("root needs the account postgres, which Debian's package postgresql makes")),
    }
}

/// The newest installed version's programs; Debian keeps them out of PATH.
fn programs() -> Result<PathBuf, Error> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .map_err(|_| missing("install Debian's package postgresql"))?;
    let versions = versions.flatten().filter_map(|entry| {
        let version = entry.file_name().to_str()?.parse::<u32>().ok()?;
        entry.path().join("bin/postgres").exists().then_some((version, entry.path().join("bin")))
    });
    let newest = versions.max_by_key(|(version, _)| *version);
    newest.map(|(_, folder)| folder).ok_or_else(|| missing("install Debian's package postgresql"))
}

fn missing(reason: &str) -> Error {
    Error::Program { program: "postgres", reason: reason.to_owned() }
}
