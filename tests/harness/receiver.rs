//! A **receiver**: an HTTP server that takes alerts, on this machine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// A server that answers every request alike, until it is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    status: AtomicU16,
    is_over: AtomicBool,
    alerts: Mutex<Vec<String>>,
}

impl Receiver {
    pub(crate) fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        shared.status.store(status, Ordering::SeqCst);
        let own = shared.clone();
        let serving = thread::spawn(move || {
            for stream in listener.incoming() {
                if own.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // A client that goes away is no failure of the server.
                let _ = serve(stream.unwrap(), &own);
            }
        });
        Self { address, shared, serving: Some(serving) }
    }

    pub(crate) fn answer_from_now_on(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/alerts", self.address)
    }

    /// Ids of the alerts that were sent, whatever the answer.
    pub(crate) fn alerts(&self) -> Vec<String> {
        self.shared.alerts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // It waits for a connection.
        let _ = TcpStream::connect(self.address);
        let _ended = self.serving.take().map(JoinHandle::join);
    }
}

/// Answers one request and closes.
fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut alert) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "x-keytrail-alert-id" => alert = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    shared.alerts.lock().unwrap_or_else(PoisonError::into_inner).extend(alert);
    let status = shared.status.load(Ordering::SeqCst);
    write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}
