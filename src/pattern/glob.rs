//! What does one pattern say?
//!
//! The text is checked once and translated by globset, with `literal_separator` and nothing else
//! changed, into the regular expression that everything else runs. Beside it stand three facts
//! read off the text, which are necessary for a match: how a path must begin, how it must end, and
//! whether that is all there is to know. They save most regular expressions from ever being
//! compiled; `tests.rs` holds them against globset.

use globset::GlobBuilder;

use super::dotgit::is_dotgit;
use super::error::{DEEPEST_BRACES, Error, LONGEST_PATTERN};

/// One pattern as written. `!` excludes. `dir/` means everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    text: String,
    regex: String,
    prefix: String,
    suffix: String,
    shape: Shape,
}

/// How much of a pattern its literal prefix and suffix tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Shape {
    /// The prefix is the one path that matches.
    Exact,
    /// Whatever begins with the prefix matches.
    Below,
    /// A match begins with the prefix and ends with the suffix; the regular expression decides.
    Regex,
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Pattern, Error> {
        check_text(text)?;
        let mut glob = text.strip_prefix('!').unwrap_or(text).to_owned();
        if glob.ends_with('/') {
            glob.push_str("**");
        }
        let invalid = |error: globset::Error| Error::Invalid {
            pattern: text.to_owned(),
            reason: error.kind().to_string(),
        };
        let regex = GlobBuilder::new(&glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(invalid)?
            .regex()
            .to_owned();
        let (prefix, suffix, shape) = literals(&glob);
        Ok(Pattern {
            text: text.to_owned(),
            regex,
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            shape,
        })
    }

    /// The pattern as written, with its `!`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it takes away what the includes of its set match.
    pub fn is_exclude(&self) -> bool {
        self.text.starts_with('!')
    }

    /// The one path that it matches, if it is free of wildcards.
    pub fn literal(&self) -> Option<&str> {
        match self.shape {
            Shape::Exact => Some(&self.prefix),
            Shape::Below | Shape::Regex => None,
        }
    }

    /// What it matches, as globset puts it; to be run on bytes.
    pub(super) fn regex(&self) -> &str {
        &self.regex
    }

    /// How every path that it matches begins.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How every path that it matches ends.
    pub(super) fn suffix(&self) -> &str {
        &self.suffix
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }
}

/// Everything that globset would let pass and that could not mean what its author thinks.
fn check_text(text: &str) -> Result<(), Error> {
    let pattern = || text.to_owned();
    let glob = text.strip_prefix('!').unwrap_or(text);
    if text.len() > LONGEST_PATTERN {
        return Err(Error::TooLong {
            beginning: text.chars().take(40).collect(),
            length: text.len(),
        });
    }
    if glob.is_empty() {
        return Err(Error::Blank { pattern: pattern() });
    }
    if glob.starts_with('!') {
        return Err(Error::ExcludedTwice { pattern: pattern() });
    }
    if glob.contains(['\0', '\n', '\r']) {
        return Err(Error::ControlCharacter { pattern: pattern() });
    }
    if glob.starts_with('/') {
        return Err(Error::Absolute { pattern: pattern() });
    }
    if braces(glob) > DEEPEST_BRACES {
        return Err(Error::TooDeep { pattern: pattern() });
    }
    let components = glob.strip_suffix('/').unwrap_or(glob);
    components
        .split('/')
        .try_for_each(|component| check_component(text, component))
}

