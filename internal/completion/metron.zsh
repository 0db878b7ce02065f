#compdef metron
# Completes metron in zsh; where metron has no words, the names of files.
_metron() {
	local -a found
	found=("${(@f)$($words[1] completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n $found[1] ]]; then
		compadd -V metron -a found
	else
		_files
	fi
}
if [[ $funcstack[1] == _metron ]]; then
	_metron
else
	compdef _metron metron
fi
