complete -c git-stream-log -l agent -d 'Only what this agent, or this person, has done' -r
complete -c git-stream-log -l since -l after -d 'Only what is newer, as `git log` takes it: `2 days ago`, `2026-01-02`' -r
complete -c git-stream-log -l until -l before -d 'Only what is older' -r
complete -c git-stream-log -s n -l max-count -d 'Show at most so many' -r
complete -c git-stream-log -l op -d 'Only this operation, with all its steps; the beginning of its id is enough' -r
complete -c git-stream-log -l kept -d 'Show what is kept instead: safety refs and the trash, and how each is brought back'
complete -c git-stream-log -l json -d 'Print one JSON object on stdout'
complete -c git-stream-log -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-log -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-log -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-log -s V -l version -d 'Print version'
