//! Which valid pattern is probably a mistake?

use super::Pattern;
use super::error::{forward, looks_like_windows};

/// A sentence that says what the pattern matches and what may have been meant.
///
/// A pure guess from the text: the caller decides when to show it, for example when the tree has a
/// directory of the name that [`Pattern::literal`] gives, or when the pattern matches no file.
pub fn hint(pattern: &Pattern) -> Option<String> {
    let text = pattern.text();
    let (mark, glob) = match text.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", text),
    };
    if looks_like_windows(glob) {
        let fixed = forward(glob);
        return Some(format!(
            "`{text}` contains no '/', and '\\' only takes away the meaning of the character \
             after it; write `{mark}{fixed}` for a path."
        ));
    }
    if pattern.literal().is_some() {
        return Some(format!(
            "`{text}` matches only a file of exactly that name; write `{text}/` for everything \
             below a directory."
        ));
    }
    if !glob.contains('/') && glob != "**" {
        return Some(format!(
            "`{text}` matches at the top level only; write `{mark}**/{glob}` for all depths."
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Pattern, hint};

    fn of(text: &str) -> String {
        hint(&Pattern::parse(text).unwrap()).unwrap_or_default()
    }

    #[test]
    fn a_bare_name_may_have_been_meant_as_a_directory() {
        assert!(of("src").contains("write `src/` for"), "{}", of("src"));
        assert!(of("!src/api").contains("write `!src/api/` for"));
    }

    #[test]
    fn a_wildcard_without_a_slash_may_have_been_meant_for_all_depths() {
        assert!(
            of("*.snap").contains("write `**/*.snap` for"),
            "{}",
            of("*.snap")
        );
        assert!(of("!*.snap").contains("write `!**/*.snap` for"));
    }

    #[test]
    fn a_backslash_before_a_letter_may_have_been_meant_as_a_slash() {
        assert!(
            of("src\\api").contains("write `src/api` for"),
            "{}",
            of("src\\api")
        );
    }

    #[test]
    fn clear_patterns_get_no_hint() {
        for clear in [
            "src/",
            "src/**",
            "**",
            "**/*.snap",
            "src/*.rs",
            "pages/\\[id\\].tsx",
        ] {
            assert_eq!(of(clear), "", "{clear}");
        }
    }
}
