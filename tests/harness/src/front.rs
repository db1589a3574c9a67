//! What a Service of Kubernetes is to its clients: one address, and behind it whichever processes take connections now.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A balancer of connections. Those that are open stay where they are, as kube-proxy leaves them.
pub(crate) struct Front {
    url: String,
    targets: Arc<Mutex<Vec<SocketAddr>>>,
    accepting: AbortHandle,
}

impl Front {
    /// Listens on a port of its own, in front of one process.
    pub async fn before(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let targets = Arc::new(Mutex::new(vec![target]));
        let accepting = tokio::spawn(accept(listener, targets.clone())).abort_handle();
        Ok(Self { url, targets, accepting })
    }

    /// Where clients go.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// New connections go there, too.
    pub fn add(&self, target: SocketAddr) {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).push(target);
    }

    /// New connections go there no more.
    pub fn remove(&self, target: SocketAddr) {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != target);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, targets: Arc<Mutex<Vec<SocketAddr>>>) {
    let turn = AtomicUsize::new(0);
    // A client that finds nobody behind sees its connection closed, as it would in the cluster.
    while let Ok((mut client, _)) = listener.accept().await {
        let target = {
            let targets = targets.lock().unwrap_or_else(PoisonError::into_inner);
            let count = targets.len().max(1);
            targets.get(turn.fetch_add(1, Ordering::Relaxed) % count).copied()
        };
        tokio::spawn(async move {
            let Some(target) = target else { return };
            let Ok(mut server) = TcpStream::connect(target).await else { return };
            client.set_nodelay(true).ok();
            server.set_nodelay(true).ok();
            // Either end may go at any time; that is the business of who looks at the answers.
            copy_bidirectional(&mut client, &mut server).await.ok();
        });
    }
}
