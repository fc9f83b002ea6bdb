//! A client of many connections, each of which asks again as soon as it is answered.

#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub const CLIENTS: usize = 32;

/// A request as it goes over the wire.
pub fn request(path: &str, header: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, good for as long as the client asks nothing else.
pub struct Answer<'a> {
    pub status_ok: bool,
    pub body: &'a [u8],
    pub took: Duration,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("a socket option");
        Client { stream, buffer: Vec::new() }
    }

    pub fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        let start = Instant::now();
        self.stream.write_all(request).expect("sent");
        let head = self.read();
        let took = start.elapsed();
        Answer { status_ok: self.buffer.starts_with(b"HTTP/1.1 200"), body: &self.buffer[head..], took }
    }

    /// Reads a whole answer, and gives the length of its head.
    fn read(&mut self) -> usize {
        self.buffer.clear();
        let mut piece = [0; 16_384];
        loop {
            let read = self.stream.read(&mut piece).expect("readable");
            assert!(read > 0, "the connection was closed");
            self.buffer.extend_from_slice(&piece[..read]);
            let Some(head) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&self.buffer[..head]).to_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let head = head + 4;
            if self.buffer.len() >= head + length.expect("answers tell their length") {
                return head;
            }
        }
    }
}

/// Runs `work` on every connection at once, and gives what each came to. It is told which of them it is.
pub fn all<T: Send>(address: SocketAddr, work: impl Fn(usize, &mut Client) -> T + Sync) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let clients = (0..CLIENTS).map(|i| scope.spawn(move || work(i, &mut Client::connect(address))));
        let clients: Vec<_> = clients.collect();
        clients.into_iter().map(|client| client.join().expect("no panic")).collect()
    })
}
