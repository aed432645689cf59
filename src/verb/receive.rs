//! What does `git stream receive` take, and what does it answer?

use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::{self, Receiving};
use crate::receive::{self, Judged, Update};

/// Judge a push, as a hook of the repository that is pushed to
///
/// Every commit of a stream's branch, since the base branch as it is on the server, must stay
/// inside its stream, by the rule of `git stream guard`. The ledger may only grow. The branch of a
/// stream that somebody holds is not deleted, and loses no commits but by a rebase onto a newer
/// base. Everything else passes, pushes to the base branch among it.
///
/// `git stream init --server` lets git call it as `pre-receive`. A hook that is there already can
/// call it, too: with the same stdin, in the directory and with the environment that git gave.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-receive", bin_name = "git stream receive", version)]
pub struct Receive {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    hook: Hook,
}

#[derive(Debug, clap::Subcommand)]
enum Hook {
    /// Judge all refs of a push at once: `OLD NEW REF` on each line of stdin
    PreReceive,
    /// Judge one ref
    Update {
        /// The ref's full name
        #[arg(value_name = "REF")]
        name: OsString,
        /// Where it is
        #[arg(value_name = "OLD")]
        old: OsString,
        /// Where it is to go
        #[arg(value_name = "NEW")]
        new: OsString,
    },
}

impl Verb for Receive {
    type Status = std::process::ExitCode;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        (
            "In a server's own pre-receive, which has read its stdin into $input:",
            "printf '%s\\n' \"$input\" | git stream receive pre-receive || exit 1",
        ),
        (
            "In a server's own update:",
            "git stream receive update \"$1\" \"$2\" \"$3\" || exit 1",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Self::Status, Failure> {
        let receiving = Receiving::here()?;
        let repo = receiving.repo();
        let mut input = Vec::new();
        let updates = match &self.hook {
            Hook::PreReceive => {
                let read = std::io::stdin().read_to_end(&mut input);
                read.map_err(git::Error::file("read", PathBuf::from("stdin")))?;
                Update::parse_all(repo, &input)?
            }
            Hook::Update { name, old, new } => {
                let args = [name.clone(), old.clone(), new.clone()];
                vec![Update::from_args(repo, args)?]
            }
        };
        let judged = receive::judge(repo, &updates)?;
        tell(&judged, out);
        if !judged.refused.is_empty() {
            return Ok(Exit::Refused.into());
        }
        match self.hook {
            Hook::PreReceive => Ok(receive::run_own(repo, &input)?.into()),
            Hook::Update { .. } => Ok(Exit::Done.into()),
        }
    }
}

/// Tells what is refused, on stderr: git hands both streams on to the one who pushes.
fn tell(judged: &Judged, out: &mut Out) {
    if out.json() {
        out.object(&judged.object());
        return;
    }
    for trespass in &judged.trespass {
        out.warn(trespass.text());
    }
    let mut given = Vec::new();
    for refused in &judged.refused {
        out.error_line("error: ", refused.text());
    }
    for hint in judged
        .refused
        .iter()
        .flat_map(|refused| refused.why.hints())
    {
        if !given.contains(&hint) {
            out.hint(&hint);
            given.push(hint);
        }
    }
    let (all, refused) = (judged.updates, judged.refused.len());
    if refused > 0 && all > refused {
        out.say(format!(
            "{refused} of {all} refs are refused, so none of them was moved"
        ));
    }
}
