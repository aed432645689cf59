//! How is the picture put together?

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::branches;
use super::forecast::{Forecast, forecast};
use super::need::{self, Need};
use super::row::{Operation, Row};
use super::trespass;
use super::view::View;
use super::wait::Waits;
use super::worktrees::{self, Found};
use super::{Detail, Error};
use crate::copies;
use crate::guard::hooks::{is_installed, trouble};
use crate::guard::outside;
use crate::inbox::{Question, describe};
use crate::ledger::{Share, State, StreamState, is_dead};
use crate::name::StreamName;
use crate::path;
use crate::plan::Plan;
use crate::workspace::{Doubt, Trusted, Workspace};

/// Everything at one moment.
#[derive(Debug, Serialize)]
pub struct Picture {
    version: u32,
    /// The base branch, and the commit of it that is trusted.
    pub base: Value,
    /// Where the plan comes from.
    pub plan: String,
    /// The machine that looked: only its own worktrees are known.
    pub machine: String,
    /// How old this view of a ledger is that several machines share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// Every stream of the plan and of the ledger, by name.
    pub streams: Vec<Row>,
    /// The locks on shared files.
    pub locks: Vec<Value>,
    /// What streams have asked of one another.
    pub asks: Vec<Value>,
    /// The questions that wait for a person, the oldest first.
    pub escalations: Vec<Question>,
    /// What does not go on by itself.
    pub needs: Vec<Need>,
    /// The layers of the guard that could be there and are not.
    pub off: Vec<NotThere>,
    /// The plan's synchronization points.
    pub milestones: Vec<Milestone>,
    /// All in numbers.
    pub overall: Overall,
    /// More about the one stream that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// Which streams would conflict if they landed now, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// A layer of the guard that is not there.
#[derive(Debug, Serialize)]
pub struct NotThere {
    /// Which: `base`, `strict`.
    pub layer: &'static str,
    /// Why, in a word: `elsewhere`, `taken`, `missing`.
    pub why: &'static str,
    /// The same in one sentence without a full stop.
    pub message: String,
}

/// A synchronization point, and how far it is.
#[derive(Debug, Serialize)]
pub struct Milestone {
    /// Its name.
    pub name: String,
    /// The streams that it waits for.
    pub streams: Vec<StreamName>,
    /// How many of them have landed.
    pub landed: usize,
    /// Whether all of them have.
    pub reached: bool,
}

/// All in numbers; streams outside the plan count as long as somebody holds them or they have work.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overall {
    /// How many of them have landed, of a hundred; `None` where there are no streams.
    pub percent: Option<usize>,
    /// How many streams there are.
    pub streams: usize,
    /// How many have landed.
    pub landed: usize,
    /// How many somebody holds.
    pub held: usize,
    /// How many could be claimed now.
    pub ready: usize,
    /// How many wait for another stream.
    pub waiting: usize,
    /// How many questions are open.
    pub questions: usize,
}

impl Picture {
    /// Looks at everything. Nothing is changed, not even an index.
    ///
    /// Starts one process of git for all branches, if there are any, and one for each worktree of
    /// a claim of this machine.
    pub fn of(workspace: &Workspace<'_>) -> Result<Picture, Error> {
        Picture::with_detail(workspace, None, false)
    }

    /// The same, and which streams would conflict if they landed now: all of them, or one with
    /// everything that it meets.
    pub fn with_forecast(
        workspace: &Workspace<'_>,
        only: Option<&StreamName>,
    ) -> Result<Picture, Error> {
        if let Some(name) = only {
            known(workspace, name)?;
        }
        let mut picture = Picture::with_detail(workspace, None, true)?;
        if let (Some(forecast), Some(name)) = (&mut picture.forecast, only) {
            forecast.narrowed_to(name);
        }
        Ok(match only {
            Some(name) => picture.narrowed_to(name),
            None => picture,
        })
    }

    /// The same for one stream, with its commits and its uncommitted files.
    pub fn of_one(workspace: &Workspace<'_>, name: &StreamName) -> Result<Picture, Error> {
        known(workspace, name)?;
        Picture::with_detail(workspace, Some(name), false)
    }

