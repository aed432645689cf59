# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_git_stream_global_optspecs
    string join \n h/help
end

function __fish_git_stream_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_git_stream_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_git_stream_using_subcommand
    set -l cmd (__fish_git_stream_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c git-stream -n "__fish_git_stream_needs_command" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "exec" -d 'Take a stream and run a command or a shell in it'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "status" -d 'Show every stream, and what needs somebody'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "sync" -d 'Rebase a stream onto its base, or stop before anything is touched'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "land" -d 'Bring a finished stream onto the base, verified and checked'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "inbox" -d 'Show the questions that wait for a person'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "log" -d 'Show what has happened, newest first'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "undo" -d 'Take one\'s last operation back, or roll a stream back'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "resolve" -d 'Finish a stopped sync in a worktree of its own'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "release" -d 'Give a stream back; unlanded work is kept and named'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "init" -d 'Set a repository up for streams; safe to run again'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "plan" -d 'Check the plan before it is committed'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "doctor" -d 'Prove that every layer works, name what is wrong, and mend it'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "claim" -d 'Take a stream and print its worktree'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "path" -d 'Print a stream\'s worktree'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "progress" -d 'Say how far a stream is: complete, failed, or in work after all'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "guard" -d 'Ask whether a change stays inside its stream'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "verify" -d 'Judge a stream\'s whole history, and record what is found'
complete -c git-stream -n "__fish_git_stream_needs_command" -f -a "receive" -d 'Judge a push, as a hook of the repository that is pushed to'
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -l files -d 'Own the paths that these patterns match, if the plan does not say' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -l busy-status -d 'End with this status instead of 4 where the stream is busy' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand exec" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand status" -l markdown -d 'Print Markdown'
complete -c git-stream -n "__fish_git_stream_using_subcommand status" -l forecast -d 'Say which of the held streams would conflict if they landed now, and where'
complete -c git-stream -n "__fish_git_stream_using_subcommand status" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand status" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand status" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -l all -d 'Every stream of the caller on this machine, one after the other'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -l others -d 'With --all: those of others on this machine, too; for a person'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -l now -d 'With --all: also where somebody is at work'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -l autostash -d 'Keep uncommitted work that is in the way, and put it back afterwards'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -l all -d 'Every stream that is complete, as one batch with one check'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -l watch -d 'Stay, and land whatever becomes complete, until a signal comes'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -s n -l dry-run -d 'Say what would happen, without running the check, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand land" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand inbox" -l agent -d 'Who is calling [default: found out]' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand inbox" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand inbox" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand inbox" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand inbox" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -l agent -d 'Only what this agent, or this person, has done' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -l since -l after -d 'Only what is newer, as `git log` takes it: `2 days ago`, `2026-01-02`' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -l until -l before -d 'Only what is older' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -s n -l max-count -d 'Show at most so many' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -l op -d 'Only this operation, with all its steps; the beginning of its id is enough' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -l kept -d 'Show what is kept instead: safety refs and the trash, and how each is brought back'
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand log" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -l op -d 'This operation; the beginning of its id is enough' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -l to -d 'Roll the stream back to this commit' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand undo" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -l done -d 'Move the stream to what was resolved'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -l abort -d 'Give it up; what was resolved so far is kept under a ref'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand resolve" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand release" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand release" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand release" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand release" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand release" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand release" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l base -d 'Let streams start from this branch' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l private -d 'Keep the plan inside the git directory, for trying it alone'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l approve -d 'Approve the commands of the plan as they stand (a person only)'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l accept -d 'Trust the base branch as it stands now, although it was rewritten (a person only)'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l strict -d 'Judge every move of a stream\'s branch, by whatever command: git starts a hook five to seven times in each commit, and for each ref that is fetched; later runs keep it'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l no-strict -d 'Do so no more (a person only)'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l server -d 'Judge what is pushed to this repository: only the hook `pre-receive` is written'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l uninstall -d 'Take the hooks and the include out again; branches, worktrees and the ledger stay'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand init" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand plan" -l digest -d 'Print the digest of the plan\'s commands, for `GIT_STREAM_APPROVED`'
complete -c git-stream -n "__fish_git_stream_using_subcommand plan" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand plan" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand plan" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand plan" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -l reason -d 'Why the caller\'s own streams on another machine come here before their lease has ended (a person only)' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -l repair -d 'Mend what can be mended without asking anybody'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -l compact -d 'Shorten the ledger\'s chain; what it was so far is kept apart (a person only)'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -s n -l dry-run -d 'Change nothing at all: the guard is not tried, and nothing is mended'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l files -d 'Own the paths that these patterns match; needs no plan' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l add -d 'Own these, too: patterns that nobody owns, holds or plans' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l from -d 'Adopt work that exists already: the stream begins at this revision' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l reason -d 'Why it is taken from a holder whose lease has not ended' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l on -d 'Stand on this stream, which is in review, until it has landed' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l takeover -d 'Take it from its holder: when the lease has ended, or as a person with --reason'
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand claim" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand path" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand path" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand path" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand path" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -s m -l message -d 'Why, in words, for the log' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -l agent -d 'Act as this agent' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -l complete -d 'It is complete, and may land'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -l failed -d 'It cannot be done'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -l working -d 'There is more to do after all; takes a stream out of review'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand progress" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand guard" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand guard" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand guard" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand guard" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand verify" -l tip -d 'Judge the history of this commit instead of the branch' -r
complete -c git-stream -n "__fish_git_stream_using_subcommand verify" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand verify" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand verify" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand verify" -s h -l help -d 'Print help'
complete -c git-stream -n "__fish_git_stream_using_subcommand receive" -l json -d 'Print one JSON object on stdout'
complete -c git-stream -n "__fish_git_stream_using_subcommand receive" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream -n "__fish_git_stream_using_subcommand receive" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream -n "__fish_git_stream_using_subcommand receive" -s h -l help -d 'Print help'
