complete -c git-stream-inbox -l agent -d 'Who is calling [default: found out]' -r
complete -c git-stream-inbox -l json -d 'Print one JSON object on stdout'
complete -c git-stream-inbox -s q -l quiet -d 'Say nothing but the answer and errors'
complete -c git-stream-inbox -s v -l verbose -d 'Say more about what is done'
complete -c git-stream-inbox -s h -l help -d 'Print help (see more with \'--help\')'
complete -c git-stream-inbox -s V -l version -d 'Print version'
