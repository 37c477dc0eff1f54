# bash completion of wardenctl(1)

_wardenctl() {
	local cur prev words cword
	_init_completion -n = 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	}
	if [ "$cword" -eq 1 ]; then
		local commands='check explain lint test diff who-may log who-called suggest generate'
		mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
		return
	fi
	case $prev in
	--config | --actions | --from) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--user | --peer-user) mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
	--group | --peer-group) mapfile -t COMPREPLY < <(compgen -g -- "$cur"); return ;;
	--by) mapfile -t COMPREPLY < <(compgen -W 'user unit' -- "$cur"); return ;;
	--type)
		mapfile -t COMPREPLY < <(compgen -W 'method_call method_return error signal' -- "$cur")
		return
		;;
	--unit | --peer-unit)
		mapfile -t COMPREPLY < <(compgen -W "$(systemctl list-units --all --plain --no-legend 2>/dev/null |
			cut -d' ' -f1)" -- "$cur")
		return
		;;
	--polkit) mapfile -t COMPREPLY < <(compgen -W 'authorised refused' -- "$cur"); return ;;
	--reply) mapfile -t COMPREPLY < <(compgen -W 'requested unrequested' -- "$cur"); return ;;
	--fail-on) mapfile -t COMPREPLY < <(compgen -W 'error warning note never' -- "$cur"); return ;;
	esac
	if [[ $cur == -* ]]; then
		# the help lists the options of each command
		mapfile -t COMPREPLY < <(compgen -W "$(wardenctl "${words[1]}" --help 2>/dev/null |
			sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$cur")
		return
	fi
	case ${words[1]} in
	lint | test | diff) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}
complete -F _wardenctl wardenctl
