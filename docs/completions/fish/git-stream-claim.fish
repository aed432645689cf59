complete -c git-stream-claim -l files -d 'Own the paths that these patterns match; needs no plan' -r
complete -c git-stream-claim -l add -d 'Own these, too: patterns that nobody owns, holds or plans' -r
complete -c git-stream-claim -l from -d 'Adopt work that exists already: the stream begins at this revision' -r
complete -c git-stream-claim -l reason -d 'Why it is taken from a holder whose lease has not ended' -r
complete -c git-stream-claim -l on -d 'Stand on this stream, which is in review, until it has landed' -r
complete -c git-stream-claim -l agent -d 'Act as this agent' -r
complete -c git-stream-claim -l takeover -d 'Take it from its holder: when the lease has ended, or as a person with --reason'
complete -c git-stream-claim -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-claim -l json -d 'Print one JSON object on stdout'
complete -c git-stream-claim -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-claim -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-claim -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-claim -s V -l version -d 'Print version'
