//! Request lines as clients write them.
//!
//! The original's documentation writes `where=LastModifyDate>'2017-02-28T16:11:29Z'` without encoding it, and clients
//! that put their addresses together as text send it so. RFC 9112 has no room for `<`, `>`, `"` and spaces in a request
//! target, and the HTTP library ends such a connection. Here they are encoded before it reads the line.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A longer line is left to the library, which refuses it.
const LONGEST: usize = 64 << 10;
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// A connection whose request lines are mended.
pub(super) struct Lenient<S> {
    stream: S,
    /// Whether a request may begin with what is read next: nothing was read since something was written.
    begins: bool,
    /// A request line that is not whole yet.
    held: Vec<u8>,
    /// What is to be read before the stream.
    mended: io::Cursor<Vec<u8>>,
}

impl<S> Lenient<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            begins: true,
            held: Vec::new(),
            mended: io::Cursor::default(),
        }
    }
}

/// What is read, once it is known what it is: none while the line is not whole.
fn mend(held: &[u8]) -> Option<Vec<u8>> {
    let is_request = METHODS.iter().any(|method| {
        held.strip_prefix(method.as_bytes())
            .is_some_and(|rest| rest.starts_with(b" /"))
    });
    if !is_request || held.len() > LONGEST {
        return Some(held.to_vec());
    }
    let end = held.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = held.split_at_checked(end)?;
    let mut whole = encoded(line);
    whole.extend_from_slice(rest);
    Some(whole)
}

/// A request line with an encoded target, which stands between its first and its last space.
fn encoded(line: &[u8]) -> Vec<u8> {
    let is_space = |byte: &u8| *byte == b' ';
    let (Some(first), Some(last)) = (line.iter().position(is_space), line.iter().rposition(is_space)) else {
        return line.to_vec();
    };
    let mut encoded = Vec::with_capacity(line.len());
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b' ' if at != first && at != last => encoded.extend(b"%20"),
            b'<' => encoded.extend(b"%3C"),
            b'>' => encoded.extend(b"%3E"),
            b'"' => encoded.extend(b"%22"),
            byte => encoded.push(*byte),
        }
    }
    encoded
}

impl<S: AsyncRead + Unpin> AsyncRead for Lenient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.mended.position() < this.mended.get_ref().len() as u64 {
                return Pin::new(&mut this.mended).poll_read(context, buffer);
            }
            if !this.begins {
                return Pin::new(&mut this.stream).poll_read(context, buffer);
            }
            let mut piece = [0; 4096];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut piece))?;
            this.held.extend_from_slice(piece.filled());
            let known = match piece.filled() {
                // The end of the connection.
                [] => Some(this.held.clone()),
                _ => mend(&this.held),
            };
            if let Some(known) = known {
                this.begins = false;
                this.held.clear();
                this.mended = io::Cursor::new(known);
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lenient<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.begins = true;
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.begins = true;
        Pin::new(&mut this.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[test]
    fn targets_are_encoded_and_nothing_else_is() {
        for (line, expected) in [
            ("GET /a?b=1 HTTP/1.1\r", "GET /a?b=1 HTTP/1.1\r"),
            (
                "GET /c?where=d>'2017'&e=<\"f\"> HTTP/1.1\r",
                "GET /c?where=d%3E'2017'&e=%3C%22f%22%3E HTTP/1.1\r",
            ),
            (
                "GET /c?where=a = 'b c' HTTP/1.1\r",
                "GET /c?where=a%20=%20'b%20c' HTTP/1.1\r",
            ),
            ("GET / HTTP/1.1\r", "GET / HTTP/1.1\r"),
            ("GET /", "GET /"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&encoded(line.as_bytes())), expected);
        }
    }

    #[tokio::test]
    async fn every_request_line_of_a_connection_is_mended_and_no_body_is() {
        let (mut client, server) = duplex(1 << 16);
        let mut server = Lenient::new(server);
        let mut got = async |expected: &str, client: &mut tokio::io::DuplexStream, pieces: &[&str]| {
            let mut read = vec![0; expected.len()];
            for piece in pieces {
                client.write_all(piece.as_bytes()).await.unwrap();
            }
            server.read_exact(&mut read).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&read), expected);
            server.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        };
        let c = &mut client;
        got(
            "GET /?a%3E1 HTTP/1.1\r\nA: >\r\n\r\n",
            c,
            &["GET /?a", ">1 HTTP/1.1\r\nA: >\r\n\r\n"],
        )
        .await;
        got(
            "POST /%3C HTTP/1.1\r\n\r\n<body>",
            c,
            &["POST /< HTTP/1.1\r\n\r\n<body>"],
        )
        .await;
        // What comes of a body behind an early answer is no request.
        got("{\"a\": \">\"}", c, &["{\"a\": \">\"}"]).await;
        got("PUT /%22 HTTP/1.1\r\n\r\n", c, &["PUT /\" HTTP/1.1\r\n\r\n"]).await;
    }

    #[tokio::test]
    async fn what_is_no_whole_line_is_read_at_the_end() {
        for text in ["GET /?a>1", "\x16\x03\x01", ""] {
            let (mut client, server) = duplex(1 << 16);
            client.write_all(text.as_bytes()).await.unwrap();
            drop(client);
            let mut read = String::new();
            Lenient::new(server).read_to_string(&mut read).await.unwrap();
            assert_eq!(read, text);
        }
        let long = format!("GET /?{} HTTP/1.1\r\n\r\n", ">".repeat(LONGEST));
        let (mut client, server) = duplex(1 << 20);
        client.write_all(long.as_bytes()).await.unwrap();
        drop(client);
        let mut read = String::new();
        Lenient::new(server).read_to_string(&mut read).await.unwrap();
        assert_eq!(read, long);
    }
}
