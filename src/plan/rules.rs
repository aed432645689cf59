//! What do the settings of a plan say, and what counts where they say nothing?
//!
//! One struct per table of `streams.toml`; its `Default` is what counts without the table.

use jiff::SignedDuration;

use crate::name::StreamName;
use crate::pattern::PatternSet;

/// A setting whose values are words.
pub(super) trait Word: Copy + 'static {
    /// Every value, in the order of the documentation; the first is the default.
    const WORDS: &'static [(&'static str, Self)];
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$means:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$means])* $value,)+ }

        impl Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $name::$value),)+];
        }

        impl $name {
            /// The word, as the plan writes it.
            pub fn word(self) -> &'static str {
                match self { $($name::$value => $word,)+ }
            }
        }
    };
}

words! {
    /// May an agent widen its claim by patterns that nobody owns, holds or plans?
    Widen {
        /// It may.
        Free = "free",
        /// A person has to do it.
        Person = "person",
    }
}

words! {
    /// Who resolves a conflict that stopped a sync?
    Resolver {
        /// A person.
        Person = "person",
        /// The stream's agent, where every conflicting path is its own.
        Holder = "holder",
    }
}

words! {
    /// How does a stream get onto the base?
    Through {
        /// The base branch is pushed.
        Push = "push",
        /// The stream's branch is pushed, a pull request is opened and its merge awaited.
        Pr = "pr",
    }
}

words! {
    /// What does landing make of a stream's commits?
    Strategy {
        /// They are put on top of the base.
        Rebase = "rebase",
        /// A merge commit joins them.
        Merge = "merge",
        /// They become one commit.
        Squash = "squash",
    }
}

words! {
    /// When may a stream start that depends on another?
    After {
        /// When the other has landed.
        Landed = "landed",
        /// When the other is in review.
        InReview = "in-review",
    }
}

words! {
    /// What does a failed stream mean for the others?
    OnFailure {
        /// Nothing, beyond what depends on it.
        Isolate = "isolate",
        /// What depends on it waits.
        Block = "block",
        /// Everything stops.
        Stop = "stop",
    }
}

/// `[claim]`: how long a claim lasts, and how it may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRules {
    /// How long a silent claim is safe from takeover.
    pub lease: SignedDuration,
    /// Whether an agent may add patterns by itself.
    pub widen: Widen,
}

impl Default for ClaimRules {
    fn default() -> Self {
        ClaimRules {
            lease: SignedDuration::from_hours(24),
            widen: Widen::Free,
        }
    }
}

/// `[worktrees]`: where a stream's files live, and how a new worktree is made ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktrees {
    /// Where, relative to the repository; `{repo}` and `{stream}` stand for the names.
    pub path: String,
    /// The untracked files that a new worktree needs.
    pub copy: PatternSet,
    /// The command that runs in a new worktree.
    pub setup: Option<String>,
    /// Whether only what the stream may touch is checked out.
    pub sparse: bool,
}

impl Default for Worktrees {
    fn default() -> Self {
        Worktrees {
            path: "../{repo}.streams/{stream}".to_owned(),
            copy: PatternSet::empty(),
            setup: None,
            sparse: false,
        }
    }
}

/// `[shared]`: the paths that no stream owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The files that are edited under a lock.
    pub files: PatternSet,
    /// Where any stream may add a file without a lock.
    pub create: PatternSet,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            files: PatternSet::empty(),
            create: PatternSet::empty(),
        }
    }
}

/// `[derived]`: the files that a command can regenerate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Which files.
    pub files: PatternSet,
    /// The command; there is one where there are files.
    pub command: Option<String>,
}

impl Default for Derived {
    fn default() -> Self {
        Derived {
            files: PatternSet::empty(),
            command: None,
        }
    }
}

/// `[sync]`: how streams follow their base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRules {
    /// How often `run` moves an idle stream.
    pub every: SignedDuration,
    /// Who resolves conflicts.
    pub resolver: Resolver,
}

impl Default for SyncRules {
    fn default() -> Self {
        SyncRules {
            every: SignedDuration::from_mins(30),
            resolver: Resolver::Person,
        }
    }
}

/// `[land]`: how a finished stream gets onto the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Land {
    /// By push or by pull request.
    pub through: Through,
    /// The command that opens a pull request; runs only with [`Through::Pr`].
    pub open: String,
    /// The command that must succeed on the combined result.
    pub check: Option<String>,
    /// How long the check may take.
    pub timeout: SignedDuration,
    /// What becomes of the commits.
    pub strategy: Strategy,
    /// Whether `run` lands by itself.
    pub auto: bool,
    /// When dependents may start.
    pub after: After,
    /// How long safety refs and trash are kept.
    pub keep: SignedDuration,
}

impl Default for Land {
    fn default() -> Self {
        Land {
            through: Through::Push,
            open: "gh pr create --head {branch} --base {base} --fill".to_owned(),
            check: None,
            timeout: SignedDuration::from_mins(30),
            strategy: Strategy::Rebase,
            auto: true,
            after: After::Landed,
            keep: SignedDuration::from_hours(30 * 24),
        }
    }
}

impl Land {
    /// What landing itself makes of a stream's commits: where a forge merges them, that has a way
    /// of its own.
    pub fn makes(&self) -> Strategy {
        match self.through {
            Through::Push => self.strategy,
            Through::Pr => Strategy::Rebase,
        }
    }
}

/// `[escalation]`: how a person learns of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// The command that gets the escalation as JSON on its standard input.
    pub notify: Option<String>,
    /// After how long it is told again.
    pub repeat: SignedDuration,
}

impl Default for Escalation {
    fn default() -> Self {
        Escalation {
            notify: None,
            repeat: SignedDuration::from_hours(4),
        }
    }
}

/// `[policy]`: what the guard lets through beyond plain files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Symlinks whose target leaves the stream's patterns.
    pub symlinks_out: bool,
    /// Gitlinks: submodules and nested repositories.
    pub gitlinks: bool,
}

/// `[agents.NAME]`: how `run` starts an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRules {
    /// The program and its arguments; `{prompt}` stands for the prompt. Never empty.
    pub command: Vec<String>,
    /// How many may run at the same time on one machine.
    pub jobs: u32,
    /// How long one run may take.
    pub timeout: SignedDuration,
    /// After how long without a sign of life it counts as stuck.
    pub idle: SignedDuration,
    /// How often a failed run is tried again.
    pub retries: u32,
}

impl Default for AgentRules {
    fn default() -> Self {
        AgentRules {
            command: Vec::new(),
            jobs: 4,
            timeout: SignedDuration::from_hours(2),
            idle: SignedDuration::from_mins(15),
            retries: 1,
        }
    }
}

/// `[milestones.NAME]`: reached when all of its streams have landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// The streams, as the plan lists them; never empty.
    pub streams: Vec<StreamName>,
    /// Where it stands in the plan, counted from 1.
    pub line: usize,
}
