//! Do the man pages say what the programs say about themselves?

use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use git_stream::cli::dispatch::VERBS;
use git_stream::exit::Exit;

use super::{Page, hold, pages};
use crate::support::Sandbox;

const MANUAL: &str = "Git Stream Manual";
const SOURCE: &str = concat!("git stream ", env!("CARGO_PKG_VERSION"));

/// What each status promises, in the words of every page.
fn promise(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "Did it, or nothing was left to do.",
        Exit::Refused => "The answer is no until something changes.",
        Exit::Usage => "The command line is wrong.",
        Exit::Stopped => "A person must decide; a question is open in git-stream-inbox(1).",
        Exit::Busy => "The same command may succeed later.",
        Exit::Broken => "The repository, the machine or the remote is not usable.",
    }
}

fn text_of(page: &Page) -> String {
    let command = page.command.clone();
    let name = command.get_name().to_owned();
    // The first paragraph of the long text is the summary, which NAME has.
    let long = command.get_long_about().unwrap().to_string();
    let description = long
        .split_once("\n\n")
        .map_or(String::new(), |(_, rest)| rest.to_owned());
    let usage = command.clone().render_usage().to_string();
    let man = Man::new(command.long_about(description));
    let mut text = Vec::new();
    man.render_name_section(&mut text).unwrap();
    synopsis(&usage).to_writer(&mut text).unwrap();
    man.render_description_section(&mut text).unwrap();
    man.render_options_section(&mut text).unwrap();
    let mut roff = Roff::new();
    if name == "git-stream-plan" {
        plan_keys(&mut roff);
    }
    examples(&mut roff, page.examples);
    exit_status(&mut roff);
    see_also(&mut roff, &["git-stream"]);
    roff.to_writer(&mut text).unwrap();
    finished(&name, &text)
}

/// `Usage: git stream claim [OPTIONS] <NAME>`, as clap writes it.
fn synopsis(usage: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (at, line) in usage
        .trim_start_matches("Usage:")
        .trim()
        .lines()
        .enumerate()
    {
        if at > 0 {
            roff.control("br", []);
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, rest) = words.split_at(3);
        roff.text([bold(name.join(" ")), roman(format!(" {}", rest.join(" ")))]);
    }
    roff
}

/// The whole page: every part begins with the same two lines of definitions, once is enough.
fn finished(name: &str, parts: &[u8]) -> String {
    let parts = std::str::from_utf8(parts).unwrap();
    let (definitions, lines): (Vec<&str>, Vec<&str>) = parts
        .lines()
        .map(str::trim_end)
        .partition(|line| line.starts_with(".ie ") || line.starts_with(".el "));
    let all = definitions.iter().take(2).chain(&lines);
    let body: String = all.map(|line| format!("{line}\n")).collect();
    title(name) + &body
}

/// A page has no date: the same source gives the same page on every day.
fn title(name: &str) -> String {
    format!(".TH {name} 1 \"\" \"{SOURCE}\" \"{MANUAL}\"\n")
}

fn examples(roff: &mut Roff, examples: &[(&str, &str)]) {
    roff.control("SH", ["EXAMPLES"]);
    for (at, (sentence, command)) in examples.iter().enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*sentence)]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([roman(format!("$ {command}"))]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
}

fn exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        term(roff, &[bold(exit.code().to_string())], promise(exit));
    }
}

/// Every key of the plan, as the tables of `docs/plan.md` have them.
fn plan_keys(roff: &mut Roff) {
    let text = std::fs::read_to_string(super::top().join("docs/plan.md")).unwrap();
    roff.control("SH", ["THE PLAN"]);
    let of_keys = text.split("\n## ").skip(1).filter(|section| {
        let heading = section.lines().next().unwrap();
        heading == "Top level" || heading.starts_with("`[")
    });
    let mut rows = 0;
    for section in of_keys {
        let heading = section.lines().next().unwrap().replace('`', "");
        roff.control("SS", [heading.as_str()]);
        for line in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [key, default, meaning] = cells[..] else {
                panic!("{line}");
            };
            let default = match default {
                "—" => String::new(),
                "**required**" => " (required)".to_owned(),
                value => format!(" (default {})", value.replace('`', "")),
            };
            roff.control("TP", []);
            roff.text([bold(key.replace('`', "")), roman(default)]);
            roff.text(with_code(meaning));
            rows += 1;
        }
    }
    assert!(rows > 40, "only {rows} keys were found");
}

/// Markdown's `code` in bold.
fn with_code(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    let inlines = parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) });
    inlines.collect()
}

fn see_also(roff: &mut Roff, pages: &[&str]) {
    roff.control("SH", ["SEE ALSO"]);
    let mut line: Vec<Inline> = Vec::new();
    for page in pages.iter().chain(&["git-worktree"]) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(*page), roman("(1)")]);
    }
    roff.text(line);
}

fn term(roff: &mut Roff, term: &[Inline], text: &str) {
    roff.control("TP", []);
    roff.text(term.to_vec());
    roff.text([roman(text)]);
}

fn paragraph(roff: &mut Roff, text: &str) {
    for line in text.lines() {
        roff.text([roman(line.trim())]);
    }
}

