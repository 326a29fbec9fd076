# fish completion for kizil: the program says what a word may become; fish adds files.
complete -c kizil -a '(kizil --help=complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
