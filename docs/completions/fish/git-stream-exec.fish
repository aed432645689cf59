complete -c git-stream-exec -l files -d 'Own the paths that these patterns match, if the plan does not say' -r
complete -c git-stream-exec -l agent -d 'Act as this agent' -r
complete -c git-stream-exec -l busy-status -d 'End with this status instead of 4 where the stream is busy' -r
complete -c git-stream-exec -l json -d 'Print one JSON object on stdout'
complete -c git-stream-exec -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-exec -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-exec -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-exec -s V -l version -d 'Print version'
