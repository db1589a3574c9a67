//! A real Redis of one's own, which keeps nothing and may be killed, frozen and restarted on the same port.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::breakable::Breakable;
use crate::guardian::Guarded;
use crate::{Error, port, wait};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// A server. Dropping it kills it.
pub struct Redis {
    port: u16,
    // Before the folder: fields drop in order, and the process writes there.
    server: Breakable,
    folder: TempDir,
}

impl Redis {
    /// Starts one and returns when it answers.
    pub async fn start() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("streetwise-redis-").tempdir();
        let folder = folder.map_err(Error::io("making a data folder"))?;
        let port = port::unused();
        let server = Breakable::new("redis-server", launch(port, folder.path()).await?);
        Ok(Self { port, server, folder })
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`; returns when it is gone, with everything it held.
    pub async fn kill(&self) {
        self.server.kill().await;
    }

    /// Freezes it: connections stay open and nothing answers.
    pub async fn pause(&self) {
        self.server.pause().await;
    }

    /// Ends [`Redis::pause`].
    pub fn resume(&self) {
        self.server.resume();
    }

    /// Starts it again on the same port, empty; returns when it answers.
    pub async fn restart(&self) -> Result<(), Error> {
        self.kill().await;
        let server = launch(self.port, self.folder.path()).await?;
        self.server.replace(server);
        Ok(())
    }

    /// One command of plain words; returns the answer as the protocol writes it.
    pub async fn say(&self, command: &str) -> std::io::Result<String> {
        said(self.port, command).await
    }
}

async fn launch(port: u16, folder: &Path) -> Result<Guarded, Error> {
    let log = folder.join("log");
    let port_text = port.to_string();
    let words = [
        "redis-server",
        "--bind",
        "127.0.0.1",
        "--port",
        &port_text,
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
    ];
    let mut command: Vec<OsString> = words.map(OsString::from).into();
    command.push(folder.into());
    let server = Guarded::start(&command, &log, Some(folder)).map_err(Error::io("starting redis-server"))?;
    let answer = wait::until(READY_WITHIN, async || {
        if !server.alive() {
            return Some(false);
        }
        said(port, "PING").await.is_ok_and(|answer| answer.starts_with("+PONG")).then_some(true)
    });
    if answer.await == Some(true) { Ok(server) } else { Err(Error::not_ready("redis-server", &log)) }
}

/// As a person types it (the inline commands of the protocol).
async fn said(port: u16, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
