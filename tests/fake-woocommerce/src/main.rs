//! `fake-woocommerce`: the store as a program.

use clap::Parser;
use fake_woocommerce::{CONSUMER_KEY, CONSUMER_SECRET, FakeWooCommerce};
// What only the library uses.
use {
    axum as _, base64 as _, chrono as _, hmac as _, reqwest as _, rustls as _, serde_json as _, sha2 as _,
    url as _,
};

/// A server that behaves like a WooCommerce store, on loopback.
#[derive(Debug, Parser)]
struct Arguments {
    /// The port; 0 means any.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = FakeWooCommerce::start(Arguments::parse().port).await?;
    println!("listening on {}", store.url());
    println!("consumer key {CONSUMER_KEY}, secret {CONSUMER_SECRET}");
    store.serve().await;
    Ok(())
}
