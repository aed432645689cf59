complete -c git-stream-resolve -l agent -d 'Act as this agent' -r
complete -c git-stream-resolve -l done -d 'Move the stream to what was resolved'
complete -c git-stream-resolve -l abort -d 'Give it up; what was resolved so far is kept under a ref'
complete -c git-stream-resolve -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-resolve -l json -d 'Print one JSON object on stdout'
complete -c git-stream-resolve -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-resolve -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-resolve -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-resolve -s V -l version -d 'Print version'
