# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_git_stream_receive_global_optspecs
    string join \n json q/quiet v/verbose h/help V/version
end

function __fish_git_stream_receive_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_git_stream_receive_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_git_stream_receive_using_subcommand
    set -l cmd (__fish_git_stream_receive_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -s V -l version -d 'Print version'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -f -a "pre-receive" -d 'Judge all refs of a push at once: `OLD NEW REF` on each line of stdin'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -f -a "update" -d 'Judge one ref'
complete -c git-stream-receive -n "__fish_git_stream_receive_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand pre-receive" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand pre-receive" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand pre-receive" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand pre-receive" -s h -l help -d 'Print help'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand update" -l json -d 'Print one JSON object on stdout'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand update" -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand update" -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand update" -s h -l help -d 'Print help'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand help; and not __fish_seen_subcommand_from pre-receive update help" -f -a "pre-receive" -d 'Judge all refs of a push at once: `OLD NEW REF` on each line of stdin'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand help; and not __fish_seen_subcommand_from pre-receive update help" -f -a "update" -d 'Judge one ref'
complete -c git-stream-receive -n "__fish_git_stream_receive_using_subcommand help; and not __fish_seen_subcommand_from pre-receive update help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
