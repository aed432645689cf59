//! Are the questions found, sorted and shown?

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use super::{Error, Inbox, ago};
use crate::ledger::{Actor, Claim, Escalation, Kind, State, Stream, StreamState};
use crate::name::StreamName;

fn now() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

fn name(text: &str) -> StreamName {
    text.parse().unwrap()
}

fn question(id: &str, stream: &str, hours: i64) -> Escalation {
    Escalation {
        id: id.to_owned(),
        kind: "conflict".to_owned(),
        streams: vec![name(stream)],
        agent: "a1".parse().unwrap(),
        owner: Some("@maria".to_owned()),
        raised: now() - SignedDuration::from_hours(hours),
        question: format!("How shall {stream} go on?"),
        cause: id.to_owned(),
        commit: None,
        base: None,
        paths: vec!["src/a".to_owned(), r#""b\377""#.to_owned()],
        evidence: "<<<<<<< base\n\n>>>>>>> stream\n".to_owned(),
        choices: vec!["Take it with `git stream sync api`.".to_owned()],
        origin: String::new(),
        notified: None,
        parts: std::collections::BTreeMap::new(),
        extra: toml::Table::new(),
    }
}

fn caller(agent: &str) -> Actor {
    Actor {
        agent: agent.parse().unwrap(),
        kind: Kind::Agent,
        session: String::new(),
        machine: "m".to_owned(),
        named: true,
        inside: None,
    }
}

fn held(agent: &str) -> Stream {
    let claim: Claim = toml::from_str(&format!(
        "agent = '{agent}'\nkind = 'agent'\nsession = ''\nmachine = 'm'\nworktree = '/w'\n\
         slot = 0\ntaken = '2026-01-01T00:00:00Z'\nrenewed = '2026-01-01T00:00:00Z'\n\
         lease = 'PT24H'\nbase = 'main'\nstart = '{}'\nfiles = [['a']]\n",
        "1".repeat(40)
    ))
    .unwrap();
    Stream {
        state: StreamState::Blocked,
        epoch: 1,
        round: 1,
        tainted: None,
        claim: Some(claim),
        work: None,
        landing: None,
        review: None,
        former: Vec::new(),
        extra: toml::Table::new(),
    }
}

fn state() -> State {
    let mut state = State::default();
    for one in [
        question("aa11", "api", 3),
        question("aa22", "ui", 50),
        question("bb", "docs", 1),
    ] {
        state.escalations.insert(one.id.clone(), one);
    }
    state.streams.insert(name("docs"), held("a2").into());
    state
}

#[test]
fn ones_own_questions_come_first_then_the_oldest() {
    let ids = |agent| -> Vec<String> {
        let inbox = Inbox::of(&state(), &caller(agent));
        inbox.escalations.into_iter().map(|one| one.id).collect()
    };
    assert_eq!(ids("a2"), ["bb", "aa22", "aa11"]);
    assert_eq!(ids("a9"), ["aa22", "aa11", "bb"]);
}

#[test]
fn a_list_has_one_line_for_each() {
    let inbox = Inbox::of(&state(), &caller("a2"));
    assert_snapshot!(inbox.list(now()), @r"
    id    since        streams  question
    bb    1 hour ago   docs     How shall docs go on?
    aa22  2 days ago   ui       How shall ui go on?
    aa11  3 hours ago  api      How shall api go on?
    ");
    assert_eq!(Inbox::of(&State::default(), &caller("a2")).list(now()), "");
}

#[test]
fn one_is_shown_in_full() {
    let inbox = Inbox::of(&state(), &caller("a2")).only("aa1").unwrap();
    assert_snapshot!(inbox.escalations[0].text(now()), @r#"
    How shall api go on?

    id:      aa11
    kind:    conflict
    streams: api
    raised:  3 hours ago by a1
    owner:   @maria
    paths:   src/a
             "b\377"

    evidence:
      <<<<<<< base

      >>>>>>> stream

    choices:
      1. Take it with `git stream sync api`.
    "#);
    let json = serde_json::to_value(&inbox).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["escalations"][0]["paths"][1]["bytes"], "Yv8=");
}

#[test]
fn the_beginning_of_an_id_is_enough_where_it_is_the_only_one() {
    let only = |id| Inbox::of(&state(), &caller("a2")).only(id);
    assert!(only("b").is_ok());
    assert_eq!(
        only("c").unwrap_err(),
        Error::Unknown { id: "c".to_owned() }
    );
    assert_eq!(only("").unwrap_err(), Error::Unknown { id: String::new() });
    let ids = vec!["aa22".to_owned(), "aa11".to_owned()];
    let id = "aa".to_owned();
    assert_eq!(only("aa").unwrap_err(), Error::Ambiguous { id, ids });
}

#[test]
fn times_are_told_in_the_largest_unit_that_fits() {
    let told = |seconds: i64| ago(now() - SignedDuration::from_secs(seconds), now());
    for (seconds, expected) in [
        (-100, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (7_200, "2 hours ago"),
        (86_400, "1 day ago"),
        (864_000, "10 days ago"),
    ] {
        assert_eq!(told(seconds), expected);
    }
}