    fn with_detail(
        workspace: &Workspace<'_>,
        only: Option<&StreamName>,
        looks_ahead: bool,
    ) -> Result<Picture, Error> {
        let Workspace {
            repo,
            machine,
            state,
            base,
            plan,
            ..
        } = workspace;
        let share = Share::of(state);
        let remote = share.as_ref().map(|share| share.remote.as_str());
        let branches = branches::all(repo, base.commit, remote)?;
        let pushed = match remote {
            Some(remote) => copies::pushed(repo, remote)?,
            None => BTreeMap::new(),
        };
        let found = worktrees::all(repo, state, machine, only)?;
        let mut waits = Waits::new(state, plan);
        let watched = workspace.ledger().watched();
        let mut rows: Vec<Row> = Vec::new();
        for name in names(state, plan) {
            let planned = plan.streams.get(name);
            let mut row = Row::new(name, planned);
            if let Some(record) = state.stream(name) {
                row = row.with_record(record, planned);
                row = row.with_silence(watched.silence(name, record));
            }
            row.operation = operation(workspace, name);
            let could_begin = !row.is_held() && row.state != StreamState::Landed;
            if planned.is_some() && could_begin {
                row.waits_for = waits.of(name);
                row.ready = row.waits_for.is_empty();
            }
            let is_elsewhere =
                remote.is_some() && row.machine.as_ref().is_some_and(|at| *at != machine.id);
            let row = if is_elsewhere {
                row.elsewhere(branches.fetched.get(name))
            } else {
                let row = row.with_branch(branches.here.get(name));
                row.pushed(pushed.get(name).copied())
            };
            rows.push(row.with_worktree(found.get(name)));
        }
        let mut escalations: Vec<Question> = state.escalations.values().map(describe).collect();
        escalations.sort_by(|a, b| (a.raised, &a.id).cmp(&(b.raised, &b.id)));
        let detail = only
            .and_then(|name| rows.iter().find(|row| row.name == *name))
            .map(|row| Detail::of(repo, base, row, found.get(&row.name)))
            .transpose()?;
        let forecast = looks_ahead
            .then(|| forecast(workspace, &found))
            .transpose()?;
        let picture = Picture {
            version: 1,
            base: base_json(base),
            plan: workspace.plan_source.clone(),
            machine: machine.id.clone(),
            view: View::of(workspace),
            needs: needs(workspace, &rows, &escalations, &found)?,
            off: not_there(workspace)?,
            milestones: milestones(state, plan),
            overall: overall(&rows, escalations.len()),
            streams: rows,
            locks: Vec::new(),
            asks: Vec::new(),
            escalations,
            detail,
            forecast,
        };
        Ok(match only {
            Some(name) => picture.narrowed_to(name),
            None => picture,
        })
    }

    fn narrowed_to(mut self, name: &StreamName) -> Picture {
        self.streams.retain(|row| row.name == *name);
        self.escalations
            .retain(|question| question.streams.contains(name));
        self.needs.retain(|need| match need.kind {
            "question" => self
                .escalations
                .iter()
                .any(|question| question.command() == need.command),
            _ => need.stream.as_ref().is_none_or(|stream| stream == name),
        });
        self
    }
}

/// Whether there is such a stream.
fn known(workspace: &Workspace<'_>, name: &StreamName) -> Result<(), Error> {
    let (state, plan) = (&workspace.state, &workspace.plan);
    if state.stream(name).is_some() || plan.streams.contains_key(name) {
        return Ok(());
    }
    let (stream, nearest) = (name.clone(), nearest(name, state, plan));
    Err(Error::Unknown { stream, nearest })
}

fn names<'a>(state: &'a State, plan: &'a Plan) -> BTreeSet<&'a StreamName> {
    state.streams.keys().chain(plan.streams.keys()).collect()
}

