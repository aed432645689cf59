//! How is what was seen written down?
//!
//! Each row is made from what was found. A run of a part compares its rows with the committed
//! page; a run of the whole compares the page, or writes it.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::perform::{Landing, Seen, Server};
use super::way::{GIT, Way};

const PAGE: &str = "docs/bypasses.md";
/// The git with which the page is made. Other versions start other hooks.
const SEEN_WITH: [u32; 2] = [2, 47];

const OPENING: &str = "\
# Every way round that was tried

Each of these is really performed by a test, in the worktree of a stream that an agent holds, twice:
in a repository without any guard, and in one that git stream guards. What gets past is performed
once more where `git stream init --strict` has set it up. What stopped it was found out afterwards: from what git writes down about its hooks, from the ledger, from a push, and from
landing's check, `git stream guard range BASE..TIP --stream NAME`, asked in a clean clone with the
commit of the base that the server has. Whether a history brings something that is not the stream's
is told by git alone, from the trees of its commits.

| column | says |
|---|---|
| before | the hook that refused, so that nothing came into the branch's history |
| after | the detector that told, and marked the stream in the ledger; or `verify`, where none did and `git stream verify` finds it (or fails, because it cannot read something); or — where nothing in this repository knows |
| strict | the hook that refused with [the strict layer](guard.md#the-strict-layer), where nothing else had |
| push | the hook that refused to push the branch from the worktree |
| server | what [`git stream receive`](server.md) says to a push that passed by every hook here |
| landing | the verdict, with the reason for which a path is refused; \"no verdict\" is a refusal, too: the history as a whole cannot be judged |

A way that comes to nothing is one that git itself does not let through, or that does something else
than one might hope: its row says so, and landing accepts the branch.

`GIT_STREAM_BYPASS=1 cargo test --test suite bypass` performs all of them; without the variable it is a
sample. `tests/bypass/mutate` disables one layer after the other and asks which rows depend on it.

";

/// What became of one way.
pub(super) struct Row {
    pub(super) way: Way,
    pub(super) lacking: Option<String>,
    pub(super) unguarded: Option<Seen>,
    pub(super) guarded: Option<Seen>,
    /// Only where the guard had let it into the history.
    pub(super) strict: Option<Seen>,
}

impl Row {
    pub(super) fn not_tried(way: &Way, lacking: String) -> Row {
        Row {
            way: way.clone(),
            lacking: Some(lacking),
            unguarded: None,
            guarded: None,
            strict: None,
        }
    }

    /// What must never be: landing accepts a breach, or refuses a history without one.
    pub(super) fn wrong(&self) -> Option<String> {
        let performed = [
            ("unguarded", &self.unguarded),
            ("guarded", &self.guarded),
            ("strict", &self.strict),
        ];
        let wrong: Vec<String> = performed
            .into_iter()
            .filter_map(|(setting, seen)| {
                let seen = seen.as_ref()?;
                let server = seen.asked.as_ref().map(|asked| asked.server);
                let what = match (&seen.breach, &seen.landing, server) {
                    (Some(breach), Landing::Accepted, _) => format!("landing ACCEPTS {breach}"),
                    (Some(breach), _, Some(Server::Accepted)) => {
                        format!("the server ACCEPTS {breach}")
                    }
                    (None, Landing::Refused(why), _) => format!("landing refuses nothing: {why:?}"),
                    (None, Landing::Accepted, Some(Server::Refused)) => {
                        "the server refuses nothing".to_owned()
                    }
                    (None, Landing::Accepted | Landing::NotFetched | Landing::NoBranch, _)
                    | (Some(_), Landing::Refused(_) | Landing::NotFetched | Landing::NoBranch, _) =>
                    {
                        return None;
                    }
                };
                Some(format!(
                    "{} ({setting}): {what}\n{}",
                    self.way.name, seen.said
                ))
            })
            .collect();
        (!wrong.is_empty()).then(|| wrong.join("\n"))
    }

    fn line(&self) -> String {
        let Way { name, sentence, .. } = &self.way;
        let [before, after, strict, push, server, landing] = match (&self.unguarded, &self.guarded)
        {
            (Some(unguarded), Some(guarded)) => cells(unguarded, guarded, self.strict.as_ref()),
            _ => {
                let lacking = self.lacking.as_deref().unwrap_or_default();
                let said = format!("not tried: needs {lacking}");
                let none = String::new;
                [said, none(), none(), none(), none(), none()]
            }
        };
        let way = format!("**{name}**: {sentence}").replace('|', "\\|");
        format!("| {way} | {before} | {after} | {strict} | {push} | {server} | {landing} |\n")
    }
}

fn cells(unguarded: &Seen, guarded: &Seen, strict: Option<&Seen>) -> [String; 6] {
    let none = String::new;
    if guarded.is_clean() {
        let before = match (unguarded.is_clean(), guarded.hooks.refused.as_slice()) {
            (_, [_, ..]) => code(&guarded.hooks.refused),
            (true, []) => "nothing comes of it".to_owned(),
            (false, []) => "refused by our programs".to_owned(),
        };
        let landing = match guarded.landing {
            Landing::NoBranch => "no branch",
            Landing::Accepted | Landing::Refused(_) | Landing::NotFetched => "accepts",
        };
        return [
            before,
            none(),
            none(),
            none(),
            server(guarded),
            landing.to_owned(),
        ];
    }
    let asked = guarded.asked.as_ref().expect("there is a guard");
    let after = match guarded.hooks.told.as_slice() {
        [] => match asked.verify {
            0 => "—".to_owned(),
            1 => "`verify`".to_owned(),
            _ => "`verify` fails".to_owned(),
        },
        told => code(told),
    };
    let strict = match strict {
        Some(strict) if !strict.is_clean() => "—".to_owned(),
        Some(strict) if strict.hooks.refused.is_empty() => "refused by our programs".to_owned(),
        Some(strict) => code(&strict.hooks.refused),
        None => String::new(),
    };
    let push = match asked.push.as_slice() {
        [] => "—".to_owned(),
        refused => code(refused),
    };
    let landing = match &guarded.landing {
        Landing::Accepted => "ACCEPTS".to_owned(),
        Landing::NotFetched => "cannot be fetched".to_owned(),
        Landing::NoBranch => "no branch".to_owned(),
        Landing::Refused(why) if why.is_empty() => "refuses: no verdict".to_owned(),
        Landing::Refused(why) => format!("refuses: {}", why.join(", ")),
    };
    [none(), after, strict, push, server(guarded), landing]
}

/// What the server said.
fn server(seen: &Seen) -> String {
    let said = seen.asked.as_ref().map(|asked| asked.server);
    let word = match said {
        Some(Server::Accepted) => "accepts",
        Some(Server::Refused) => "refuses",
        Some(Server::NotPushed) | None => "cannot be pushed",
    };
    word.to_owned()
}

impl Seen {
    /// Whether nothing came into the history.
    pub(super) fn is_clean(&self) -> bool {
        self.breach.is_none() && !matches!(self.landing, Landing::NotFetched)
    }
}

fn code(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn page(rows: &[Row]) -> String {
    let mut page = OPENING.to_owned();
    let _never_fails = write!(page, "{}", counted(rows));
    let mut group = "";
    for row in rows {
        if group != row.way.group {
            group = &row.way.group;
            let _never_fails = write!(
                page,
                "\n## {group}\n\n| way | before | after | strict | push | server | landing |\n|---|---|---|---|---|---|---|\n"
            );
        }
        page.push_str(&row.line());
    }
    page
}

/// What all rows together say.
fn counted(rows: &[Row]) -> String {
    let count = |of: &dyn Fn(&Seen) -> bool| {
        let seen = rows.iter().filter_map(|row| row.guarded.as_ref());
        seen.filter(|seen| of(seen)).count()
    };
    let works = rows
        .iter()
        .filter(|row| row.unguarded.as_ref().is_some_and(|seen| !seen.is_clean()))
        .count();
    let past = count(&|seen| !seen.is_clean());
    let hooks = count(&|seen| seen.is_clean() && !seen.hooks.refused.is_empty());
    let told = count(&|seen| !seen.is_clean() && !seen.hooks.told.is_empty());
    let verify = count(&|seen| {
        let asked = seen.asked.as_ref().is_some_and(|asked| asked.verify == 1);
        !seen.is_clean() && seen.hooks.told.is_empty() && asked
    });
    let push = count(&|seen| {
        let asked = seen.asked.as_ref();
        !seen.is_clean() && asked.is_some_and(|asked| !asked.push.is_empty())
    });
    let strict = rows
        .iter()
        .filter(|row| row.strict.as_ref().is_some_and(Seen::is_clean));
    let strict = strict.count();
    let served = count(&|seen| {
        let asked = seen.asked.as_ref();
        seen.breach.is_some() && asked.is_some_and(|asked| asked.server == Server::Accepted)
    });
    let landed = count(&|seen| seen.breach.is_some() && matches!(seen.landing, Landing::Accepted));
    let [major, minor] = SEEN_WITH;
    format!(
        "Of {} ways, seen with git {major}.{minor}, {works} do harm where there is no guard. A hook \
         refused {hooks}. {past} came\ninto the branch's history: of these a detector told {told}, \
         `git stream verify` finds {verify} more, and\n`pre-push` refused {push}. The strict layer stops {strict} of them. The server accepted {served}, \
         landing {landed}.\n",
        rows.len()
    )
}

/// Compares what was seen with the committed page, or writes it. Whatever differs is also printed
/// as `red: NAME`, for `mutate`.
pub(super) fn hold(rows: &[Row], whole: bool) {
    let wrong: Vec<String> = rows.iter().filter_map(Row::wrong).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let tried = || rows.iter().filter(|row| row.lacking.is_none());
    let is_changed = |row: &&Row| !committed.contains(row.line().as_str());
    for row in tried().filter(|row| row.wrong().is_some() || is_changed(row)) {
        println!("red: {}", row.way.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    if GIT.as_slice() != SEEN_WITH {
        println!("!!!!  SKIPPED: {PAGE} is not compared: it is made with another git  !!!!");
        return;
    }
    let whole = whole && tried().count() == rows.len();
    if whole && env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, page(rows)).unwrap();
        return;
    }
    let changed: Vec<String> = tried().filter(is_changed).map(Row::line).collect();
    let advice = "run `UPDATE_PAGES=1 cargo test --test suite bypass`";
    assert!(
        changed.is_empty(),
        "{PAGE} is out of date; {advice}:\n{}",
        changed.concat()
    );
    assert!(
        !whole || committed == page(rows),
        "{PAGE} is out of date; {advice}"
    );
}
