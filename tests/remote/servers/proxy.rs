//! What stands between a machine and the server, and cuts the connection at the worst moment?
//!
//! Bytes go through as they are. Armed, the next push is tampered with, once: its answer is thrown
//! away, or the push itself is kept back until the next one comes, which the server then sees
//! second. A push is known by what only a client says that moves refs.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a client says with the refs that it wants to have moved.
const PUSH: &[u8] = b"report-status";
/// After so long without another byte, a push has been said to its end.
const SILENCE: Duration = Duration::from_millis(400);

/// What is done to the next push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// It arrives, and nobody hears of it.
    Answer,
    /// It arrives after the connection has been cut, in front of the next one.
    Late,
}

#[derive(Default)]
struct Plot {
    armed: Option<Cut>,
    /// A push that was kept back.
    held: Option<Held>,
    /// How many pushes were tampered with.
    cut: usize,
}

struct Held {
    said: Vec<u8>,
    server: TcpStream,
    /// Ends when the server has begun to answer.
    answer: Receiver<()>,
}

/// A proxy. It listens as long as the tests run.
pub(super) struct Proxy {
    port: u16,
    plot: Arc<Mutex<Plot>>,
}

impl Proxy {
    /// In front of a server on this machine.
    pub(super) fn before(server: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let plot: Arc<Mutex<Plot>> = Arc::default();
        let shared = Arc::clone(&plot);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is gone closes at once.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) {
                    let plot = Arc::clone(&shared);
                    thread::spawn(move || connect(&client, server, &plot));
                }
            }
        });
        Proxy { port, plot }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn arm(&self, cut: Cut) {
        self.plot.lock().unwrap().armed = Some(cut);
    }

    pub(super) fn cut(&self) -> usize {
        self.plot.lock().unwrap().cut
    }
}

/// Carries what a client says to the server, and back, until one of them has said all.
fn connect(client: &TcpStream, mut server: TcpStream, plot: &Arc<Mutex<Plot>>) {
    let is_deaf = Arc::new(Mutex::new(false));
    let (begins, answer) = mpsc::channel();
    let answers = {
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let is_deaf = Arc::clone(&is_deaf);
        thread::spawn(move || {
            let mut bytes = [0; 1 << 14];
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                if *is_deaf.lock().unwrap() || to.write_all(&bytes[..read]).is_err() {
                    break;
                }
            }
            to.shutdown(Shutdown::Both).ok();
            drop::<mpsc::Sender<()>>(begins);
        })
    };
    let mut from = client.try_clone().unwrap();
    let mut bytes = [0; 1 << 14];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let said = &bytes[..read];
        if said.windows(PUSH.len()).any(|part| part == PUSH) {
            let mut plot = plot.lock().unwrap();
            if let Some(held) = plot.held.take() {
                held.deliver();
            }
            match plot.armed.take() {
                Some(Cut::Late) => {
                    *is_deaf.lock().unwrap() = true;
                    plot.cut += 1;
                    let said = to_its_end(&from, said);
                    client.shutdown(Shutdown::Both).ok();
                    plot.held = Some(Held {
                        said,
                        server,
                        answer,
                    });
                    return;
                }
                Some(Cut::Answer) => {
                    *is_deaf.lock().unwrap() = true;
                    plot.cut += 1;
                }
                None => {}
            }
        }
        if server.write_all(said).is_err() {
            break;
        }
    }
    server.shutdown(Shutdown::Write).ok();
    answers.join().unwrap();
}

/// The rest of what a client says before it waits for an answer.
fn to_its_end(mut client: &TcpStream, said: &[u8]) -> Vec<u8> {
    let mut all = said.to_vec();
    client.set_read_timeout(Some(SILENCE)).unwrap();
    let mut bytes = [0; 1 << 14];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        all.extend(&bytes[..read]);
    }
    all
}

impl Held {
    /// Gives the server what was kept back, and waits until it has moved its refs. Nobody hears its
    /// answer.
    fn deliver(mut self) {
        self.server.write_all(&self.said).unwrap();
        self.answer.recv().ok();
    }
}
