# bash completion for paravent(8)

_paravent()
{
	local cur prev words cword
	_init_completion -n = || return
	local commands='serve check status drain link key staff webhook log rebuild backup restore
		version help'
	local command=${words[1]} sub=${words[2]} options='--config --state-dir --help'

	case $prev in
	-c | --config)
		_filedir conf
		return
		;;
	-s | --state-dir)
		_filedir -d
		return
		;;
	-l | --listen | --timeout | --head | --from | --to | --keep | -n)
		return
		;;
	--scope)
		COMPREPLY=($(compgen -W 'create read audit create,read create,read,audit' -- "$cur"))
		return
		;;
	--role)
		COMPREPLY=($(compgen -W 'host audit admin' -- "$cur"))
		return
		;;
	--format)
		COMPREPLY=($(compgen -W 'jsonl csv' -- "$cur"))
		return
		;;
	esac
	if ((cword == 1)); then
		COMPREPLY=($(compgen -W "$commands" -- "$cur"))
		return
	fi
	case $command:$sub in
	serve:*) options+=' --listen' ;;
	check:*) options='--config --print --help' ;;
	status:*) options+=' --json' ;;
	drain:*) options+=' --timeout --off' ;;
	link:*) options='--config --listen --help' ;;
	key:add) options+=' --scope --json' ;;
	staff:add) options+=' --role --json' ;;
	staff:list | staff:invite) options+=' --json' ;;
	key:list | webhook:list | webhook:test) options+=' --json' ;;
	webhook:replay) options+=' --from' ;;
	log:verify) options+=' --head --json' ;;
	log:head) options+=' --json' ;;
	log:export) options+=' --format --from --to' ;;
	log:tail) options+=' --follow' ;;
	rebuild:*) options+=' --json' ;;
	backup:*) options+=' --without-keys --keep --json' ;;
	restore:*) options+=' --force --json' ;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
		return
	fi
	if ((cword == 2)); then
		case $command in
		key) COMPREPLY=($(compgen -W 'add list revoke' -- "$cur")) ;;
		staff)
			COMPREPLY=($(compgen -W 'add list invite role passwd disable enable signout
				remove' -- "$cur"))
			;;
		webhook) COMPREPLY=($(compgen -W 'list test replay' -- "$cur")) ;;
		log) COMPREPLY=($(compgen -W 'verify head export tail' -- "$cur")) ;;
		esac
	fi
	case $command in
	backup | restore) _filedir -d ;;
	esac
} && complete -F _paravent paravent
