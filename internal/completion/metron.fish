# Completes metron in fish; where metron has no words, the names of files.
function __metron_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l found ($words[1] completion words -- $words[2..-1] 2>/dev/null)
	if set -q found[1]
		string join \n -- $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c metron -f -k -a '(__metron_complete)'
