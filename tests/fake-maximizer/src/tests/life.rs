//! Start and end.

use std::net::TcpListener;

use serde_json::json;

use crate::{FakeMaximizer, Faults, HttpStatus, Options, Seed, StartError};

#[tokio::test]
async fn what_is_wrong_with_the_options_is_told() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = FakeMaximizer::start(Options {
        port,
        ..Options::default()
    })
    .await
    .unwrap_err();
    assert!(
        matches!(error, StartError::Bind { port: own, .. } if own == port),
        "{error}"
    );

    let records = json!({"Wine": []}).as_object().cloned().unwrap();
    let error = FakeMaximizer::start(Options {
        seed: Seed::Records(records),
        ..Options::default()
    })
    .await;
    assert!(matches!(error, Err(StartError::Seed(_))));

    let status = HttpStatus {
        status: 99,
        ..HttpStatus::default()
    };
    let faults = Faults {
        http_status: Some(status),
        ..Faults::default()
    };
    let error = FakeMaximizer::start(Options {
        faults,
        ..Options::default()
    })
    .await;
    assert!(matches!(error, Err(StartError::Faults(_))));
}

#[tokio::test]
async fn its_port_is_free_after_it_has_stopped() {
    let fake = FakeMaximizer::start(Options::default()).await.unwrap();
    let port = fake.url().rsplit(':').next().unwrap().parse().unwrap();
    fake.stop().await;
    let again = FakeMaximizer::start(Options {
        port,
        ..Options::default()
    })
    .await
    .unwrap();
    let url = again.url().to_owned();
    drop(again);
    // Dropped, it ends as soon as the runtime turns to it.
    while tokio::net::TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
}
