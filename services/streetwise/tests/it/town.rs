//! A directory with a door that commands reach.

use std::path::PathBuf;
use std::process::Output;

use directory::Directory;
use streetwise::cli::{Apply, Bearer};
use streetwise::failure::Failure;
use testkit::rig::Rig;

pub struct Town {
    pub rig: Rig<Directory>,
    url: url::Url,
}

pub async fn town() -> Town {
    town_beside(axum::Router::new()).await
}

/// With doors of others at the same address.
pub async fn town_beside(others: axum::Router) -> Town {
    rustls::crypto::ring::default_provider().install_default().ok();
    let env = [
        ("STREETWISE_DIRECTORY_ADMINS", "sre"),
        ("STREETWISE_MANIFEST_VARIABLES", "SINK_URL=http://127.0.0.1:9400"),
    ];
    let rig = Rig::<Directory>::start(&env).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a url");
    let router = rig.router().merge(others);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Town { rig, url }
}

pub fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs/demo").join(name)
}

impl Town {
    pub async fn apply(&self, subject: &str, files: &[PathBuf]) -> Result<(), Failure> {
        let bearer = Bearer { token: Some(self.rig.token(subject)), token_file: None };
        let arguments = Apply { files: files.to_vec(), directory_url: self.url.clone(), bearer };
        streetwise::apply::run(&arguments).await
    }

    /// Runs the command as a person would and returns what it printed.
    pub async fn command(&self, subject: &str, arguments: &[&str]) -> Printed {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_streetwise"))
            .args(arguments)
            .env("STREETWISE_DIRECTORY_URL", self.url.as_str())
            .env("STREETWISE_TRIAGE_URL", self.url.as_str())
            .env("STREETWISE_TOKEN", self.rig.token(subject))
            .output()
            .await
            .expect("the command runs");
        Printed::of(&output)
    }
}

/// What a command left behind.
#[derive(Debug, Clone)]
pub struct Printed {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Printed {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("commands print UTF-8");
        let code = output.status.code().expect("the command ends by itself");
        Self { code, out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The output of a command that was done.
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }
}
