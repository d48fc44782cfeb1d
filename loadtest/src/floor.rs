//! The floor: the minimum work a chat server can do. One thread writes one prepared frame per message to
//! every member of the room, with one write(2) per member. It has no log, no ordering and no limits.
//!
//! It implements the part of `teahouse.v1` that [`crate::speech`] needs, and its frames are as large as
//! Teahouse's, so that the two differ in work and not in bytes.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::ValueEnum;
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use nix::errno::Errno;
use serde::Deserialize;

use crate::frames;
use crate::limits;

const LISTENER: Token = Token(usize::MAX);
const INPUT: Token = Token(usize::MAX - 1);

/// A fault that the floor is told to have, so that one sees the load test notice it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    Drop,
    Double,
    Swap,
}

/// Seq of the message that the fault affects.
const FAULTY: u64 = 10;

/// Serves until the process is killed or, if `ends_with_input`, until standard input ends. Prints the address
/// it listens on to standard output.
pub(crate) fn serve(address: SocketAddr, fault: Option<Fault>, ends_with_input: bool) -> Result<()> {
    limits::allow_as_many_as_possible()?;
    let mut listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    if ends_with_input {
        poll.registry().register(&mut SourceFd(&0), INPUT, Interest::READABLE)?;
    }
    println!("the floor listens on {} (pid {})", listener.local_addr()?, std::process::id());
    io::stdout().flush()?;
    let mut floor = Floor {
        listener,
        registry: poll.registry().try_clone()?,
        peers: Vec::new(),
        rooms: HashMap::new(),
        buffer: vec![0; 64 * 1024],
        fault,
    };
    let mut events = Events::with_capacity(1024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                LISTENER => floor.accept()?,
                INPUT => return Ok(()),
                Token(index) => floor.attend(index, event.is_read_closed()),
            }
        }
    }
}

struct Floor {
    listener: TcpListener,
    registry: Registry,
    /// Peers by token. Tokens are not reused: each run starts its own floor.
    peers: Vec<Option<Peer>>,
    rooms: HashMap<String, Room>,
    buffer: Vec<u8>,
    fault: Option<Fault>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    seq: u64,
    /// A frame that a fault delays.
    late: Vec<u8>,
}

struct Peer {
    socket: TcpStream,
    upgraded: bool,
    input: Vec<u8>,
    /// Bytes the socket has not accepted yet.
    output: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line<'a> {
    #[serde(borrow)]
    Hello(Hello<'a>),
    #[serde(borrow)]
    Send(Send<'a>),
    Pong {},
}

#[derive(Deserialize)]
struct Hello<'a> {
    #[serde(borrow)]
    rooms: Vec<Wanted<'a>>,
}

#[derive(Deserialize)]
struct Wanted<'a> {
    room: &'a str,
}

#[derive(Deserialize)]
struct Send<'a> {
    id: &'a str,
    room: &'a str,
    text: &'a str,
}

impl Floor {
    fn accept(&mut self) -> Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut socket, _)) => {
                    socket.set_nodelay(true)?;
                    let token = Token(self.peers.len());
                    self.registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
                    let peer = Peer { socket, upgraded: false, input: Vec::new(), output: Vec::new() };
                    self.peers.push(Some(peer));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("no more connections can be had"),
            }
        }
    }

    fn attend(&mut self, index: usize, is_closed: bool) {
        if self.try_attend(index, is_closed).is_err() {
            self.peers[index] = None;
            for room in self.rooms.values_mut() {
                room.members.retain(|&member| member != index);
            }
        }
    }

    fn try_attend(&mut self, index: usize, is_closed: bool) -> Result<()> {
        let Some(peer) = &mut self.peers[index] else { return Ok(()) };
        if !peer.output.is_empty() {
            let output = std::mem::take(&mut peer.output);
            peer.write(&output)?;
        }
        loop {
            match peer.socket.read(&mut self.buffer) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(count) => {
                    peer.input.extend_from_slice(&self.buffer[..count]);
                    // After the peer has closed no further edge comes, so read up to the end of the stream.
                    if count < self.buffer.len() && !is_closed {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let mut input = std::mem::take(&mut peer.input);
        if !peer.upgraded {
            peer.upgraded = peer.upgrade(&mut input)?;
        }
        let mut done = 0;
        if peer.upgraded {
            while let Some((payload, end)) = frames::masked(&mut input[done..]) {
                let line = input[done..][payload].to_vec();
                self.hear(index, &line)?;
                done += end;
            }
        }
        if let Some(peer) = &mut self.peers[index] {
            input.drain(..done);
            peer.input = input;
        }
        Ok(())
    }

    fn hear(&mut self, index: usize, line: &[u8]) -> Result<()> {
        match serde_json::from_slice(line)? {
            Line::Hello(hello) => {
                for Wanted { room } in hello.rooms {
                    let joined = format!(
                        r#"{{"joined":{{"room":"{room}","epoch":"5f3a9c0d12e4b678","head":0,"oldest":0,"resumed":false,"members":{{"count":1,"list":[]}},"events":[]}}}}"#
                    );
                    self.rooms.entry(room.to_owned()).or_default().members.push(index);
                    let mut frame = Vec::new();
                    frames::message(false, false, joined.as_bytes(), &mut frame);
                    if let Some(peer) = &mut self.peers[index] {
                        peer.write(&frame)?;
                    }
                }
            }
            Line::Send(send) => self.fan_out(&send),
            Line::Pong {} => {}
        }
        Ok(())
    }

    /// Writes one prepared frame, with one write per member.
    fn fan_out(&mut self, send: &Send) {
        let Send { id, room: name, text } = send;
        let Some(room) = self.rooms.get_mut(*name) else { return };
        room.seq += 1;
        let seq = room.seq;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let line = format!(
            r#"{{"message":{{"room":"{name}","seq":{seq},"id":"{id}","user":{{"id":"9b1deb4d3b7d4bad9bdd","name":"t00000000000"}},"text":"{text}","at":{at}}}}}"#
        );
        let mut frame = Vec::with_capacity(line.len() + 4);
        frames::message(false, false, line.as_bytes(), &mut frame);
        for (place, &member) in room.members.iter().enumerate() {
            let Some(peer) = &mut self.peers[member] else { continue };
            let fault = self.fault.filter(|_| place == 0);
            // Reading notices a closed peer.
            _ = match fault {
                Some(Fault::Drop) if seq == FAULTY => Ok(()),
                Some(Fault::Swap) if seq == FAULTY => {
                    room.late.clone_from(&frame);
                    Ok(())
                }
                Some(Fault::Double) if seq == FAULTY => peer.write(&[frame.as_slice(), &frame].concat()),
                _ => peer.write(&frame),
            };
            if seq > FAULTY && place == 0 && !room.late.is_empty() {
                _ = peer.write(&std::mem::take(&mut room.late));
            }
        }
    }
}

impl Peer {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.output.is_empty() {
            // Call write(2) itself: the standard library would call send(2).
            match nix::unistd::write(&self.socket, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::EAGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.output.extend_from_slice(bytes);
        Ok(())
    }

    /// Answers the upgrade request once it is complete.
    fn upgrade(&mut self, input: &mut Vec<u8>) -> Result<bool> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = request.parse(input)? else { return Ok(false) };
        let key = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"))
            .context("no request for a WebSocket")?;
        let accept = tungstenite::handshake::derive_accept_key(key.value);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Protocol: teahouse.v1\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.write(answer.as_bytes())?;
        input.drain(..length);
        Ok(true)
    }
}
