//! Whose is a path that a stream may not touch?

use std::cell::OnceCell;

use bstr::BStr;

use crate::ledger::State;
use crate::name::{AgentName, StreamName};
use crate::pattern::Matcher;
use crate::plan::Plan;

/// Whose a path is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Another stream's, which somebody holds.
    Held {
        /// The stream.
        stream: StreamName,
        /// Who holds it.
        agent: AgentName,
    },
    /// Another stream's, by the plan; nobody holds it.
    Planned {
        /// The stream.
        stream: StreamName,
    },
    /// Nobody's.
    Nobody,
}

/// Everybody else's paths, ready to be asked about; nothing is compiled before the first question.
pub(super) struct Owners<'a> {
    state: &'a State,
    plan: &'a Plan,
    own: Option<StreamName>,
    matchers: OnceCell<Vec<(Owner, Matcher)>>,
}

impl<'a> Owners<'a> {
    pub(super) fn new(state: &'a State, plan: &'a Plan, own: Option<&StreamName>) -> Owners<'a> {
        Owners {
            state,
            plan,
            own: own.cloned(),
            matchers: OnceCell::new(),
        }
    }

    /// Whose the path is, the own stream aside. Who holds counts before who is planned.
    pub(super) fn of(&self, path: &BStr) -> Owner {
        self.matchers
            .get_or_init(|| self.others())
            .iter()
            .find(|(_, matcher)| matcher.is_match(path))
            .map_or(Owner::Nobody, |(owner, _)| owner.clone())
    }

    fn others(&self) -> Vec<(Owner, Matcher)> {
        let is_other = |name: &StreamName| Some(name) != self.own.as_ref();
        let held =
            self.state
                .held()
                .filter(|(name, _, _)| is_other(name))
                .map(|(name, _, claim)| {
                    let (stream, agent) = (name.clone(), claim.agent.clone());
                    let matcher = Matcher::new(&claim.territory());
                    (Owner::Held { stream, agent }, matcher)
                });
        let planned = self
            .plan
            .streams
            .iter()
            .filter(|(name, _)| is_other(name) && self.state.claim(name).is_none())
            .map(|(name, stream)| {
                let owner = Owner::Planned {
                    stream: name.clone(),
                };
                (owner, Matcher::of_set(&stream.files))
            });
        held.chain(planned).collect()
    }
}
