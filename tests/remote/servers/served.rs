//! How is a bare repository served: by its path, by `git daemon`, or by a web server?
//!
//! The web server is lighttpd with `git http-backend`, got by `tests/remote/servers/install`; where
//! it cannot be had, what would need it is left out, loudly.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process_group};

use super::super::fleet::Fleet;
use crate::support::Sandbox;

/// What a remote is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Path,
    Daemon,
    Http,
}

/// The program, and where its modules are if it has to be told.
struct Lighttpd {
    program: PathBuf,
    modules: Option<PathBuf>,
}

/// `None`, said loudly, where it cannot be had.
fn lighttpd() -> Option<&'static Lighttpd> {
    static FOUND: OnceLock<Result<Lighttpd, String>> = OnceLock::new();
    match FOUND.get_or_init(install) {
        Ok(found) => Some(found),
        Err(why) => {
            println!("!!!!  SKIPPED: no web server can be had, so nothing was served: {why}  !!!!");
            None
        }
    }
}

fn install() -> Result<Lighttpd, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    fs::create_dir_all(&directory).unwrap();
    // Another run of the tests may be at it.
    let lock = File::create(directory.with_extension("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/remote/servers/install");
    let output = Command::new(script).arg(directory).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let mut lines = said.lines().map(PathBuf::from);
    match lines.next().filter(|_| output.status.success()) {
        Some(program) => Ok(Lighttpd {
            program,
            modules: lines.next(),
        }),
        None => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(why.lines().last().unwrap_or_default().to_owned())
        }
    }
}

/// A server of a fleet's remote. It dies with its value.
pub(super) struct Served {
    by: By,
    root: PathBuf,
    port: u16,
    child: Option<Child>,
    web: Option<&'static Lighttpd>,
    exec_path: PathBuf,
}

impl Served {
    /// Serves the remote of a fleet, whose machines reach it there from now on; `None` where there
    /// is nothing to serve it with.
    pub(super) fn new(by: By, fleet: &mut Fleet) -> Option<Served> {
        let web = match by {
            By::Http => Some(lighttpd()?),
            By::Path | By::Daemon => None,
        };
        let git = |args: &[&str]| fleet.sandbox.git_in(&fleet.remote, args);
        git(&["config", "http.receivepack", "true"]);
        let exec_path = git(&["--exec-path"]);
        let mut served = Served {
            by,
            root: fleet.sandbox.root().to_owned(),
            port: free_port(),
            child: None,
            web,
            exec_path: exec_path.trim().into(),
        };
        served.start(&fleet.sandbox);
        fleet.url = served.url(served.port);
        Some(served)
    }

    /// Where the remote is; by another port, where something stands in between.
    pub(super) fn url(&self, port: u16) -> Option<String> {
        match self.by {
            By::Path => None,
            By::Daemon => Some(format!("git://127.0.0.1:{port}/remote.git")),
            By::Http => Some(format!("http://127.0.0.1:{port}/git/remote.git")),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, and returns when it answers. Its group is in the file `server.pid` of the remote.
    pub(super) fn start(&mut self, sandbox: &Sandbox) {
        let mut command = match (self.by, self.web) {
            (By::Path, _) => return,
            (By::Http, Some(web)) => self.lighttpd(web),
            (By::Daemon | By::Http, _) => self.daemon(),
        };
        command.env_clear().envs(sandbox.environment());
        command.stdin(Stdio::null()).process_group(0);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let pid = child.id().to_string();
        fs::write(self.root.join("remote.git/server.pid"), pid).unwrap();
        self.child = Some(child);
        // However long it takes; a server that ends instead has failed.
        while let Err(error) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert_eq!(ended, None, "the server has not started");
            std::thread::yield_now();
        }
    }

    /// Kills it with all that it has started.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill_process_group(Pid::from_child(&child), Signal::KILL).ok();
            child.wait().unwrap();
        }
    }

    fn daemon(&self) -> Command {
        let mut command = Command::new(self.exec_path.join("git-daemon"));
        let base = format!("--base-path={}", self.root.display());
        let port = format!("--port={}", self.port);
        command.args(["--reuseaddr", "--listen=127.0.0.1", &port, &base]);
        command.args(["--export-all", "--enable=receive-pack"]);
        command
    }

    fn lighttpd(&self, web: &Lighttpd) -> Command {
        let root = self.root.display();
        let path = std::env::var("PATH").unwrap();
        let text = format!(
            r#"server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
alias.url = ("/git/" => "{backend}/")
$HTTP["url"] =~ "^/git/" {{
    cgi.assign = ("" => "")
    setenv.set-environment = (
        "GIT_PROJECT_ROOT" => "{root}", "GIT_HTTP_EXPORT_ALL" => "1", "PATH" => "{path}",
        "GIT_CONFIG_NOSYSTEM" => "1", "HOME" => "/nonexistent"
    )
}}
"#,
            port = self.port,
            backend = self.exec_path.join("git-http-backend").display(),
        );
        let file = self.root.join("lighttpd.conf");
        fs::write(&file, text).unwrap();
        let mut command = Command::new(&web.program);
        command.arg("-D").arg("-f").arg(file);
        if let Some(modules) = &web.modules {
            command.arg("-m").arg(modules);
        }
        command
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens at, at this moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
