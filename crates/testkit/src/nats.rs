//! A real JetStream broker of one's own, which may be killed, frozen and restarted on the same port and data.
//!
//! Its sync setting is the default, which is what runs in production: an acknowledged message may be lost by a
//! power cut, not by `kill -9`. Deliberately not here: streams and consumers; the caller provisions.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::breakable::Breakable;
use crate::guardian::Guarded;
use crate::{Error, port, wait};

const PROGRAM_VARIABLE: &str = "STREETWISE_NATS_BIN";
/// Older ones take newer settings without an error and ignore them.
const OLDEST: (u32, u32) = (2, 12);
/// The same as `./dev up` runs with: reservations are not held against the free disk of the moment.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/dev/nats.conf");
const SETTINGS_FILE: &str = "nats.conf";
const READY_WITHIN: Duration = Duration::from_secs(30);
const START_TRIES: usize = 3;

/// A broker. Dropping it kills it and removes its data.
pub struct Broker {
    program: PathBuf,
    client_port: u16,
    monitoring_port: u16,
    // Before the folder: fields drop in order, and the process writes there.
    server: Breakable,
    folder: TempDir,
}

impl Broker {
    /// Starts a broker with JetStream on its own folder, open to everybody, and returns when it is healthy.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with("").await
    }

    /// The same with more settings, for instance the users that are let in (`streetwise broker-users`).
    pub async fn start_with(settings: &str) -> Result<Self, Error> {
        let program = program()?;
        let mut tries = 1;
        loop {
            let folder = tempfile::Builder::new().prefix("streetwise-nats-").tempdir();
            let folder = folder.map_err(Error::io("making a data folder"))?;
            write_settings(folder.path(), settings).map_err(Error::io("writing the broker's settings"))?;
            let (client_port, monitoring_port) = (port::unused(), port::unused());
            match launch(&program, client_port, monitoring_port, folder.path()).await {
                Ok(server) => {
                    let server = Breakable::new("nats-server", server);
                    return Ok(Self { program, client_port, monitoring_port, server, folder });
                }
                // Somebody else may have been faster to a port.
                Err(_) if tries < START_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.client_port)
    }

    /// Where `/healthz`, `/jsz` and the like are.
    pub fn monitoring_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.monitoring_port)
    }

    /// `kill -9`; returns when it is gone. Its data stay.
    pub async fn kill(&self) {
        self.server.kill().await;
    }

    /// Freezes it: connections stay open and nothing answers.
    pub async fn pause(&self) {
        self.server.pause().await;
    }

    /// Ends [`Broker::pause`].
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Gives it other settings than [`Broker::start_with`] did, while it runs; returns before it has read them.
    pub fn read_anew(&self, settings: &str) -> Result<(), Error> {
        write_settings(self.folder.path(), settings).map_err(Error::io("writing the broker's settings"))?;
        self.server.hang_up();
        Ok(())
    }

    /// Starts it again on the same ports and data, after a kill if it still runs; returns when it is healthy.
    pub async fn restart(&self) -> Result<(), Error> {
        self.kill().await;
        let server =
            launch(&self.program, self.client_port, self.monitoring_port, self.folder.path()).await?;
        self.server.replace(server);
        Ok(())
    }
}

/// One file: an `include` takes no path from outside of its folder.
fn write_settings(folder: &Path, more: &str) -> std::io::Result<()> {
    let shared = std::fs::read_to_string(SETTINGS)?;
    std::fs::write(folder.join(SETTINGS_FILE), format!("{shared}\n{more}"))
}

async fn launch(
    program: &Path,
    client_port: u16,
    monitoring_port: u16,
    folder: &Path,
) -> Result<Guarded, Error> {
    let log = folder.join("log");
    let (client, monitoring) = (client_port.to_string(), monitoring_port.to_string());
    let mut command: Vec<OsString> = vec![program.into(), "-c".into(), folder.join(SETTINGS_FILE).into()];
    command.extend(["-a", "127.0.0.1", "-p", &client, "-m", &monitoring, "-js", "-sd"].map(OsString::from));
    command.push(folder.join("jetstream").into());
    let server = Guarded::start(&command, &log, Some(folder)).map_err(Error::io("starting nats-server"))?;
    let answer = wait::until(READY_WITHIN, async || {
        if !server.alive() {
            return Some(false);
        }
        healthy(monitoring_port).await.unwrap_or(false).then_some(true)
    });
    if answer.await == Some(true) { Ok(server) } else { Err(Error::not_ready("nats-server", &log)) }
}

/// Asks the full `/healthz`; the variant that looks at JetStream's switch only stays well on a full disk.
async fn healthy(monitoring_port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", monitoring_port)).await?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().is_some_and(|status| status.contains(" 200 ")))
}

/// `STREETWISE_NATS_BIN`, then what `./dev` keeps in the project's cache, then PATH.
fn program() -> Result<PathBuf, Error> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/nats/bin/nats-server");
    let program = match std::env::var_os(PROGRAM_VARIABLE) {
        Some(program) => program.into(),
        None if kept.exists() => kept,
        None => PathBuf::from("nats-server"),
    };
    let refused = |reason: String| Error::Program { program: "nats-server", reason };
    let output = Command::new(&program).arg("--version").output();
    let output = output.map_err(|error| refused(format!("{error}; ./dev test and ./dev up install it")))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match version(&said) {
        Some(version) if version >= OLDEST => Ok(program),
        _ => Err(refused(format!("{said:?} is older than {}.{}", OLDEST.0, OLDEST.1))),
    }
}

/// Major and minor of `nats-server: v2.15.1`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.rsplit_once('v')?.1.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
