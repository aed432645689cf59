//! What differs from one run to the next, and what stands for it in a snapshot?
//!
//! Paths, the host's name, object ids, times, durations, process ids and operation ids. An id keeps
//! its number for the whole test: `$OID2` in a claim's answer is `$OID2` in the status that follows.
//! Only what git knows as an object is taken for an abbreviated id, so that a snapshot never depends
//! on whether seven digits happen to look like one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use regex_automata::dfa::regex::Regex;

/// Whole words of hexadecimal digits that may be an id or the beginning of one.
static HEX: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[0-9a-f]{7,64}\b"));

/// What is replaced as a whole.
static WHOLE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let time = r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z| ?[+-][0-9]{2}:?[0-9]{2})?(\[[A-Za-z/]+\])?";
    let spans = r"\b[0-9]+ ?(d|h|m|s|ms|days?|hours?|minutes?|seconds?)";
    vec![
        (regex(time), "$TIME"),
        (regex(&format!(r"({spans},? ?)+ago\b|\bjust now\b")), "$AGO"),
        (regex(&format!(r"({spans},? ?)+left\b")), "$DURATION left"),
        (
            regex(r"\b[0-9]+\.[0-9]+ ?(s|ms)\b|\b[0-9]+ ?ms\b"),
            "$DURATION",
        ),
        (regex(r"\bpid [0-9]+\b"), "pid $PID"),
        (regex(r#""pid": ?[0-9]+\b"#), "\"pid\":\"$PID\""),
        (regex(r"\bOp: [!-~]+"), "Op: $OP"),
        (regex(r"\bNonce: [!-~]+"), "Nonce: $NONCE"),
        (regex(r#""op": ?"[ !#-~]*""#), "\"op\":\"$OP\""),
        (regex(r"--op [A-Za-z0-9_-]+"), "--op $OP"),
        (regex(r"\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}\b"), "$KEPT"),
        (regex(r"\b[0-9a-f]{16}\b"), "$OP"),
        (regex(r"(?m)^[0-9a-f]{8}  "), "$OP  "),
    ]
});

fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("(?-u){pattern}")).expect("the pattern is one")
}

/// The names that stand for what was seen in one test.
pub(super) struct Mask {
    fixed: Vec<(String, &'static str)>,
    machine: Regex,
    ids: Mutex<Vec<String>>,
}

impl Mask {
    pub(super) fn new(root: &Path, binaries: &Path) -> Mask {
        let host = git_stream::ledger::host_name();
        let fixed = vec![
            (root.display().to_string(), "$ROOT"),
            (binaries.display().to_string(), "$BIN"),
            (format!("@{host}"), "@$HOST"),
        ];
        Mask {
            fixed,
            machine: regex(&format!(r"\b{host}-[0-9a-f]{{8}}\b")),
            ids: Mutex::new(Vec::new()),
        }
    }

    /// The text as a snapshot holds it; `repo` is asked about abbreviated ids.
    pub(super) fn apply(&self, text: &str, repo: &Path) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.fixed {
            text = text.replace(from, to);
        }
        text = replace(&self.machine, &text, |_| Some("$MACHINE".to_owned()));
        for (pattern, name) in WHOLE.iter() {
            text = replace(pattern, &text, |_| Some((*name).to_owned()));
        }
        replace(&HEX, &text, |word| self.id(word, repo))
    }

    fn id(&self, word: &str, repo: &Path) -> Option<String> {
        if word.bytes().all(|digit| digit == b'0') {
            return matches!(word.len(), 40 | 64).then(|| "$ZERO".to_owned());
        }
        let full = match word.len() {
            40 | 64 => word.to_owned(),
            _ => full_id(word, repo)?,
        };
        let mut ids = self.ids.lock().unwrap();
        let at = ids
            .iter()
            .position(|known| *known == full)
            .unwrap_or_else(|| {
                ids.push(full.clone());
                ids.len() - 1
            });
        let name = if word == full { "OID" } else { "oid" };
        Some(format!("${name}{}", at + 1))
    }
}

fn full_id(word: &str, repo: &Path) -> Option<String> {
    let answer = Command::new("git")
        .args(["rev-parse", "--quiet", "--verify", "--end-of-options"])
        .arg(format!("{word}^{{object}}"))
        .current_dir(repo)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let id = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    id.starts_with(word).then_some(id)
}

fn replace(pattern: &Regex, text: &str, mut name: impl FnMut(&str) -> Option<String>) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut after = 0;
    for found in pattern.find_iter(text) {
        if let Some(name) = name(&text[found.range()]) {
            masked.push_str(&text[after..found.start()]);
            masked.push_str(&name);
            after = found.end();
        }
    }
    masked.push_str(&text[after..]);
    masked
}
