//! The attacks, modelled on observed abuse. Each runs until it is told to stop and continues with whatever
//! the server still allows.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::attacker::{Attacker, frame, rest, send, text};

type Attack = fn(&[Attacker], &AtomicBool);

/// All attacks, with their names in the table.
pub(super) const ATTACKS: [(&str, Attack); 13] = [
    ("a room named a thousand times in a hello", rooms_in_a_hello),
    ("pages that nobody reads", unread_pages),
    ("resumes read at 3 KB/s", trickled_resumes),
    ("messages that never end", unfinished_messages),
    ("writers who reconnect", reconnecting_writers),
    ("new rooms", new_rooms),
    ("pings", pings),
    ("blank lines and empty pieces", blanks),
    ("questions to the bot", questions),
    ("guests", guests),
    ("logins with long origins", long_origins),
    ("heads of 400 KB", long_heads),
    ("pages of what looks like links", slow_pages),
];

/// Number of sockets that a socket-holding attack keeps open.
const HELD: usize = 200;

fn goes_on(stop: &AtomicBool) -> bool {
    !stop.load(Ordering::Relaxed)
}

/// Holds many connections until the end: `begin` opens each, `act` keeps it alive, and lost ones are
/// reopened.
fn hold(
    attackers: &[Attacker],
    stop: &AtomicBool,
    begin: impl Fn(&Attacker) -> std::io::Result<TcpStream>,
    mut act: impl FnMut(&mut TcpStream) -> std::io::Result<()>,
) {
    let mut held: Vec<TcpStream> = Vec::new();
    for attacker in attackers.iter().cycle() {
        if !goes_on(stop) {
            break;
        }
        if held.len() < HELD {
            match begin(attacker) {
                Ok(socket) => held.push(socket),
                Err(_) => rest(),
            }
        } else {
            rest();
        }
        if held.len().is_multiple_of(10) {
            held.retain_mut(|socket| act(socket).is_ok());
        }
    }
}

fn rooms_in_a_hello(attackers: &[Attacker], stop: &AtomicBool) {
    let places = vec!["{\"room\":\"attic\"}"; 1_000].join(",");
    let hello = text(&format!("{{\"hello\":{{\"rooms\":[{places}]}}}}"));
    let begin = |attacker: &Attacker| {
        let mut socket = attacker.open()?;
        socket.write_all(&hello)?;
        Ok(socket)
    };
    hold(attackers, stop, begin, |_| Ok(()));
}

fn unread_pages(attackers: &[Attacker], stop: &AtomicBool) {
    let begin = |attacker: &Attacker| {
        let mut socket = attacker.connect()?;
        socket.write_all(attacker.request("GET", "/chat/attic", "").as_bytes())?;
        Ok(socket)
    };
    hold(attackers, stop, begin, |_| Ok(()));
}

fn trickled_resumes(attackers: &[Attacker], stop: &AtomicBool) {
    let begin = |attacker: &Attacker| {
        let mut socket = attacker.enter("attic")?;
        socket.set_nonblocking(true)?;
        let look_back = "{\"history\":{\"room\":\"attic\",\"before\":200,\"limit\":200}}";
        socket.write_all(&text(&vec![look_back; 100].join("\n")))?;
        Ok(socket)
    };
    // Each socket is read about twenty times a minute.
    let trickle = |socket: &mut TcpStream| {
        match socket.read(&mut [0; 9_000]) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
        Ok(())
    };
    hold(attackers, stop, begin, trickle);
}

fn unfinished_messages(attackers: &[Attacker], stop: &AtomicBool) {
    let piece = frame(0x01, &vec![b'x'; 120_000]);
    let rest = frame(0x00, &vec![b'x'; 120_000]);
    let pong = frame(0x8A, b"");
    let begin = |attacker: &Attacker| {
        let mut socket = attacker.enter("lobby")?;
        socket.write_all(&piece)?;
        for _ in 0..8 {
            socket.write_all(&rest)?;
        }
        Ok(socket)
    };
    hold(attackers, stop, begin, |socket| socket.write_all(&pong));
}

/// Makes the attackers connect in turn until the end, and calls `act` on each connection.
fn in_turns(
    attackers: &[Attacker],
    stop: &AtomicBool,
    begin: impl Fn(&Attacker) -> std::io::Result<TcpStream>,
    mut act: impl FnMut(&Attacker, TcpStream),
) {
    for attacker in attackers.iter().cycle().take_while(|_| goes_on(stop)) {
        match begin(attacker) {
            Ok(socket) => act(attacker, socket),
            Err(_) => rest(),
        }
    }
}

/// Builds `count` lines that each send `words` to the attic, with ids that start with `sign` and continue
/// from `number`.
fn lines(sign: char, count: u64, number: &mut u64, words: impl Fn(u64) -> String) -> Vec<u8> {
    let numbers = *number..*number + count;
    *number = numbers.end;
    let lines: Vec<String> =
        numbers.map(|number| send(&format!("{sign}{number}"), "attic", &words(number))).collect();
    text(&lines.join("\n"))
}