/// The page of `git stream` itself.
fn overview() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    roff.text([roman(
        "git-stream - Let many agents work in one repository without colliding",
    )]);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([
        bold("git stream"),
        roman(" "),
        italic("VERB"),
        roman(" ["),
        italic("ARGUMENTS"),
        roman("]"),
    ]);
    roff.control("SH", ["DESCRIPTION"]);
    paragraph(
        &mut roff,
        "Many agents and people work on one repository at the same time. Each takes a stream: a
         branch stream/NAME, a worktree, and a set of file patterns that nobody else may touch
         while it is held.",
    );
    roff.control("PP", []);
    paragraph(
        &mut roff,
        "Two held streams never own a common path, not even one that does not exist yet. A commit
         outside the patterns of its stream is refused. Every decision is a commit on
         refs/stream/ledger: git log reads it.",
    );
    roff.control("PP", []);
    paragraph(
        &mut roff,
        "A verb is the program git-stream-VERB, looked for beside git-stream, then on PATH.",
    );
    for (group, verbs) in VERBS {
        let heading = format!("VERBS {group}").to_uppercase();
        roff.control("SH", [heading.as_str()]);
        for known in verbs {
            let page = format!("git-stream-{}", known.verb);
            term(&mut roff, &[bold(page), roman("(1)")], known.summary);
        }
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, text) in [
        ("GIT_STREAM_AGENT", "The name of the agent that calls."),
        ("GIT_STREAM", "Set by exec: the stream of this process."),
        (
            "GIT_STREAM_SLOT",
            "Set by exec: a small number of the stream's own, for ports.",
        ),
        (
            "GIT_STREAM_APPROVED",
            "The digest of the plan's commands that a person has approved.",
        ),
    ] {
        term(&mut roff, &[bold(name)], text);
    }
    roff.control("SH", ["FILES"]);
    for (name, text) in [
        (
            "streams.toml",
            "The plan: which streams there are, and what each of them owns.",
        ),
        (
            "refs/stream/ledger",
            "The state of all streams, and the log of what happened.",
        ),
        (
            ".git/git-stream/",
            "What this machine remembers: hooks, locks, approvals.",
        ),
        (
            ".git/git-stream.config",
            "Which worktrees the hooks are active in.",
        ),
    ] {
        term(&mut roff, &[italic(name)], text);
    }
    examples(
        &mut roff,
        &[
            ("Set a repository up:", "git stream init"),
            (
                "Let an agent work in a stream of its own:",
                "git stream exec api -- claude",
            ),
            ("See how far everybody is:", "git stream status"),
        ],
    );
    exit_status(&mut roff);
    let all: Vec<String> = pages()
        .iter()
        .map(|page| page.command.get_name().to_owned())
        .collect();
    see_also(
        &mut roff,
        &all.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let mut text = Vec::new();
    roff.to_writer(&mut text).unwrap();
    finished("git-stream", &text)
}

#[test]
fn every_page_is_what_the_program_says() {
    hold("docs/man/git-stream.1", &overview());
    for page in pages() {
        hold(
            &format!("docs/man/{}.1", page.command.get_name()),
            &text_of(&page),
        );
    }
}

#[test]
fn every_page_has_the_sections_that_readers_expect() {
    let sections = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "EXAMPLES",
        "EXIT STATUS",
        "SEE ALSO",
    ];
    for page in pages() {
        let text = text_of(&page);
        let mut at = 0;
        for section in sections {
            let quoted = format!(".SH \"{section}\"\n");
            let plain = format!(".SH {section}\n");
            let found = text[at..].find(&quoted).or_else(|| text[at..].find(&plain));
            let name = page.command.get_name();
            at += found.unwrap_or_else(|| panic!("{name} has no {section} there"));
        }
        assert!(!page.examples.is_empty());
    }
}

#[test]
fn every_example_is_a_command_line_that_is_understood() {
    for page in pages() {
        let verb = page.command.get_bin_name().unwrap().to_owned();
        for (sentence, example) in page.examples {
            assert!(sentence.ends_with([':', '?']), "{sentence}");
            let Some((_, rest)) = example.split_once(&verb) else {
                panic!("{example:?} does not show {verb}");
            };
            // What follows a pipe or closes a substitution is the shell's.
            let own = rest.split(['|', ')', ';', '>']).next().unwrap();
            let words: Vec<&str> = own.split_whitespace().collect();
            let words = words.iter().map(|word| word.trim_matches(['\'', '"']));
            let line = std::iter::once("git").chain(words);
            let parsed = page.command.clone().try_get_matches_from(line);
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }
}

/// Where `mandoc` is installed, it reads the pages without a complaint.
#[test]
fn the_pages_are_well_formed() {
    let sandbox = Sandbox::empty();
    let look = sandbox.program("sh", ["-c", "command -v mandoc"]);
    if look.status() != 0 {
        return;
    }
    let mut names = vec!["git-stream".to_owned()];
    names.extend(
        pages()
            .iter()
            .map(|page| page.command.get_name().to_owned()),
    );
    for name in names {
        let file = super::top().join(format!("docs/man/{name}.1"));
        let ran = sandbox
            .program(
                "mandoc",
                ["-T", "lint", "-W", "warning", file.to_str().unwrap()],
            )
            .go();
        let complaints: Vec<String> = ran
            .stdout()
            .lines()
            .filter(|line| !line.contains("missing date"))
            .map(str::to_owned)
            .collect();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
