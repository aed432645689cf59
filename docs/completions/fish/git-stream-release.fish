complete -c git-stream-release -l agent -d 'Act as this agent' -r
complete -c git-stream-release -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-release -l json -d 'Print one JSON object on stdout'
complete -c git-stream-release -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-release -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-release -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-release -s V -l version -d 'Print version'
