//! Whose is a path that a question is about?

use std::fmt;

use bstr::{BString, ByteSlice as _};
use serde_json::{Value, json};

use crate::ledger::State;
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::pattern::Matcher;
use crate::workspace::Workspace;

/// Whose a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The path.
    pub path: BString,
    /// The stream that owns it; none where it is shared or nobody's.
    pub stream: Option<StreamName>,
    /// Who holds that stream, if somebody does.
    pub agent: Option<AgentName>,
    /// The person that the plan names for it.
    pub owner: Option<String>,
    /// Whether several streams may need it.
    pub shared: bool,
}

impl Whose {
    /// As `--json` has it.
    pub fn json(&self) -> Value {
        json!({
            "path": path::json(self.path.as_bstr()),
            "stream": self.stream,
            "agent": self.agent,
            "owner": self.owner,
            "shared": self.shared,
        })
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = path::shown(self.path.as_bstr());
        match (&self.stream, &self.agent) {
            (Some(stream), Some(agent)) => write!(f, "{path} is {stream}'s, held by {agent}"),
            (Some(stream), None) => write!(f, "{path} is {stream}'s, which nobody holds"),
            (None, _) if self.shared => write!(f, "{path} is shared"),
            (None, _) => write!(f, "{path} is nobody's"),
        }?;
        match &self.owner {
            Some(owner) => write!(f, "; {owner} answers for it"),
            None => Ok(()),
        }
    }
}

/// Whose each path is. Shared beats owned; who holds counts before who is planned.
pub(super) fn whose(workspace: &Workspace<'_>, paths: &[BString]) -> Vec<Whose> {
    let (state, plan): (&State, _) = (&workspace.state, &workspace.plan);
    let shared = Matcher::of_set(&plan.shared.files);
    let held = state.held().map(|(name, _, claim)| {
        let matcher = Matcher::new(&claim.territory());
        (name.clone(), Some(claim.agent.clone()), matcher)
    });
    let planned = plan.streams.iter();
    let planned = planned.filter(|(name, _)| state.claim(name).is_none());
    let planned =
        planned.map(|(name, stream)| (name.clone(), None, Matcher::of_set(&stream.files)));
    let all: Vec<_> = held.chain(planned).collect();
    let one = |path: &BString| {
        let is_shared = shared.is_match(path.as_bstr());
        let found = all.iter().find(|(.., own)| own.is_match(path.as_bstr()));
        let found = found.filter(|_| !is_shared);
        let stream = found.map(|(name, ..)| name.clone());
        let owner = stream.as_ref().and_then(|name| plan.streams.get(name));
        Whose {
            path: path.clone(),
            owner: owner.and_then(|stream| stream.owner.clone()),
            agent: found.and_then(|(_, agent, _)| agent.clone()),
            shared: is_shared,
            stream,
        }
    };
    paths.iter().map(one).collect()
}
