//! Which components would some file system take for `.git`?
//!
//! Two small machines that read a component byte by byte, so that a path can be checked and the
//! set of all storable paths can be searched with the same code. They follow git 2.47, as its
//! `fsck` asks: `Ntfs` is `is_ntfs_dotgit` in `path.c`, also after each backslash; `Hfs` is
//! `is_hfs_dotgit` with `next_hfs_char` and `pick_one_utf8_char` in `utf8.c`, which also takes
//! `.git` followed by malformed UTF-8 for `.git`. (`git add` overlooks only a backslash at the very
//! beginning of a component.) Every plain spelling of `.git` is among what `Ntfs` finds.

/// Whether git refuses to store this component on any of its platforms.
pub(super) fn is_dotgit(component: &[u8]) -> bool {
    let hfs = component
        .iter()
        .fold(Hfs::START, |machine, byte| machine.step(*byte));
    let ntfs = component
        .iter()
        .fold(Ntfs::Start, |machine, byte| machine.step(*byte));
    hfs.ends_as_dotgit() || ntfs.ends_as_dotgit()
}

const DOT_GIT: [u8; 4] = *b".git";
const SHORT_NAME: [u8; 5] = *b"git~1";

/// NTFS: `.git` and its short name `git~1`, any dots and blanks after it, or a stream (`:…`).
///
/// A backslash begins a component there; git minds that on every platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Ntfs {
    Start,
    /// So many bytes of `.git`.
    Dot(usize),
    /// So many bytes of `git~1`.
    Short(usize),
    /// All of one of them, and dots and blanks.
    Tail,
    DotGit,
    Other,
}

impl Ntfs {
    pub(super) fn step(self, byte: u8) -> Ntfs {
        let byte = byte.to_ascii_lowercase();
        match self {
            Ntfs::Start if byte == DOT_GIT[0] => Ntfs::Dot(1),
            Ntfs::Start if byte == SHORT_NAME[0] => Ntfs::Short(1),
            Ntfs::Dot(3) if byte == DOT_GIT[3] => Ntfs::Tail,
            Ntfs::Short(4) if byte == SHORT_NAME[4] => Ntfs::Tail,
            Ntfs::Dot(read) if byte == DOT_GIT[read] => Ntfs::Dot(read + 1),
            Ntfs::Short(read) if byte == SHORT_NAME[read] => Ntfs::Short(read + 1),
            Ntfs::Tail if byte == b'.' || byte == b' ' => Ntfs::Tail,
            Ntfs::Tail if byte == b':' || byte == b'\\' => Ntfs::DotGit,
            Ntfs::DotGit => Ntfs::DotGit,
            _ if byte == b'\\' => Ntfs::Start,
            Ntfs::Start | Ntfs::Dot(_) | Ntfs::Short(_) | Ntfs::Tail | Ntfs::Other => Ntfs::Other,
        }
    }

    pub(super) fn ends_as_dotgit(self) -> bool {
        matches!(self, Ntfs::Tail | Ntfs::DotGit)
    }
}

/// HFS+: `.git` in any case, with code points in between that it ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Hfs {
    /// So many bytes of `.git`, and where it is inside a character.
    Reading(usize, Option<Partial>),
    DotGit,
    Other,
}

impl Hfs {
    pub(super) const START: Hfs = Hfs::Reading(0, None);

    pub(super) fn step(self, byte: u8) -> Hfs {
        let (read, partial) = match self {
            Hfs::Reading(read, partial) => (read, partial),
            Hfs::DotGit | Hfs::Other => return self,
        };
        let decoded = match partial {
            None if byte.is_ascii() => Decoded::Character,
            None => Partial::begin(byte),
            Some(partial) => partial.step(byte),
        };
        match decoded {
            Decoded::More(partial) => Hfs::Reading(read, Some(partial)),
            Decoded::Ignored => Hfs::Reading(read, None),
            Decoded::Malformed if read == DOT_GIT.len() => Hfs::DotGit,
            Decoded::Character
                if DOT_GIT
                    .get(read)
                    .is_some_and(|next| byte.to_ascii_lowercase() == *next) =>
            {
                Hfs::Reading(read + 1, None)
            }
            Decoded::Character | Decoded::Malformed => Hfs::Other,
        }
    }

