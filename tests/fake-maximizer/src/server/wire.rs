//! What happens to an answer on its way: delays, breaks, cuts and padding.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream::{self, StreamExt as _};

use super::Answer;
use crate::faults::{Board, Call, DropConnection, HugeBody, Slow, TruncateJson};

/// White space is sent in pieces of this size.
const PIECE: u64 = 64 << 10;

/// The damage to one answer; none by default.
#[derive(Debug, Default)]
pub(super) struct Wire {
    truncate: Option<TruncateJson>,
    huge: Option<HugeBody>,
    drop: Option<DropConnection>,
    slow: Option<Slow>,
}

// === impl Wire ===

impl Wire {
    /// The damage that the switches do to this call.
    pub(super) fn damaged(board: &mut Board, call: &Call) -> Self {
        Self {
            truncate: board.hit(call),
            huge: board.hit(call),
            drop: board.hit(call),
            slow: board.hit(call),
        }
    }

    /// Sends an answer.
    pub(super) async fn send(self, answer: Answer) -> Response {
        let mut bytes = answer.body;
        if let Some(cut) = &self.truncate {
            bytes.truncate(cut.keep_bytes.unwrap_or(bytes.len() / 2));
        }
        let body = self.body(bytes);
        if let Some(slow) = &self.slow {
            tokio::time::sleep(Duration::from_millis(slow.headers_ms)).await;
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        response.headers_mut().extend(answer.headers);
        response
    }

    fn body(&self, bytes: Vec<u8>) -> Body {
        if let Some(fault) = &self.drop {
            return broken(bytes, fault.after_bytes);
        }
        let body_ms = self.slow.as_ref().map_or(0, |slow| slow.body_ms);
        let padding = self.huge.as_ref().map_or(0, |huge| huge.bytes);
        if body_ms == 0 && padding == 0 {
            return Body::from(bytes);
        }
        let mut first = bytes;
        let second = first.split_off(if body_ms == 0 {
            first.len()
        } else {
            first.len() / 2
        });
        let halves = stream::once(async move { Bytes::from(first) }).chain(stream::once(async move {
            tokio::time::sleep(Duration::from_millis(body_ms)).await;
            Bytes::from(second)
        }));
        let spaces = Bytes::from(vec![
            b' ';
            usize::try_from(PIECE.min(padding)).unwrap_or_default()
        ]);
        let pieces = stream::iter((0..padding.div_ceil(PIECE)).map(move |piece| {
            let left = padding - piece * PIECE;
            spaces.slice(..usize::try_from(left.min(PIECE)).unwrap_or_default())
        }));
        Body::from_stream(halves.chain(pieces).map(Ok::<_, Infallible>))
    }
}

/// A body that breaks off; without a length, so that the break alone tells that it is not whole.
fn broken(mut bytes: Vec<u8>, after: Option<usize>) -> Body {
    bytes.truncate(after.unwrap_or(bytes.len() / 2));
    let begin = stream::once(async move { Ok(Bytes::from(bytes)) });
    let end = stream::once(async {
        // Lets the server write out what it has.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(begin.chain(end))
}
