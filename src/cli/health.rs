//! `fishpond health`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{Common, Outcome};

/// Asks `/readyz` without a library: one request, one line of the answer.
pub fn ask(listen: Option<String>, common: &Common) -> Outcome {
    const PATIENCE: Duration = Duration::from_secs(3);
    let text = match listen {
        Some(listen) => listen,
        None => common.load(Vec::new())?.listen.to_string(),
    };
    let mut address: SocketAddr = text.to_socket_addrs()?.next().ok_or("no such address")?;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| format!("cannot reach {address}: {error}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.lines().next().unwrap_or_default();
    if status.contains(" 200 ") { Ok(()) } else { Err(format!("not ready: {status}").into()) }
}