fn check_component(text: &str, component: &str) -> Result<(), Error> {
    let pattern = text.to_owned();
    match component {
        "" => Err(Error::DoubleSlash { pattern }),
        "." => Err(Error::Dot { pattern }),
        ".." => Err(Error::Climbs { pattern }),
        _ if is_dotgit(component.as_bytes()) => Err(Error::DotGit {
            pattern,
            component: component.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// How deep braces are nested at most; escaped ones and those in a class count too.
fn braces(glob: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in glob.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// How every match begins and ends, and whether that decides.
fn literals(glob: &str) -> (&str, &str, Shape) {
    let Some(first) = glob.find(['*', '?', '[', '{', '\\']) else {
        return (glob, glob, Shape::Exact);
    };
    let (prefix, rest) = glob.split_at(first);
    if rest == "**" && (prefix.is_empty() || prefix.ends_with('/')) {
        return (prefix, "", Shape::Below);
    }
    let last = rest
        .rfind(['*', '?', '[', ']', '{', '}', '\\', ','])
        .unwrap_or(0);
    let suffix = &rest[last + 1..];
    // The slash of `**/` may match nothing.
    let suffix = suffix.strip_prefix('/').unwrap_or(suffix);
    (prefix, suffix, Shape::Regex)
}

#[cfg(test)]
mod tests {
    use super::{Error, Pattern, Shape, literals};

    #[test]
    fn a_pattern_keeps_the_text_as_written() {
        let pattern = Pattern::parse("!src/").unwrap();
        assert!(pattern.is_exclude());
        assert_eq!(pattern.text(), "!src/");
        assert_eq!(pattern.prefix(), "src/");
        assert!(!Pattern::parse("src/*.rs").unwrap().is_exclude());
    }

    #[test]
    fn only_a_pattern_without_wildcards_is_a_literal() {
        assert_eq!(
            Pattern::parse("src/a,b].rs").unwrap().literal(),
            Some("src/a,b].rs")
        );
        for wild in ["src/", "*.rs", "a?", "[a]", "{a,b}", "\\a"] {
            assert_eq!(Pattern::parse(wild).unwrap().literal(), None, "{wild}");
        }
    }

    #[test]
    fn the_literal_ends_of_a_pattern_are_read_off_its_text() {
        assert_eq!(literals("src/**"), ("src/", "", Shape::Below));
        assert_eq!(literals("**"), ("", "", Shape::Below));
        assert_eq!(literals("a**"), ("a", "", Shape::Regex));
        assert_eq!(literals("src/**/*.rs"), ("src/", ".rs", Shape::Regex));
        assert_eq!(literals("**/Cargo.toml"), ("", "Cargo.toml", Shape::Regex));
        assert_eq!(literals("a{b,c/d}e"), ("a", "e", Shape::Regex));
        assert_eq!(literals("a\\*b"), ("a", "b", Shape::Regex));
    }

    #[test]
    fn what_cannot_mean_what_its_author_thinks_is_an_error() {
        let kind = |text: &str| match Pattern::parse(text).unwrap_err() {
            Error::Blank { .. } => "blank",
            Error::ExcludedTwice { .. } => "excluded twice",
            Error::TooLong { .. } => "too long",
            Error::ControlCharacter { .. } => "control",
            Error::Absolute { .. } => "absolute",
            Error::Climbs { .. } => "climbs",
            Error::Dot { .. } => "dot",
            Error::DoubleSlash { .. } => "double slash",
            Error::DotGit { .. } => ".git",
            Error::Invalid { .. } => "invalid",
            Error::TooDeep { .. } => "too deep",
            Error::Empty | Error::TooMany { .. } => unreachable!("one pattern is not a set"),
        };
        assert_eq!(kind(""), "blank");
        assert_eq!(kind("!"), "blank");
        assert_eq!(kind("!!a"), "excluded twice");
        assert_eq!(kind(&"a".repeat(4097)), "too long");
        assert_eq!(kind("a\0"), "control");
        assert_eq!(kind("a\nb"), "control");
        assert_eq!(kind("/src"), "absolute");
        assert_eq!(kind("!/src"), "absolute");
        assert_eq!(kind("../src"), "climbs");
        assert_eq!(kind("src/.."), "climbs");
        assert_eq!(kind("./src"), "dot");
        assert_eq!(kind("."), "dot");
        assert_eq!(kind("src//"), "double slash");
        assert_eq!(kind("src//a"), "double slash");
        assert_eq!(kind(".git/config"), ".git");
        assert_eq!(kind("src/.GIT/"), ".git");
        assert_eq!(kind("git~1/x"), ".git");
        assert_eq!(kind("[a"), "invalid");
        assert_eq!(kind("a{b"), "invalid");
        assert_eq!(kind("src\\"), "invalid");
        assert_eq!(kind(&"{".repeat(17)), "too deep");
    }

    #[test]
    fn names_that_only_begin_like_git_are_ordinary() {
        for fine in [".gitignore", ".github/", ".git*", "a..b", "...", "git~10"] {
            assert!(Pattern::parse(fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn the_longest_and_the_deepest_pattern_still_compile() {
        assert!(Pattern::parse(&"a".repeat(4096)).is_ok());
        let deep = format!("{}a{}", "{".repeat(16), "}".repeat(16));
        let pattern = Pattern::parse(&deep).unwrap();
        assert!(super::super::matcher::PatternMatcher::new(&pattern).is_match(b"a"));
    }
}
