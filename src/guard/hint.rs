//! What can be done about a refusal?

use bstr::{BStr, ByteSlice as _};

use super::owner::Owner;
use super::verdict::{Refused, Verdict, What};
use crate::name::StreamName;
use crate::rule::Why;
use crate::word;

/// One hint for each kind of reason, then how to go on without the refused paths.
pub(super) fn hints(verdict: &Verdict) -> Vec<String> {
    let mut hints = Vec::new();
    for refused in &verdict.refused {
        if let Some(hint) = about(refused, verdict.stream.as_ref())
            && !hints.contains(&hint)
            && !alike(&hints, &hint)
        {
            hints.push(hint);
        }
    }
    hints.extend(onwards(verdict));
    if verdict.is_cut() {
        hints.push(format!("See all of them with `{} --json`.", asked(verdict)));
    }
    hints
}

/// Whether there is a hint of the same kind already, about another path.
fn alike(hints: &[String], hint: &str) -> bool {
    let beginning = |text: &str| text.split('`').next().map(str::to_owned);
    hints
        .iter()
        .any(|other| beginning(other) == beginning(hint))
}

fn about(refused: &Refused, stream: Option<&StreamName>) -> Option<String> {
    let path = refused.breach.path.as_bstr();
    let hint = match (&refused.breach.why, &refused.owner) {
        (Why::OutOfScope, Owner::Held { stream, agent }) => format!(
            "Leave the paths of '{stream}' to {agent}; what they are doing is in \
             `git stream status {stream}`."
        ),
        (Why::OutOfScope, Owner::Planned { stream }) => format!(
            "Change the paths of '{stream}' in its own worktree, with `git stream exec {stream}`."
        ),
        (Why::OutOfScope, Owner::Nobody) => {
            let (stream, pattern) = (stream?, pattern(path));
            format!("Take what nobody owns with `git stream claim {stream} --add={pattern}`.")
        }
        (Why::Shared | Why::Plan, _) => {
            "Leave the plan and shared files to a person, in the main checkout, which \
             `git worktree list` names first."
                .to_owned()
        }
        (Why::BadPath(_), _) => "Give it another name with `git mv`.".to_owned(),
        (Why::CaseCollision { .. }, _) => format!(
            "Give the new path a name that differs in more, with `git mv {} NAME`.",
            quoted(path)
        ),
        (Why::SymlinkOut { .. }, _) => {
            "Let the symlink lead to a path of the stream; only a person can allow others, by \
             `symlinks-out` in the plan's `[policy]`, which `git stream plan` checks."
                .to_owned()
        }
        (Why::Gitlink, _) => "Add the files themselves; only a person can allow submodules, by \
             `gitlinks` in the plan's `[policy]`, which `git stream plan` checks."
            .to_owned(),
        (Why::Unmerged, _) => {
            format!(
                "Resolve the conflict, then stage it with `git add {}`.",
                quoted(path)
            )
        }
    };
    Some(hint)
}

/// How to go on without what is refused.
fn onwards(verdict: &Verdict) -> Option<String> {
    match verdict.what {
        What::Staged => Some(
            "Take what is refused out of the commit with `git stream guard unstage`; the files \
             keep their content."
                .to_owned(),
        ),
        What::Commit => Some(
            "Commit the stream's own paths only, by naming them, as in `git commit -- PATH`."
                .to_owned(),
        ),
        What::Range { base } => Some(format!(
            "Take it out of the commits with `git rebase -i {}`.",
            base.to_hex_with_len(9)
        )),
        What::Brought { .. } => Some(
            "See with `git status` what the command had changed in the index and the files before \
             it was refused."
                .to_owned(),
        ),
        What::Outsider { .. } | What::Paths => None,
    }
}

/// What to do where it is not known who holds what.
pub(super) fn unknown(what: What) -> Option<String> {
    matches!(what, What::Outsider { ledger: false, .. }).then(|| {
        "Fetch it, if the server has one, with \
         `git fetch origin refs/stream/ledger:refs/stream/ledger`."
            .to_owned()
    })
}

/// The command that gives this verdict.
fn asked(verdict: &Verdict) -> String {
    let question = match verdict.what {
        What::Staged | What::Commit => "staged".to_owned(),
        What::Range { base } => format!("range {}..HEAD", base.to_hex_with_len(9)),
        What::Outsider { base, .. } => {
            format!("range {}..HEAD --outsider", base.to_hex_with_len(9))
        }
        What::Brought { base } => {
            let newest = verdict.commits().next().unwrap_or(base);
            let (base, newest) = (base.to_hex_with_len(9), newest.to_hex_with_len(9));
            format!("range {base}..{newest}")
        }
        What::Paths => "paths PATH".to_owned(),
    };
    match (&verdict.stream, verdict.what) {
        (Some(stream), What::Range { .. } | What::Brought { .. } | What::Paths) => {
            format!("git stream guard {question} --stream {stream}")
        }
        _ => format!("git stream guard {question}"),
    }
}

/// A pattern that matches a path alone, quoted for a shell.
pub fn pattern(path: &BStr) -> String {
    let mut pattern = String::new();
    for c in path.to_str_lossy().chars() {
        match c {
            // Patterns are one line of text; `?` stands for the byte that text cannot hold.
            char::REPLACEMENT_CHARACTER => pattern.push('?'),
            c if c.is_control() => pattern.push('?'),
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => pattern.extend(['\\', c]),
            '!' if pattern.is_empty() => pattern.push_str("\\!"),
            c => pattern.push(c),
        }
    }
    word::in_quotes(pattern.as_bytes())
}

/// A path as a word of a shell command.
fn quoted(path: &BStr) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@+,".contains(&byte);
    if path.bytes().all(plain) && !path.starts_with(b"-") {
        return path.to_string();
    }
    word::in_quotes(path)
}

#[cfg(test)]
mod tests {
    use super::{pattern, quoted};
    use crate::pattern::{Matcher, PatternSet};

    #[test]
    fn a_suggested_pattern_matches_its_path_and_no_other() {
        for path in [
            "docs/a.md",
            "app/[id].tsx",
            "a*b",
            "!x",
            "it's",
            "{a,b}",
            "a\\b",
        ] {
            let quoted = pattern(path.into());
            let text = quoted[1..quoted.len() - 1].replace("'\\''", "'");
            let matcher = Matcher::of_set(&PatternSet::parse([&text]).unwrap());
            assert!(matcher.is_match(path.into()), "{path}: {text}");
            assert!(!matcher.is_match("a".into()) && !matcher.is_match("aXb".into()));
        }
    }

    #[test]
    fn a_path_is_one_word_of_a_command() {
        assert_eq!(quoted("src/a.rs".into()), "src/a.rs");
        assert_eq!(quoted("a b's".into()), "'a b'\\''s'");
        assert_eq!(quoted("-a".into()), "'-a'");
        assert_eq!(quoted(b"a\x1b\xff"[..].into()), "$'a\\033\\377'");
        assert_eq!(pattern("a\u{1b}b\n".into()), "'a?b?'");
    }
}
