# shellcheck shell=bash
# A newcomer's first plugins, with what README.md tells to install and no more: a
# user of the machine makes folders, builds and tests them, and edits what runs.
# How long that takes is printed, and no test.

home=/home/ann

# What they are built with besides libgruvi-dev; gcc is of build-essential.
author_packages='clang meson'

# author FOLDER COMMAND...: as Ann, in a folder of hers
author()
{
    local folder=$1
    shift
    inside runuser -u ann -- env -i -C "$home/$folder" HOME="$home" \
        PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

# Seconds since a time of "date +%s.%N".
since()
{
    awk -v began="$1" -v now="$(date +%s.%N)" \
        'BEGIN { printf "%.1f s\n", now - began }'
}

# finds STATUS TEXT ARGUMENT...: gruvi-check ends so, and says that; "": nothing
finds()
{
    local said status=0
    said=$(author hello sh -c 'gruvi-check "$@" 2>&1' sh "${@:3}") || status=$?
    echo "status $status: $said"
    [ $status -eq "$1" ] && [[ $said == *"$2"* ]] &&
        { [ -n "$2" ] || [ -z "$said" ]; }
}

# A plugin that blocks its hub, and how it should wait.
writes_nap()
{
    author hello tee nap.c > /dev/null << 'END'
#include <gruvid/plugin.h>
#include <unistd.h>

static GRUVI_SWITCHPOINT int
nap(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int err = (int)sleep(1);

    (void)plugin;
    return err < 0 ? err : gruvi_stream_write(stream, "awake\n", 6);
}

GRUVID_PLUGIN(nap, .connection = nap);
END
}

# With the clang-tidy that the package depends on.
checks_code()
{
    local flags
    # shellcheck disable=SC2046
    check "gruvi-tidy is installed" inside apt-get -q install -y \
        --no-install-recommends $(files gruvi-tidy)
    check "a plugin that naps" writes_nap
    read -ra flags < <(author hello pkg-config --cflags gruvid)
    check "a call that blocks is found" finds 1 gruvi-blocking nap.c -- "${flags[@]}"
    author hello sed -i 's/(int)sleep(1)/gruvi_sleep(1)/' nap.c
    check "and nothing in its place" finds 0 '' nap.c -- "${flags[@]}"
    author hello rm nap.c
    check "make compile_commands.json" author hello make -s compile_commands.json
    check "nothing is wrong with hello" finds 0 ''
    check "its manual" inside test -s /usr/share/man/man1/gruvi-check.1.gz
}

# makes NAME VARIABLE=VALUE...: a folder of hers, built and tested
makes()
{
    author "$1" make -s clean && author "$1" make -s check "${@:2}"
}

# installed_headers NAME FILE: what the plugin was made of
installed_headers()
{
    local other
    [ -s "$home/$1/.$1.d" ] || return
    other=$(tr -s ' \\:' '\n' < "$home/$1/.$1.d" |
        grep -vE "^(/usr/.*|$1\.(so|cc?))?$") || return 0
    echo "$other"
    return 1
}

builds_all()
{
    local flags='-g -O2 -Wall -Wextra -Werror' compiler standard
    for compiler in gcc clang; do
        for standard in c11 c17; do
            for name in talks answers; do
                check "$name: $compiler, $standard" makes $name CC=$compiler \
                    CFLAGS="-std=$standard $flags"
            done
        done
    done
    for compiler in g++ clang++; do
        for standard in c++17 c++20; do
            for name in talks-cxx answers-cxx; do
                check "$name: $compiler, $standard" makes $name CXX=$compiler \
                    CXXFLAGS="-std=$standard $flags"
            done
        done
    done
    for name in talks answers-cxx; do
        check "$name: meson setup" author $name meson setup build
        check "$name: meson test" author $name meson test -C build
    done
}

# --- make run ---------------------------------------------------------------

# The first command that it has printed for talking to the plugin.
how_to_talk()
{
    grep -m 1 -E '^ +(printf|curl) ' "$home/run.log"
}

# says TEXT: the plugin that runs, asked as it was told
says()
{
    author . sh -c "$(how_to_talk)" 2>&1 | grep "$1"
}

# Ends as by Ctrl-C, which all processes get; the terminal is a unit.
ends()
{
    inside systemctl kill -s INT terminal
    await fails inside systemctl is-active terminal
}

# runs NAME FILE ANSWER: "make run", and an edit of its greeting
runs()
{
    local name=$1 began
    began=$(date +%s.%N)
    rm -f "$home/run.log"
    inside systemd-run -q --unit terminal --collect -p User=ann \
        -p WorkingDirectory="$home/$name" -p StandardOutput="file:$home/run.log" \
        -p StandardError="file:$home/run.log" make -s run
    check "$name: make run" await how_to_talk
    check "$name: the first answer" await says "Hello, $3!"
    echo "$name: make run, and its first answer: $(since "$began")"
    began=$(date +%s.%N)
    author "$name" sed -i 's/"Hello"/"Ahoy"/' "$2"
    check "$name: an edit that is saved" await says "Ahoy, $3!"
    echo "$name: an edit, and its answer: $(since "$began")"
    check "$name: Ctrl-C" ends
    [ $failed -eq 0 ] || cat "$home/run.log"
}

# ----------------------------------------------------------------------------

first_plugins()
{
    local began
    inside useradd --create-home ann
    began=$(date +%s.%N)
    check "new hello" author . gruvid-plugin new hello
    check "hello: make check" author hello make -s check
    check "hello: installed headers only" installed_headers hello
    echo "from nothing to a plugin that is tested: $(since "$began")"
    runs hello hello.c hello
    check "new --request" author . gruvid-plugin new answers --request
    check "new --cxx" author . gruvid-plugin new talks-cxx --cxx
    check "new --request --cxx" author . gruvid-plugin new answers-cxx \
        --request --cxx
    runs answers answers.c you
    runs talks-cxx talks-cxx.cc hello
    runs answers-cxx answers-cxx.cc you
    # shellcheck disable=SC2086 # a list of words
    check "other compilers are installed" inside apt-get -q install -y \
        --no-install-recommends $author_packages
    check "new talks" author . gruvid-plugin new talks
    for name in answers.c talks-cxx.cc answers-cxx.cc; do
        author "${name%.*}" sed -i 's/"Ahoy"/"Hello"/' $name
    done
    builds_all
    checks_code
    check "the user goes" inside userdel --remove ann
}
