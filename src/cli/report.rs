//! How does a failure reach the reader: a person, or a program that asked for JSON?
//!
//! Statuses 1 and 3 are answers: with `--json` they come as `outcome` and `reason`. Statuses 2, 4
//! and 5 come as an `error` object.

use std::io::{self, Write};

use clap::error::ErrorKind;
use serde_json::{Value, json};

use super::Out;
use crate::exit::{Exit, Explain};

/// Prints what clap has to say: help and versions are answers, the rest is wrong usage.
pub(super) fn usage(error: &clap::Error, json: bool) -> Exit {
    let is_answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if json && !is_answer {
        let message = error.to_string();
        // The first line says what is wrong; the rest is how the command is used.
        let message = message
            .trim_start_matches("error: ")
            .lines()
            .next()
            .unwrap_or_default();
        let object = error_object(
            Exit::Usage,
            message,
            &["See how the command is used with its option `-h`.".to_owned()],
            &Value::Object(serde_json::Map::new()),
        );
        drop(writeln!(io::stdout(), "{object}"));
        return Exit::Usage;
    }
    drop(error.print());
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}

/// Prints a failure and answers its status.
pub(super) fn failure(out: &mut Out, failure: &dyn Explain) -> Exit {
    let exit = failure.exit();
    if out.json() {
        out.object(&object(failure));
        return exit;
    }
    out.error_line("error: ", failure);
    let mut cause = failure.source();
    while let Some(error) = cause {
        out.error_line("caused by: ", error);
        cause = error.source();
    }
    for line in failure.git_said() {
        out.error_line("git: ", line);
    }
    for hint in failure.hints() {
        out.error_line("hint: ", hint);
    }
    exit
}

fn object(failure: &dyn Explain) -> Value {
    let exit = failure.exit();
    let mut message = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    let mut evidence = failure.evidence();
    let git = failure.git_said();
    if !git.is_empty() {
        evidence.insert("git".to_owned(), git.into());
    }
    let evidence = Value::Object(evidence);
    match exit {
        Exit::Done | Exit::Refused | Exit::Stopped => json!({
            "version": 1,
            "outcome": exit.name(),
            "reason": message,
            "hints": failure.hints(),
            "evidence": evidence,
        }),
        Exit::Usage | Exit::Busy | Exit::Broken => {
            error_object(exit, &message, &failure.hints(), &evidence)
        }
    }
}

fn error_object(exit: Exit, message: &str, hints: &[String], evidence: &Value) -> Value {
    json!({
        "version": 1,
        "error": {
            "kind": exit.name(),
            "message": message,
            "hints": hints,
            "evidence": evidence,
        },
    })
}
