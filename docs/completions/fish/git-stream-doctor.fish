complete -c git-stream-doctor -l reason -d 'Why the caller\'s own streams on another machine come here before their lease has ended (a person only)' -r
complete -c git-stream-doctor -l agent -d 'Act as this agent' -r
complete -c git-stream-doctor -l repair -d 'Mend what can be mended without asking anybody'
complete -c git-stream-doctor -l compact -d 'Shorten the ledger\'s chain; what it was so far is kept apart (a person only)'
complete -c git-stream-doctor -s n -l dry-run -d 'Change nothing at all: the guard is not tried, and nothing is mended'
complete -c git-stream-doctor -l json -d 'Print one JSON object on stdout'
complete -c git-stream-doctor -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-doctor -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-doctor -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-doctor -s V -l version -d 'Print version'
