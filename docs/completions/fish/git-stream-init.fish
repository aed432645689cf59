complete -c git-stream-init -l base -d 'Let streams start from this branch' -r
complete -c git-stream-init -l agent -d 'Act as this agent' -r
complete -c git-stream-init -l private -d 'Keep the plan inside the git directory, for trying it alone'
complete -c git-stream-init -l approve -d 'Approve the commands of the plan as they stand (a person only)'
complete -c git-stream-init -l accept -d 'Trust the base branch as it stands now, although it was rewritten (a person only)'
complete -c git-stream-init -l server -d 'Judge what is pushed to this repository: only the hook `pre-receive` is written'
complete -c git-stream-init -l uninstall -d 'Take the hooks and the include out again; branches, worktrees and the ledger stay'
complete -c git-stream-init -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-init -l json -d 'Print one JSON object on stdout'
complete -c git-stream-init -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-init -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-init -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-init -s V -l version -d 'Print version'
