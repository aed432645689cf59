//! What does each table of the document say?
//!
//! One function per table: it names the keys, their types and, through the `Default` of the
//! struct, what counts where a key is absent.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use super::found::Found;
use super::problem::kind;
use super::rules::{
    AgentRules, ClaimRules, Derived, Escalation, Land, Policy, Shared, SyncRules, Worktrees,
};
use super::schema::{
    AGENT, CLAIM, DERIVED, ESCALATION, LAND, POLICY, SHARED, SYNC, TOP, WORKTREES,
};
use super::section::{Patterns, Section};
use super::{Plan, streams, value};
use crate::name::AgentName;

/// The version of `streams.toml` that is read here.
const VERSION: i64 = 1;

/// The plan, as far as it was understood; nothing where a newer one was found.
pub(super) fn plan<'a>(found: &'a Found, document: &'a DeTable<'a>) -> Option<Plan> {
    if let Some(span) = newer(document) {
        // The rest may mean anything in that version: nothing about it is worth reporting.
        let message = format!("the plan is of a newer version than {VERSION}, which is read here");
        let hint = "Install a newer git stream.";
        found.add(super::Problem::new(kind::NEWER_VERSION, message, hint).at(found.line(&span)));
        return None;
    }
    let top = Section::top(found, document, &TOP);
    version(&top);
    let empty = Plan::empty();
    let (shared, shared_files) = shared(&top.table("shared", &SHARED));
    let (streams, milestones) = streams::read(&top, &shared_files);
    Some(Plan {
        base: top
            .checked("base", "text in quotes", value::base)
            .map_or(empty.base, str::to_owned),
        base_given: top.has("base"),
        remote: top
            .checked("remote", "text in quotes", value::remote)
            .map(str::to_owned),
        ledger: top
            .checked("ledger", "text in quotes", value::ledger)
            .map_or(empty.ledger, str::to_owned),
        claim: claim(&top.table("claim", &CLAIM)),
        worktrees: worktrees(&top.table("worktrees", &WORKTREES)),
        shared,
        derived: derived(&top.table("derived", &DERIVED)),
        sync: sync(&top.table("sync", &SYNC)),
        land: land(&top.table("land", &LAND)),
        escalation: escalation(&top.table("escalation", &ESCALATION)),
        policy: policy(&top.table("policy", &POLICY)),
        agents: agents(&top),
        streams,
        milestones,
    })
}

/// Where a version stands that is not known here yet.
fn newer(document: &DeTable) -> Option<Range<usize>> {
    let (name, value) = document.get_key_value("version")?;
    let number = value::integer(value.get_ref().as_integer()?);
    (number > VERSION).then(|| name.span())
}

fn version(top: &Section) {
    if !top.has("version") {
        top.report_missing("version", "it says how the file is to be read");
    } else if let Some((number, line)) = top.integer("version")
        && number != VERSION
    {
        let message = format!("there is no version {number} of the plan");
        top.add(line, kind::BAD_VALUE, message, "Write `version = 1`.");
    }
}

fn claim(section: &Section) -> ClaimRules {
    let default = ClaimRules::default();
    ClaimRules {
        lease: section.duration("lease", default.lease),
        widen: section.word("widen", default.widen),
    }
}

fn worktrees(section: &Section) -> Worktrees {
    let default = Worktrees::default();
    Worktrees {
        path: section
            .checked("path", "text in quotes", value::worktree_path)
            .map_or(default.path, str::to_owned),
        copy: section.patterns("copy").set,
        setup: section.text("setup").map(str::to_owned),
        sparse: section.flag("sparse", default.sparse),
    }
}

fn shared<'a>(section: &Section<'a>) -> (Shared, Patterns<'a>) {
    let files = section.patterns("files");
    let create = section.patterns("create").set;
    (
        Shared {
            files: files.set.clone(),
            create,
        },
        files,
    )
}

fn derived(section: &Section) -> Derived {
    let files = section.patterns("files").set;
    if !files.is_empty() && !section.has("command") {
        section.report_missing("command", "the files cannot be regenerated without it");
    } else if section.has("command") && !section.has("files") {
        section.report_missing("files", "the command would never run");
    }
    let command = section.text("command").map(str::to_owned);
    Derived { files, command }
}

fn sync(section: &Section) -> SyncRules {
    let default = SyncRules::default();
    SyncRules {
        every: section.duration("every", default.every),
        resolver: section.word("resolver", default.resolver),
    }
}

fn land(section: &Section) -> Land {
    let default = Land::default();
    Land {
        through: section.word("through", default.through),
        open: section.text("open").map_or(default.open, str::to_owned),
        check: section.text("check").map(str::to_owned),
        timeout: section.duration("timeout", default.timeout),
        strategy: section.word("strategy", default.strategy),
        auto: section.flag("auto", default.auto),
        after: section.word("after", default.after),
        keep: section.duration("keep", default.keep),
    }
}

fn escalation(section: &Section) -> Escalation {
    let default = Escalation::default();
    Escalation {
        notify: section.text("notify").map(str::to_owned),
        repeat: section.duration("repeat", default.repeat),
    }
}

fn policy(section: &Section) -> Policy {
    let default = Policy::default();
    Policy {
        symlinks_out: section.flag("symlinks-out", default.symlinks_out),
        gitlinks: section.flag("gitlinks", default.gitlinks),
    }
}

fn agents(top: &Section) -> BTreeMap<AgentName, AgentRules> {
    let mut agents = BTreeMap::new();
    for (name, section) in top.named_tables("agents", &AGENT) {
        let rules = agent(&section);
        match value::agent(name) {
            Ok(name) => {
                agents.insert(name, rules);
            }
            Err(unfit) => {
                let message = format!("{name:?} cannot name an agent: {}", unfit.why);
                let hint = "Choose one line of printable text, such as `[agents.claude]`.";
                section.add(section.line, kind::BAD_NAME, message, hint);
            }
        }
    }
    agents
}

fn agent(section: &Section) -> AgentRules {
    let default = AgentRules::default();
    if !section.has("command") {
        section.report_missing("command", "the agent could not be started");
    }
    section.refuse_empty_list("command", "it has to name a program");
    let command = section.list("command");
    AgentRules {
        command: command.iter().map(|item| item.text.to_owned()).collect(),
        jobs: section.count("jobs", 1..=1000, default.jobs),
        timeout: section.duration("timeout", default.timeout),
        idle: section.duration("idle", default.idle),
        retries: section.count("retries", 0..=100, default.retries),
    }
}
