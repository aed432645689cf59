//! Which paths can git store?
//!
//! One machine that reads a path byte by byte: a path is checked by running it, and the search for
//! a common path walks it beside the patterns. So a witness is always a path that git takes.
//!
//! The rules are those of `verify_path` in git's `read-cache.c`, with the protection for HFS+ and
//! NTFS on everywhere: a path that only some machines can check out belongs to nobody.

use bstr::BStr;

use super::dotgit::{Hfs, Ntfs};

/// Why git cannot or must not store a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PathProblem {
    /// An empty path, a `/` at one of its ends, or `//`.
    #[error("it has an empty component")]
    EmptyComponent,
    /// A component that names its own directory.
    #[error("it has the component '.'")]
    Dot,
    /// A component that climbs.
    #[error("it has the component '..'")]
    DotDot,
    /// A component that some file system takes for `.git`.
    #[error("it has a component that some file systems take for '.git'")]
    DotGit,
    /// A NUL byte.
    #[error("it contains a NUL byte")]
    Nul,
}

/// Why git cannot or must not store this path; such a path never matches anything.
pub fn path_problem(path: &BStr) -> Option<PathProblem> {
    path.iter()
        .fold(Reader::START, |reader, byte| reader.step(*byte))
        .problem_at_end()
}

/// What has been read of a path, as far as the rest depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reader {
    Component(Component),
    Refused(PathProblem),
}

impl Reader {
    pub(super) const START: Reader = Reader::Component(Component::START);

    pub(super) fn step(self, byte: u8) -> Reader {
        match (self, byte) {
            (Reader::Refused(_), _) => self,
            (Reader::Component(_), 0) => Reader::Refused(PathProblem::Nul),
            (Reader::Component(component), b'/') => match component.problem_at_end() {
                Some(problem) => Reader::Refused(problem),
                None => Reader::START,
            },
            (Reader::Component(component), _) => Reader::Component(component.step(byte)),
        }
    }

    /// What is wrong if the path ends here.
    pub(super) fn problem_at_end(self) -> Option<PathProblem> {
        match self {
            Reader::Component(component) => component.problem_at_end(),
            Reader::Refused(problem) => Some(problem),
        }
    }
}

/// What has been read of one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Component {
    beginning: Beginning,
    hfs: Hfs,
    ntfs: Ntfs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Beginning {
    Empty,
    Dot,
    DotDot,
    Other,
}

impl Component {
    const START: Component = Component {
        beginning: Beginning::Empty,
        hfs: Hfs::START,
        ntfs: Ntfs::Start,
    };
    const ORDINARY: Component = Component {
        beginning: Beginning::Other,
        hfs: Hfs::Other,
        ntfs: Ntfs::Other,
    };

    fn step(self, byte: u8) -> Component {
        // A backslash begins a component on NTFS.
        if self == Component::ORDINARY && byte != b'\\' {
            return self;
        }
        let beginning = match (self.beginning, byte) {
            (Beginning::Empty, b'.') => Beginning::Dot,
            (Beginning::Dot, b'.') => Beginning::DotDot,
            (Beginning::Empty | Beginning::Dot | Beginning::DotDot | Beginning::Other, _) => {
                Beginning::Other
            }
        };
        Component {
            beginning,
            hfs: self.hfs.step(byte),
            ntfs: self.ntfs.step(byte),
        }
    }

    fn problem_at_end(self) -> Option<PathProblem> {
        match self.beginning {
            Beginning::Empty => Some(PathProblem::EmptyComponent),
            Beginning::Dot => Some(PathProblem::Dot),
            Beginning::DotDot => Some(PathProblem::DotDot),
            Beginning::Other if self.hfs.ends_as_dotgit() || self.ntfs.ends_as_dotgit() => {
                Some(PathProblem::DotGit)
            }
            Beginning::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;

    use super::{PathProblem, path_problem};

    #[test]
    fn paths_that_git_cannot_store() {
        let problem = |path: &[u8]| path_problem(path.as_bstr());
        for path in [&b""[..], b"/", b"/a", b"a/", b"a//b"] {
            assert_eq!(
                problem(path),
                Some(PathProblem::EmptyComponent),
                "{}",
                path.as_bstr()
            );
        }
        assert_eq!(problem(b"./a"), Some(PathProblem::Dot));
        assert_eq!(problem(b"a/."), Some(PathProblem::Dot));
        assert_eq!(problem(b"a/../b"), Some(PathProblem::DotDot));
        assert_eq!(problem(b".GIT/config"), Some(PathProblem::DotGit));
        assert_eq!(problem(b"a/git~1"), Some(PathProblem::DotGit));
        assert_eq!(problem(b"a\0b"), Some(PathProblem::Nul));
    }

    #[test]
    fn paths_that_git_can_store() {
        for path in [
            &b"a"[..],
            b".a/..b/...",
            b".gitignore",
            b"a\nb/\xff \"",
            b"-a",
            b"a\\b",
            b"con",
        ] {
            assert_eq!(path_problem(path.as_bstr()), None, "{}", path.as_bstr());
        }
    }
}
