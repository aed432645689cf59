complete -c git-stream-undo -l op -d 'This operation; the beginning of its id is enough' -r
complete -c git-stream-undo -l to -d 'Roll the stream back to this commit' -r
complete -c git-stream-undo -l agent -d 'Act as this agent' -r
complete -c git-stream-undo -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-undo -l json -d 'Print one JSON object on stdout'
complete -c git-stream-undo -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-undo -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-undo -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-undo -s V -l version -d 'Print version'
