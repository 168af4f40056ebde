# Completion of gruvictl for bash: commands, their options, and the plugins and
# levels that a gruvid that runs has.
# shellcheck shell=bash

# The sections of plugins, as the gruvid at the socket of the line has them.
_gruvictl_plugins()
{
    "$gruvictl" ${socket:+-s "$socket"} --timeout 1 config 2> /dev/null |
        sed -n 's/^\[plugin \(.*\)]$/\1/p'
}

_gruvictl()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local gruvictl=${COMP_WORDS[0]} socket='' command='' i n=0 words=''

    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --socket) socket=${COMP_WORDS[++i]} ;;
        --timeout | --by | --expect | --plugin | --limit | --seconds | --count | \
            --hub)
            ((i++))
            ;;
        -*) ;;
        *)
            if [ -z "$command" ]; then
                command=${COMP_WORDS[i]}
            else
                ((n++))
            fi
            ;;
        esac
    done
    case $before in
    -s | --socket)
        compopt -o filenames 2> /dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --plugin) words=$(_gruvictl_plugins) ;;
    --timeout | --by | --expect | --limit | --seconds | --count | --hub) return ;;
    *)
        case $word:$command:$n in
        -*:*)
            words='--socket --json --timeout --cluster --by --expect --help --version'
            [ -z "$command" ] ||
                words+=" $("$gruvictl" "$command" --help 2> /dev/null |
                    sed -n 's/^  \(--[a-z-]*\).*/\1/p')"
            ;;
        *::*)
            words=$("$gruvictl" --help 2> /dev/null |
                sed -n '/^Commands/,/^$/s/^  \([a-z-]*\) .*/\1/p')
            ;;
        *:log-level:0) words='debug info warning error default' ;;
        *:log-level:1 | *:restart:0) words=$(_gruvictl_plugins) ;;
        esac
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _gruvictl gruvictl
