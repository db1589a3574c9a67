//! A real Redis of one's own, which keeps nothing and may be killed, frozen and restarted on the same port.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::guardian::{self, Guarded};
use crate::{Error, port, wait};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// A server. Dropping it kills it.
pub struct Redis {
    port: u16,
    // Before the folder: fields drop in order, and the process writes there.
    server: Mutex<Option<Guarded>>,
    folder: TempDir,
}

impl Redis {
    /// Starts one and returns when it answers.
    pub async fn start() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("streetwise-redis-").tempdir();
        let folder = folder.map_err(Error::io("making a data folder"))?;
        let port = port::unused();
        let server = Mutex::new(Some(launch(port, folder.path()).await?));
        Ok(Self { port, server, folder })
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`; returns when it is gone, with everything it held.
    pub async fn kill(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let family = server.map(Guarded::kill).unwrap_or_default();
        assert!(guardian::gone(&family).await, "a killed server is still there");
    }

    /// Freezes it: connections stay open and nothing answers.
    pub async fn pause(&self) {
        let family = self.with_server(Guarded::freeze);
        assert!(guardian::stopped(&family).await, "a frozen server still runs");
    }

    /// Ends [`Redis::pause`].
    pub fn resume(&self) {
        self.with_server(Guarded::thaw);
    }

    /// Starts it again on the same port, empty; returns when it answers.
    pub async fn restart(&self) -> Result<(), Error> {
        self.kill().await;
        let server = launch(self.port, self.folder.path()).await?;
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        Ok(())
    }

    /// One command of plain words; returns the answer as the protocol writes it.
    pub async fn say(&self, command: &str) -> std::io::Result<String> {
        said(self.port, command).await
    }

    fn with_server<T>(&self, act: impl FnOnce(&Guarded) -> T) -> T {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        act(server.as_ref().expect("a killed server is restarted before it is paused or resumed"))
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
