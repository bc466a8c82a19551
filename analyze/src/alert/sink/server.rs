//! A **server** on loopback that sinks are tested against: it notes what it is
//! sent and answers as it was told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::configuration::{SinkKind, SinkSettings};
use crate::finding::Severity;

/// What it does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Status line and headers, each ended by `\r\n`, and a body.
    Answer(&'static str, String),
    /// Reads, and closes the connection.
    CloseEarly,
    /// Reads, and never answers.
    Hang,
    /// Answers with status 200 and so many bytes.
    Huge(usize),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    pub(super) written: Arc<Mutex<usize>>,
}

impl Server {
    /// Answers the first request with the first reply and so on, and all later
    /// ones with the last.
    pub(super) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, written) = (Arc::default(), Arc::default());
        let server = Self { port, received: Arc::clone(&received), written: Arc::clone(&written) };
        // It ends with the process of the test.
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { continue };
                let reply = replies.get(number).or(replies.last()).unwrap();
                held.extend(serve(stream, reply, &received, &written));
            }
        });
        server
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Settings of a sink whose address is the server's, with this path.
    pub(super) fn sink(&self, kind: SinkKind, path: &str) -> SinkSettings {
        settings(kind, Some(&format!("http://127.0.0.1:{}{path}", self.port)))
    }
}

/// Settings with nothing but a target.
pub(super) fn settings(kind: SinkKind, target: Option<&str>) -> SinkSettings {
    SinkSettings {
        name: "team".to_owned(),
        kind,
        target: target.map(str::to_owned),
        target_variable: None,
        secret_variable: None,
        region: None,
        role_arn: None,
        min_severity: Severity::Low,
        accounts: Vec::new(),
        detections: Vec::new(),
        include_sensitive: false,
    }
}

/// Answers one connection; gives it back if it is to be held open.
fn serve(
    mut stream: TcpStream,
    reply: &Reply,
    received: &Mutex<Vec<Received>>,
    written: &Mutex<usize>,
) -> Option<TcpStream> {
    let request = read(&stream)?;
    received.lock().unwrap().push(request);
    match reply {
        Reply::Answer(head, body) => {
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
        Reply::CloseEarly => {}
        Reply::Hang => return Some(stream),
        Reply::Huge(bytes) => {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
            let part = vec![b'x'; 65_536];
            for _ in 0..bytes / 65_536 {
                if stream.write_all(&part).is_err() {
                    break;
                }
                *written.lock().unwrap() += 65_536;
            }
        }
    }
    None
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length?.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line: lines.into_iter().next()?, headers, body })
}