    pub(super) fn ends_as_dotgit(self) -> bool {
        match self {
            Hfs::Reading(read, _) => read == DOT_GIT.len(),
            Hfs::DotGit => true,
            Hfs::Other => false,
        }
    }
}

/// What the latest byte completes.
enum Decoded {
    More(Partial),
    Character,
    Ignored,
    Malformed,
}

/// The beginning of a UTF-8 sequence, told apart only as far as its meaning depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Partial {
    /// Two bytes that ignored characters begin with, or that U+FFFE does; or the first of them.
    E2,
    E280,
    E281,
    Ef,
    EfBb,
    EfBf,
    /// Any other: the next byte lies between these, then come so many more.
    Plain(u8, u8, u8),
}

impl Partial {
    fn begin(byte: u8) -> Decoded {
        Decoded::More(match byte {
            0xc2..=0xdf => Partial::Plain(0x80, 0xbf, 0),
            0xe0 => Partial::Plain(0xa0, 0xbf, 1),
            0xe2 => Partial::E2,
            0xed => Partial::Plain(0x80, 0x9f, 1),
            0xef => Partial::Ef,
            0xe1..=0xee => Partial::Plain(0x80, 0xbf, 1),
            0xf0 => Partial::Plain(0x90, 0xbf, 2),
            0xf1..=0xf3 => Partial::Plain(0x80, 0xbf, 2),
            0xf4 => Partial::Plain(0x80, 0x8f, 2),
            _ => return Decoded::Malformed,
        })
    }

    fn step(self, byte: u8) -> Decoded {
        let (lowest, highest, more) = match (self, byte) {
            (Partial::E2, 0x80) => return Decoded::More(Partial::E280),
            (Partial::E2, 0x81) => return Decoded::More(Partial::E281),
            (Partial::Ef, 0xbb) => return Decoded::More(Partial::EfBb),
            (Partial::Ef, 0xbf) => return Decoded::More(Partial::EfBf),
            // U+200C to U+200F, U+202A to U+202E, U+206A to U+206F, U+FEFF.
            (Partial::E280, 0x8c..=0x8f | 0xaa..=0xae)
            | (Partial::E281, 0xaa..=0xaf)
            | (Partial::EfBb, 0xbf) => return Decoded::Ignored,
            // U+FFFE and U+FFFF.
            (Partial::EfBf, 0xbe | 0xbf) => return Decoded::Malformed,
            (Partial::E2 | Partial::Ef, _) => (0x80, 0xbf, 1),
            (Partial::E280 | Partial::E281 | Partial::EfBb | Partial::EfBf, _) => (0x80, 0xbf, 0),
            (Partial::Plain(lowest, highest, more), _) => (lowest, highest, more),
        };
        if !(lowest..=highest).contains(&byte) {
            Decoded::Malformed
        } else if more == 0 {
            // None of them is a byte of `.git`.
            Decoded::Character
        } else {
            Decoded::More(Partial::Plain(0x80, 0xbf, more - 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_dotgit;

    #[test]
    fn every_spelling_that_some_file_system_takes_for_git() {
        let spellings: [&[u8]; 17] = [
            b".git",
            b".GiT",
            b"git~1",
            b"GIT~1",
            b".git ",
            b".git. .",
            b"git~1...",
            b".git::$INDEX_ALLOCATION",
            b".git .:x",
            b".git\\config",
            b"a\\b\\.git",
            ".g\u{200c}it".as_bytes(),
            "\u{feff}.git".as_bytes(),
            ".git\u{206f}\u{202a}".as_bytes(),
            b".git\xff",
            b".git\xe2\x80",
            b".git\xef\xbf\xbe.txt",
        ];
        for spelling in spellings {
            assert!(is_dotgit(spelling), "{}", spelling.escape_ascii());
        }
    }

    #[test]
    fn names_that_are_merely_similar() {
        let names: [&[u8]; 15] = [
            b"",
            b".",
            b".gi",
            b".gitignore",
            b".git.x",
            b"git",
            b"git~2",
            b"git~1x",
            b"x.git",
            b"a\\b.git",
            ".gité".as_bytes(),
            ".git\u{200c}x".as_bytes(),
            ".git\u{2010}".as_bytes(),
            b".gi\xfft",
            "\u{1f600}.git".as_bytes(),
        ];
        for name in names {
            assert!(!is_dotgit(name), "{}", name.escape_ascii());
        }
    }
}
