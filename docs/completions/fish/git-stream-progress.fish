complete -c git-stream-progress -s m -l message -d 'Why, in words, for the log' -r
complete -c git-stream-progress -l agent -d 'Act as this agent' -r
complete -c git-stream-progress -l complete -d 'It is complete, and may land'
complete -c git-stream-progress -l failed -d 'It cannot be done'
complete -c git-stream-progress -l working -d 'There is more to do after all; takes a stream out of review'
complete -c git-stream-progress -s n -l dry-run -d 'Say what would happen, and change nothing'
complete -c git-stream-progress -l json -d 'Print one JSON object on stdout'
complete -c git-stream-progress -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-progress -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-progress -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-progress -s V -l version -d 'Print version'
