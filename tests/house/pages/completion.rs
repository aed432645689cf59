//! Do the completions offer what the programs take?

use clap_complete::Shell;
use git_stream::cli::dispatch::VERBS;

use super::{hold, pages};
use crate::support::Sandbox;

/// `git stream`, with its verbs as subcommands: only completions see it so.
fn dispatcher() -> clap::Command {
    let order = VERBS.iter().flat_map(|(_, verbs)| *verbs);
    let mut all = clap::Command::new("git-stream").disable_help_subcommand(true);
    for known in order {
        let name = format!("git-stream-{}", known.verb);
        let page = pages()
            .into_iter()
            .find(|page| page.command.get_name() == name);
        if let Some(page) = page {
            // Not the verb's own command, which knows itself by the name of its program.
            let verb = clap::Command::new(known.verb)
                .about(known.summary)
                .args(page.command.get_arguments().cloned());
            all = all.subcommand(verb);
        }
    }
    all
}

fn generated(shell: Shell, mut command: clap::Command) -> String {
    let name = command.get_name().to_owned();
    // The dashed name is what shells see; git's own form has a space in it.
    command = command.bin_name(name.clone());
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut text);
    // In bash's, the labels of subcommands disagree about a '-' in the program's name.
    let text = String::from_utf8(text).unwrap();
    let text = text.replace("git__subcmd__stream__subcmd__", "git__stream__subcmd__");
    let lines = text.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}

/// What git's own completion calls for `git stream-claim`, or for `git stream`: it hands over the
/// words of its command line, which begin with `git` and git's own options.
fn adapter(name: &str) -> String {
    let function = name.replace('-', "_");
    let generated = name.replace('-', "__");
    format!(
        "
_{function}() {{
    local at=${{__git_cmd_idx:-1}}
    local COMP_WORDS=({name} \"${{words[@]:at+1}}\")
    local COMP_CWORD=$((cword - at))
    _{generated} {name} \"$cur\" \"$prev\"
}}
"
    )
}

fn hold_all(command: &clap::Command) {
    let name = command.get_name();
    let bash = generated(Shell::Bash, command.clone()) + &adapter(name);
    hold(&format!("docs/completions/bash/{name}"), &bash);
    let zsh = generated(Shell::Zsh, command.clone());
    hold(&format!("docs/completions/zsh/_{name}"), &zsh);
    let fish = generated(Shell::Fish, command.clone());
    hold(&format!("docs/completions/fish/{name}.fish"), &fish);
}

#[test]
fn every_completion_is_what_the_program_takes() {
    hold_all(&dispatcher());
    for page in pages() {
        hold_all(&page.command);
    }
}

/// What bash would offer, with the words as git's completion has them.
fn offered(name: &str, words: &[&str]) -> Vec<String> {
    let sandbox = Sandbox::empty();
    let script = format!(
        "complete() {{ :; }}\n. \"$1\"\nshift\nwords=(\"$@\")\ncword=$(($# - 1))\n\
         cur=${{words[cword]}} prev=${{words[cword-1]}} __git_cmd_idx=1\n\
         _{}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        name.replace('-', "_")
    );
    let file = super::top().join(format!("docs/completions/bash/{name}"));
    let args = ["-c", &script, "bash", file.to_str().unwrap()];
    let ran = sandbox.program("bash", args.iter().chain(words)).go();
    assert_eq!(ran.status(), 0, "{}", ran.block());
    ran.stdout().lines().map(str::to_owned).collect()
}

#[test]
fn git_hands_its_words_over_to_bash() {
    let verbs = offered("git-stream", &["git", "stream", ""]);
    assert!(verbs.contains(&"status".to_owned()), "{verbs:?}");
    assert_eq!(offered("git-stream", &["git", "stream", "sta"]), ["status"]);
    let nested = offered("git-stream", &["git", "stream", "status", "--mark"]);
    assert_eq!(nested, ["--markdown"]);
    let dashed = offered("git-stream-status", &["git", "stream-status", "--mark"]);
    assert_eq!(dashed, ["--markdown"]);
}
