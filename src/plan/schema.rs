//! Which keys does `streams.toml` have?
//!
//! The one list. The reader takes the unknown keys and the examples of its hints from here, and a
//! test holds `docs/plan.md` to it.

/// A key, and a value that it takes: what a hint tells to write.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
}

/// A table: its place (`NAME` stands for any name) and its keys.
pub(super) struct Table {
    pub(super) place: &'static str,
    pub(super) keys: &'static [Key],
}

const fn key(name: &'static str, example: &'static str) -> Key {
    Key { name, example }
}

pub(super) const TOP: Table = Table {
    place: "",
    keys: &[
        key("version", "1"),
        key("base", r#""main""#),
        key("remote", r#""origin""#),
        key("ledger", r#""refs/stream/ledger""#),
        key("claim", "[claim]"),
        key("worktrees", "[worktrees]"),
        key("shared", "[shared]"),
        key("derived", "[derived]"),
        key("sync", "[sync]"),
        key("land", "[land]"),
        key("escalation", "[escalation]"),
        key("policy", "[policy]"),
        key("agents", "[agents.NAME]"),
        key("streams", "[streams.NAME]"),
        key("milestones", "[milestones.NAME]"),
    ],
};

pub(super) const CLAIM: Table = Table {
    place: "claim",
    keys: &[key("lease", r#""24h""#), key("widen", r#""free""#)],
};

pub(super) const WORKTREES: Table = Table {
    place: "worktrees",
    keys: &[
        key("path", r#""../{repo}.streams/{stream}""#),
        key("copy", r#"[".env"]"#),
        key("setup", r#""npm ci""#),
        key("sparse", "false"),
    ],
};

pub(super) const SHARED: Table = Table {
    place: "shared",
    keys: &[
        key("files", r#"["package.json"]"#),
        key("create", r#"["tests/fixtures/**"]"#),
    ],
};

pub(super) const DERIVED: Table = Table {
    place: "derived",
    keys: &[
        key("files", r#"["package-lock.json"]"#),
        key("command", r#""npm install --package-lock-only""#),
    ],
};

pub(super) const SYNC: Table = Table {
    place: "sync",
    keys: &[key("every", r#""30m""#), key("resolver", r#""person""#)],
};

pub(super) const LAND: Table = Table {
    place: "land",
    keys: &[
        key("through", r#""push""#),
        key(
            "open",
            r#""gh pr create --head {branch} --base {base} --fill""#,
        ),
        key("check", r#""cargo test""#),
        key("timeout", r#""30m""#),
        key("strategy", r#""rebase""#),
        key("auto", "true"),
        key("after", r#""landed""#),
        key("keep", r#""30d""#),
    ],
};

pub(super) const ESCALATION: Table = Table {
    place: "escalation",
    keys: &[
        key("notify", r#""notify-send 'git stream'""#),
        key("repeat", r#""4h""#),
    ],
};

pub(super) const POLICY: Table = Table {
    place: "policy",
    keys: &[key("symlinks-out", "false"), key("gitlinks", "false")],
};

pub(super) const AGENT: Table = Table {
    place: "agents.NAME",
    keys: &[
        key("command", r#"["claude", "-p", "{prompt}"]"#),
        key("jobs", "4"),
        key("timeout", r#""2h""#),
        key("idle", r#""15m""#),
        key("retries", "1"),
    ],
};

pub(super) const STREAM: Table = Table {
    place: "streams.NAME",
    keys: &[
        key("description", r#""REST API""#),
        key("owner", r#""@maria""#),
        key("files", r#"["src/api/**"]"#),
        key("agent", r#""claude""#),
        key("dependencies", r#"["schema"]"#),
        key("conflicts", r#"["ui"]"#),
        key("work", r#""What is to be done, in words.""#),
        key("on-failure", r#""isolate""#),
    ],
};

pub(super) const MILESTONE: Table = Table {
    place: "milestones.NAME",
    keys: &[key("streams", r#"["api", "ui"]"#)],
};

/// Every table, in the order of the documentation.
pub(super) const TABLES: [&Table; 12] = [
    &TOP,
    &CLAIM,
    &WORKTREES,
    &SHARED,
    &DERIVED,
    &SYNC,
    &LAND,
    &ESCALATION,
    &POLICY,
    &AGENT,
    &STREAM,
    &MILESTONE,
];

impl Table {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// What was probably meant, where something is close enough to what was written.
pub(super) fn nearest<'n>(
    written: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    /// Below this similarity, a suggestion is a distraction.
    const CLOSE: f64 = 0.8;
    known
        .into_iter()
        .map(|name| {
            (
                strsim::jaro_winkler(&written.to_lowercase(), &name.to_lowercase()),
                name,
            )
        })
        .filter(|(similarity, _)| *similarity >= CLOSE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
