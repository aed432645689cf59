complete -c git-stream-verify -l tip -d 'Judge the history of this commit instead of the branch' -r
complete -c git-stream-verify -l json -d 'Print one JSON object on stdout'
complete -c git-stream-verify -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-verify -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-verify -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-verify -s V -l version -d 'Print version'
