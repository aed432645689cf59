//! How does `git stream inbox` behave?

use insta::assert_snapshot;

use super::status::{escalate, planned};
use crate::support::Sandbox;

#[test]
fn what_waits_is_listed_and_shown_in_full() {
    let sandbox = planned();
    assert_snapshot!(sandbox.run(["inbox"]).block(), @r"
    $ git stream inbox
    --- stderr ---
    nothing waits for an answer
    [status 0]
    ");
    escalate(&sandbox, "1f3a", &["api", "ui"]);
    escalate(&sandbox, "77ab", &["docs"]);
    assert_snapshot!(sandbox.run(["inbox"]).block(), @r"
    $ git stream inbox
    id    since         streams  question
    1f3a  $AGO  api, ui  both sides changed 'src/api/lib.rs'
    77ab  $AGO  docs     both sides changed 'src/api/lib.rs'
    --- stderr ---
    hint: Read one in full with `git stream inbox 1f3a`.
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["inbox", "1f"]).block(), @r"
    $ git stream inbox 1f
    both sides changed 'src/api/lib.rs'

    id:      1f3a
    kind:    conflict
    streams: api, ui
    raised:  $AGO by a1
    paths:   src/api/lib.rs

    evidence:
      -    42
      +    43

    choices:
      1. Ask its author: `git log -1 main -- src/api/lib.rs`.
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["inbox", "0"]).block(), @r"
    $ git stream inbox 0
    --- stderr ---
    error: there is no open question '0'
    hint: See the open questions with `git stream inbox`.
    [status 1]
    ");
}

#[test]
fn ones_own_questions_come_first() {
    let sandbox = planned();
    assert_eq!(sandbox.run(["claim", "docs"]).agent("a2").status(), 0);
    escalate(&sandbox, "1f3a", &["api"]);
    escalate(&sandbox, "77ab", &["docs"]);
    let first = |agent| {
        let inbox = sandbox.run(["inbox", "--json"]).agent(agent).json();
        let first = &inbox["escalations"][0];
        (first["id"].clone(), first["yours"].clone())
    };
    assert_eq!(first("a2"), ("77ab".into(), true.into()));
    assert_eq!(first("a9"), ("1f3a".into(), false.into()));
}

#[test]
fn the_json_has_every_question() {
    let sandbox = planned();
    let empty = sandbox.run(["inbox", "--json"]).json();
    assert_eq!(empty, serde_json::json!({"version": 1, "escalations": []}));
    escalate(&sandbox, "1f3a", &["api"]);
    let inbox = sandbox.run(["inbox", "--json"]).json();
    let status = sandbox.run(["status", "--json"]).json();
    assert_eq!(inbox["escalations"], status["escalations"]);
    assert_eq!(inbox["escalations"][0]["paths"][0], "src/api/lib.rs");
    let one = sandbox.run(["inbox", "1f3a", "--json"]).json();
    assert_eq!(one, inbox);
}

#[test]
fn before_init_nothing_can_wait() {
    let ran = Sandbox::new().run(["inbox"]).go();
    assert_eq!(ran.status(), 5);
    assert!(ran.stderr().contains("git stream init"), "{}", ran.block());
}
