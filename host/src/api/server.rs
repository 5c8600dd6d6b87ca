//! Connections: taken in, given little time to say what they want, ended gracefully.

use std::{io, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::lenient::Lenient;

/// So long a connection may be without the head of a request, between requests and within one.
const HEAD: Duration = Duration::from_secs(60);
/// The pause after a connection could not be taken in, as when there are too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// Answer until the host stops; then requests in progress are answered, and no more are taken.
pub async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, _peer)) => {
                connections.spawn(converse(stream, router.clone(), stopping.clone()));
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be taken in");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

async fn converse(stream: TcpStream, router: Router, stopping: CancellationToken) {
    // Answers are written whole: nothing is gained by waiting for more.
    let _unset = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(
            TokioIo::new(Lenient::new(stream)),
            TowerToHyperService::new(router),
        );
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// A connection that its client gave up before it was taken in says nothing of the next one.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::Instant,
    };

    use super::*;

    async fn server() -> (
        std::net::SocketAddr,
        CancellationToken,
        tokio::task::JoinHandle<()>,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let router = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(serve(listener, router, stopping.clone()));
        (address, stopping, serving)
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for() {
        let (address, ..) = server().await;
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        for (said, answered) in [("", ""), (&request[..20], ""), (request, "here")] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let begun = Instant::now();
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with(answered), "{answer}");
            assert!(begun.elapsed() >= HEAD, "{said:?} {:?}", begun.elapsed());
        }
    }

    #[tokio::test]
    async fn a_host_that_stops_ends_idle_connections() {
        let (address, stopping, serving) = server().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
        while !answer.ends_with(b"here") {
            let read = stream.read(&mut piece).await.unwrap();
            answer.extend(&piece[..read]);
        }
        stopping.cancel();
        serving.await.unwrap();
        assert_eq!(stream.read(&mut piece).await.unwrap(), 0);
    }
}
