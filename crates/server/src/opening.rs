//! The first bytes of a connection: they tell HTTP/2, and so gRPC, from HTTP/1.
//!
//! hyper-util can tell them apart as well, but waits for the bytes without a timer. Nothing is lost: what was read
//! here is read again by whoever speaks the protocol.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, join};
use tokio::net::TcpStream;

/// What every HTTP/2 connection begins with, and no request of HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose protocol is known.
pub struct Opened<T> {
    /// All of its bytes, the first ones included.
    pub io: T,
    /// Whether it speaks HTTP/2.
    pub http2: bool,
}

/// Reads as far as is needed to tell the protocols apart.
pub async fn open(stream: TcpStream) -> io::Result<Opened<impl AsyncRead + AsyncWrite + Unpin + Send>> {
    let (mut read, write) = stream.into_split();
    let mut first = Vec::with_capacity(PREFACE.len());
    while first.len() < PREFACE.len() && PREFACE.starts_with(&first) {
        let missing = (PREFACE.len() - first.len()) as u64;
        if (&mut read).take(missing).read_buf(&mut first).await? == 0 {
            break;
        }
    }
    let http2 = first == PREFACE;
    Ok(Opened { io: join(io::Cursor::new(first).chain(read), write), http2 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    /// Whether these writes open HTTP/2, and all that is read afterwards.
    async fn opened(writes: &[&[u8]]) -> (bool, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("a connection");
        let opening = tokio::spawn(open(stream));
        for bytes in writes {
            client.write_all(bytes).await.expect("sent");
            client.flush().await.expect("sent");
            tokio::task::yield_now().await;
        }
        client.shutdown().await.expect("ended");
        let mut opened = opening.await.expect("no panic").expect("read");
        let mut rest = Vec::new();
        opened.io.read_to_end(&mut rest).await.expect("read");
        (opened.http2, rest)
    }

    #[tokio::test]
    async fn protocols_are_told_apart_and_no_byte_is_lost() {
        let request: &[u8] = b"POST /v2 HTTP/1.1\r\n\r\n";
        assert_eq!(opened(&[request]).await, (false, request.to_vec()));
        assert_eq!(opened(&[b"P"]).await, (false, b"P".to_vec()), "cut within what could have been either");
        let (start, end) = PREFACE.split_at(7);
        let whole = [PREFACE, b"rest"].concat();
        assert_eq!(opened(&[start, end, b"rest"]).await, (true, whole));
        assert_eq!(opened(&[]).await, (false, vec![]));
    }
}
