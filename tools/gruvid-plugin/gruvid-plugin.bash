# Completion of gruvid-plugin for bash: commands, their options and files.
# shellcheck shell=bash

_gruvid_plugin()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local words=''

    COMPREPLY=()
    case $COMP_CWORD:${COMP_WORDS[1]} in
    1:*) words='new run watch check --help --version' ;;
    *:new) words='--cxx --request' ;;
    *)
        case $before:$word in
        -c:* | --make:*) ;;
        *:-*) words='-c --make' ;;
        esac
        if [ -z "$words" ]; then
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _gruvid_plugin gruvid-plugin