fn reconnecting_writers(attackers: &[Attacker], stop: &AtomicBool) {
    let mut number = 0;
    let enter = |attacker: &Attacker| attacker.enter("attic");
    in_turns(attackers, stop, enter, |_, mut socket| {
        // Bytes the server does not accept are lost with the connection.
        let _ = socket.write_all(&lines('w', 500, &mut number, |number| number.to_string()));
    });
}

fn new_rooms(attackers: &[Attacker], stop: &AtomicBool) {
    let mut number = 0_u64;
    let enter = |attacker: &Attacker| attacker.enter("lobby");
    in_turns(attackers, stop, enter, |_, mut socket| {
        let mut lines = Vec::new();
        for _ in 0..200 {
            number += 1;
            let room = format!("new{number}");
            lines.push(format!("{{\"join\":{{\"room\":\"{room}\"}}}}"));
            lines.push(send("m", &room, "tea"));
            lines.push(format!("{{\"leave\":{{\"room\":\"{room}\"}}}}"));
        }
        let _ = socket.write_all(&text(&lines.join("\n")));
        while socket.read(&mut [0; 16_384]).is_ok_and(|count| count > 0) && goes_on(stop) {}
    });
}

/// Sends the same bytes on several connections as fast as the server accepts them.
fn flood(attackers: &[Attacker], stop: &AtomicBool, bytes: &[u8]) {
    let mut sockets: Vec<TcpStream> = Vec::new();
    for attacker in attackers.iter().take(40) {
        if let Ok(socket) = attacker.enter("lobby")
            && socket.set_nonblocking(true).is_ok()
        {
            sockets.push(socket);
        }
    }
    while goes_on(stop) {
        let mut taken = false;
        for socket in &mut sockets {
            taken |= socket.write(bytes).is_ok();
            // Read the replies, so that the server does not disconnect this client as a slow consumer.
            while socket.read(&mut [0; 16_384]).is_ok_and(|count| count > 0) {}
        }
        if !taken {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn pings(attackers: &[Attacker], stop: &AtomicBool) {
    flood(attackers, stop, &frame(0x89, b"").repeat(2_000));
}

fn blanks(attackers: &[Attacker], stop: &AtomicBool) {
    let pieces = [frame(0x01, b""), frame(0x00, b"").repeat(500), frame(0x80, b"")].concat();
    flood(attackers, stop, &[pieces, text(&"\n".repeat(20_000))].concat());
}

fn questions(attackers: &[Attacker], stop: &AtomicBool) {
    let mut number = 0;
    let enter = |attacker: &Attacker| attacker.enter("attic");
    in_turns(attackers, stop, enter, |_, mut socket| {
        let _ = socket.write_all(&lines('q', 100, &mut number, |_| "@小二 roll 100d100".to_owned()));
        let _ = socket.read(&mut [0; 16_384]);
    });
}

fn guests(attackers: &[Attacker], stop: &AtomicBool) {
    let mut held = Vec::new();
    in_turns(attackers, stop, Attacker::open_as_guest, |_, socket| {
        if held.len() < HELD {
            held.push(socket);
        }
    });
}

fn long_origins(attackers: &[Attacker], stop: &AtomicBool) {
    let headers = format!("Origin: http://{}\r\nContent-Length: 0\r\n", "x".repeat(20_000));
    in_turns(attackers, stop, Attacker::connect, |attacker, mut socket| {
        let _ = socket.write_all(attacker.request("POST", "/login", &headers).as_bytes());
        let _ = socket.read(&mut [0; 4_096]);
    });
}

fn long_heads(attackers: &[Attacker], stop: &AtomicBool) {
    let head = attackers[0].request("GET", "/chat", &format!("X-Long: {}\r\n", "x".repeat(400_000)));
    let begin = |attacker: &Attacker| {
        let mut socket = attacker.connect()?;
        // Withhold the last byte.
        let _ = socket.write_all(&head.as_bytes()[..head.len() - 1]);
        Ok(socket)
    };
    hold(attackers, stop, begin, |_| Ok(()));
}

fn slow_pages(attackers: &[Attacker], stop: &AtomicBool) {
    if let Ok(mut socket) = attackers[0].enter("links") {
        for number in 0..100 {
            let long = "www.a.b_".repeat(500);
            if socket.write_all(&text(&send(&format!("l{number}"), "links", &long))).is_err() {
                return;
            }
        }
        while socket.read(&mut [0; 16_384]).is_ok_and(|count| count > 0) {}
    }
    thread::scope(|scope| {
        for some in attackers.chunks(attackers.len().div_ceil(8)) {
            scope.spawn(move || {
                for attacker in some.iter().cycle().take_while(|_| goes_on(stop)) {
                    let Ok(mut socket) = attacker.connect() else { continue };
                    let request = attacker.request("GET", "/chat/links", "Connection: close\r\n");
                    let _ = socket.write_all(request.as_bytes());
                    while socket.read(&mut [0; 16_384]).is_ok_and(|count| count > 0) && goes_on(stop) {}
                }
            });
        }
    });
}
