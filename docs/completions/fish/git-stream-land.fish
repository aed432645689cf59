complete -c git-stream-land -l agent -d 'Act as this agent' -r
complete -c git-stream-land -l all -d 'Every stream that is complete, as one batch with one check'
complete -c git-stream-land -l watch -d 'Stay, and land whatever becomes complete, until a signal comes'
complete -c git-stream-land -s n -l dry-run -d 'Say what would happen, without running the check, and change nothing'
complete -c git-stream-land -l json -d 'Print one JSON object on stdout'
complete -c git-stream-land -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-land -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-land -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-land -s V -l version -d 'Print version'
