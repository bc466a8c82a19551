//! A **slow network** in front of an S3 server: every request is forwarded as it
//! is, `Host` included, so that its signature stays valid, but some time later.
//!
//! Answers go back as they come. A line on standard input asks for what has
//! been counted since the last one; its end ends the proxy.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::json;

/// What has been asked since somebody looked.
#[derive(Default)]
struct Counts {
    requests: BTreeMap<String, u64>,
    in_flight: u64,
    in_flight_most: u64,
    answer_bytes: u64,
}

type Shared = Arc<Mutex<Counts>>;

pub fn serve(upstream: SocketAddr, delay_milliseconds: u64) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", json!({"port": listener.local_addr()?.port()}));
    let counts = Shared::default();
    let delay = Duration::from_millis(delay_milliseconds);
    let counted = counts.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let counts = counted.clone();
            // A connection that breaks is the client's to repeat.
            thread::spawn(move || forward(client, upstream, delay, &counts));
        }
    });
    for line in std::io::stdin().lines() {
        line?;
        let mut counts = locked(&counts);
        println!(
            "{}",
            json!({
                "requests": std::mem::take(&mut counts.requests),
                "in_flight_most": std::mem::take(&mut counts.in_flight_most),
                "answer_bytes": std::mem::take(&mut counts.answer_bytes),
            })
        );
    }
    Ok(())
}

fn locked(counts: &Mutex<Counts>) -> std::sync::MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection: requests one after the other, answers beside them.
fn forward(
    client: TcpStream,
    upstream: SocketAddr,
    delay: Duration,
    counts: &Shared,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let waiting = Arc::new(AtomicBool::new(false));
    let answers = {
        let (from, to) = (server.try_clone()?, client.try_clone()?);
        let (waiting, counts) = (waiting.clone(), counts.clone());
        thread::spawn(move || answer(from, to, &waiting, &counts))
    };
    let mut requests = BufReader::new(client);
    let mut head = Vec::new();
    while let Some(body_bytes) = read_head(&mut requests, &mut head)? {
        let mut now = locked(counts);
        *now.requests.entry(kind(&head)).or_default() += 1;
        if !waiting.swap(true, Ordering::Relaxed) {
            now.in_flight += 1;
            now.in_flight_most = now.in_flight_most.max(now.in_flight);
        }
        drop(now);
        thread::sleep(delay);
        server.write_all(&head)?;
        std::io::copy(&mut (&mut requests).take(body_bytes), &mut server)?;
    }
    let _ = server.shutdown(Shutdown::Write);
    let _ = answers.join();
    Ok(())
}

/// Passes on what the server says, until it says no more.
fn answer(mut from: TcpStream, mut to: TcpStream, waiting: &AtomicBool, counts: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let mut now = locked(counts);
        now.answer_bytes += length as u64;
        if waiting.swap(false, Ordering::Relaxed) {
            now.in_flight -= 1;
        }
        drop(now);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    if waiting.swap(false, Ordering::Relaxed) {
        locked(counts).in_flight -= 1;
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Reads a request's head; how many bytes of body follow, or none at the end.
fn read_head(
    requests: &mut BufReader<TcpStream>,
    head: &mut Vec<u8>,
) -> std::io::Result<Option<u64>> {
    head.clear();
    let mut body_bytes = 0;
    loop {
        let start = head.len();
        if requests.read_until(b'\n', head)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&head[start..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            body_bytes = value.trim().parse().map_err(std::io::Error::other)?;
        }
        if line == "\r\n" {
            return Ok(Some(body_bytes));
        }
    }
}

/// What a request asks for, in one word.
fn kind(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method == "GET" && target.contains("list-type=2") {
        "LIST".to_owned()
    } else {
        method.to_owned()
    }
}