fn operation(workspace: &Workspace<'_>, name: &StreamName) -> Option<Operation> {
    let intent = workspace.state.claim(name)?.intent.as_ref()?;
    // One that cannot be looked at counts as running.
    let died = is_dead(workspace.repo, &workspace.machine, intent).unwrap_or(false);
    Some(Operation {
        verb: intent.verb.clone(),
        since: intent.since,
        died,
    })
}

fn needs(
    workspace: &Workspace<'_>,
    rows: &[Row],
    questions: &[Question],
    found: &BTreeMap<StreamName, Found>,
) -> Result<Vec<Need>, Error> {
    let (state, base) = (&workspace.state, &workspace.base);
    let trespass = trespass::all(workspace, rows);
    let of_rows = rows.iter().flat_map(|row| {
        let trespass = trespass.get(&row.name);
        let trespass = trespass.map(|one| need::of_trespass(&row.name, one, &base.branch));
        let needs = need::of_stream(row, state, found.get(&row.name));
        needs.into_iter().chain(trespass)
    });
    let questions = questions.iter().map(need::of_question);
    let base = need::of_base(base).into_iter();
    let trouble = trouble(workspace.repo)?;
    let of_hooks = trouble.iter().map(need::of_hooks);
    Ok(questions
        .chain(base)
        .chain(of_hooks)
        .chain(of_rows)
        .collect())
}

fn not_there(workspace: &Workspace<'_>) -> Result<Vec<NotThere>, Error> {
    if !is_installed(workspace.repo) {
        return Ok(Vec::new());
    }
    let off = outside::off(workspace.repo)?;
    let told = off.iter().map(|off| NotThere {
        layer: off.layer.name(),
        why: off.cause.name(),
        message: off.message(&workspace.base.branch),
    });
    Ok(told.collect())
}

fn milestones(state: &State, plan: &Plan) -> Vec<Milestone> {
    let has_landed = |name: &&StreamName| {
        let record = state.stream(name);
        record.is_some_and(|record| record.state == StreamState::Landed)
    };
    let all = plan.milestones.iter().map(|(name, milestone)| {
        let landed = milestone.streams.iter().filter(has_landed).count();
        Milestone {
            name: name.clone(),
            streams: milestone.streams.clone(),
            landed,
            reached: landed == milestone.streams.len(),
        }
    });
    all.collect()
}

fn overall(rows: &[Row], questions: usize) -> Overall {
    let counted: Vec<&Row> = rows.iter().filter(|row| row.counts()).collect();
    let count = |is: &dyn Fn(&Row) -> bool| counted.iter().filter(|row| is(row)).count();
    let landed = count(&|row| row.state == StreamState::Landed);
    Overall {
        percent: (landed * 100).checked_div(counted.len()),
        streams: counted.len(),
        landed,
        held: count(&Row::is_held),
        ready: count(&|row| row.ready),
        waiting: count(&|row| !row.waits_for.is_empty()),
        questions,
    }
}

fn base_json(base: &Trusted) -> Value {
    let doubt = base.doubt.as_ref().map(|doubt| match doubt {
        Doubt::Gone => json!({"cause": "gone"}),
        Doubt::Rewritten { tip } => json!({"cause": "rewritten", "tip": tip.to_string()}),
        Doubt::Trespass {
            stream,
            commit,
            paths,
        } => json!({
            "cause": "trespass",
            "stream": stream,
            "commit": commit.to_string(),
            "paths": paths.iter().map(|path| path::json(path.as_ref())).collect::<Vec<_>>(),
        }),
    });
    json!({
        "branch": base.branch,
        "commit": base.commit.to_string(),
        "remote": base.remote,
        "doubt": doubt,
    })
}

fn nearest(name: &StreamName, state: &State, plan: &Plan) -> Option<StreamName> {
    names(state, plan)
        .into_iter()
        .map(|other| (strsim::osa_distance(name.as_str(), other.as_str()), other))
        .filter(|(distance, other)| *distance <= other.as_str().len().max(3) / 3)
        .min()
        .map(|(_, other)| other.clone())
}
