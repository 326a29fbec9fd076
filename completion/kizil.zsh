#compdef kizil
# zsh completion for kizil: the program says what a word may become; where it says nothing, files.
local line
local -a offers
for line in "${(@f)$("$words[1]" --help=complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
  [[ -n $line ]] && offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
done
if (( $#offers )); then
  _describe -t words 'kizil' offers
else
  _files
fi
