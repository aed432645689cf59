# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_git_stream_guard_global_optspecs
    string join \n json q/quiet v/verbose h/help V/version
end

function __fish_git_stream_guard_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_git_stream_guard_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_git_stream_guard_using_subcommand
    set -l cmd (__fish_git_stream_guard_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -s V -l version -d 'Print version'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -f -a "staged" -d 'Ask about what is staged'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -f -a "range" -d 'Ask about every commit of a range; BASE is trusted as it is'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -f -a "paths" -d 'Ask about paths, whether or not they exist'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -f -a "unstage" -d 'Take what the guard refuses out of the index; files keep their content'
complete -c git-stream-guard -n "__fish_git_stream_guard_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand staged" -l stream -d 'Ask for this stream: what it holds, else what the plan gives it' -r
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand staged" -l files -d 'Ask for the owner of these patterns' -r
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand staged" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand staged" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand staged" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand staged" -s h -l help -d 'Print help'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -l stream -d 'Ask for this stream: what it holds, else what the plan gives it' -r
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -l files -d 'Ask for the owner of these patterns' -r
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -l outsider -d 'The commits belong to no stream: ask which held streams they touch'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand range" -s h -l help -d 'Print help'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand paths" -l stream -d 'Ask for this stream: what it holds, else what the plan gives it' -r
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand paths" -l files -d 'Ask for the owner of these patterns' -r
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand paths" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand paths" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand paths" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand paths" -s h -l help -d 'Print help'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand unstage" -s n -l dry-run -d 'Only say what would be taken out'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand unstage" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand unstage" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand unstage" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand unstage" -s h -l help -d 'Print help'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand help; and not __fish_seen_subcommand_from staged range paths unstage help" -f -a "staged" -d 'Ask about what is staged'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand help; and not __fish_seen_subcommand_from staged range paths unstage help" -f -a "range" -d 'Ask about every commit of a range; BASE is trusted as it is'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand help; and not __fish_seen_subcommand_from staged range paths unstage help" -f -a "paths" -d 'Ask about paths, whether or not they exist'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand help; and not __fish_seen_subcommand_from staged range paths unstage help" -f -a "unstage" -d 'Take what the guard refuses out of the index; files keep their content'
complete -c git-stream-guard -n "__fish_git_stream_guard_using_subcommand help; and not __fish_seen_subcommand_from staged range paths unstage help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
