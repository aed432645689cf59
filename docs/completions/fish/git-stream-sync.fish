complete -c git-stream-sync -l agent -d 'Act as this agent' -r
complete -c git-stream-sync -l all -d 'Every stream of the caller on this machine, one after the other'
complete -c git-stream-sync -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-sync -l json -d 'Print one JSON object on stdout'
complete -c git-stream-sync -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-sync -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-sync -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-sync -s V -l version -d 'Print version'
