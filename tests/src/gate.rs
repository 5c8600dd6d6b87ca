//! A way to a server that can be closed.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Forwards connections while it is open; closed, it breaks them off.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    open: watch::Sender<bool>,
    server: JoinHandle<()>,
}

// === impl Gate ===

impl Gate {
    /// An open gate to the server at `url`, which has no path.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn before(url: &str) -> anyhow::Result<Self> {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (open, opened) = watch::channel(true);
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(forward(connection, target.clone(), opened.clone()));
            }
        });
        Ok(Self {
            address,
            open,
            server,
        })
    }

    /// Where it stands: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Break off what passes and let nobody in.
    pub fn close(&self) {
        self.open.send_replace(false);
    }

    /// Let everybody pass.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(mut connection: TcpStream, target: String, mut opened: watch::Receiver<bool>) {
    if !*opened.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ended = copy_bidirectional(&mut connection, &mut server) => {}
        _closed = opened.changed() => {}
    }
}
