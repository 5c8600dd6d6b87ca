//! A server that behaves like a WooCommerce store: its REST API `wc/v3` as far as Periodic uses it, and webhooks that are
//! really delivered.
//!
//! Records have dates in the store's zone, which is two hours ahead of GMT, and in GMT. `modified_after` is exclusive and
//! has a resolution of seconds; customers know no such filter, and those that were never changed have no date of change.

mod delivery;
mod query;
mod server;
mod shop;

use std::sync::Arc;

use tokio::{net::TcpListener, task::JoinHandle};

pub use self::shop::{Delivered, Hook, Shop};

/// The consumer key of the only user.
pub const CONSUMER_KEY: &str = "ck_b5c1f0a7d3e94f6e8a2b1c0d9e8f7a6b5c4d3e2f";
/// Its secret.
pub const CONSUMER_SECRET: &str = "cs_0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";

/// A running store. It ends when this is dropped.
#[derive(Debug)]
pub struct FakeWooCommerce {
    url: String,
    shop: Arc<Shop>,
    server: JoinHandle<()>,
}

impl FakeWooCommerce {
    /// Listen on this port of loopback; 0 means any.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shop = Arc::new(Shop::new(&url)?);
        let router = server::router(Arc::clone(&shop));
        let server = tokio::spawn(async move {
            // It ends with its owner.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, shop, server })
    }

    /// The address of the store.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it holds.
    #[must_use]
    pub fn shop(&self) -> &Arc<Shop> {
        &self.shop
    }

    /// Serve until it breaks.
    pub async fn serve(mut self) {
        // The server has no end of its own.
        let _ended = (&mut self.server).await;
    }
}

impl Drop for FakeWooCommerce {
    fn drop(&mut self) {
        self.server.abort();
    }
}
