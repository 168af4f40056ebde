# shellcheck shell=bash
# A systemd that runs as process 1 of namespaces of its own, and checks of gruvid
# as its service: what the scripts here share.

[ "$PWD" = /gruvi ] || {
    echo "this runs in a chroot: tests/system/debian trixie $0"
    exit 77
}

passed=0
failed=0
patience=30 # seconds
machine= # process 1 of it, seen from here

# check WHAT COMMAND...: its output is shown if it fails.
check()
{
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL: %s: %s\n%s\n' "$what" "$*" "$output"
        [ -z "$machine" ] ||
            inside journalctl -b --no-pager -n 15 -o cat -u gruvid || true
    fi
}

fails()
{
    ! "$@"
}

# Until a command succeeds.
await()
{
    local end=$((SECONDS + patience))
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { "$@"; return; }
        sleep 0.1
    done
}

summary()
{
    echo "Testsuite summary: $passed passed, $failed failed"
    [ $failed -eq 0 ]
}

# --- the machine ------------------------------------------------------------

# Nothing that it does reaches the kernel of the machine: it sees its own
# processes and folders, and may not write settings.  Its network is a loopback,
# where the ports of the configuration are free.
boot()
{
    set -eu
    mount --make-rprivate /
    mount -t proc proc /proc
    mount --bind /proc/sys /proc/sys
    mount -o remount,bind,ro /proc/sys
    mount -t tmpfs tmpfs /run
    mountpoint -q /sys || mount -t sysfs -o ro sysfs /sys
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    for unit in systemd-sysctl systemd-modules-load systemd-remount-fs \
        systemd-udevd systemd-binfmt systemd-random-seed; do
        mkdir -p /run/systemd/system
        ln -s /dev/null "/run/systemd/system/$unit.service"
    done
    export container=other
    exec /lib/systemd/systemd --system --unit=basic.target --show-status=no
}

outside= # what holds the machine
begin_machine()
{
    local log=/tmp/machine.log
    # A group of its own ends with it, whatever it has started.
    unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child \
        "$BASH" tests/system/machine.sh > "$log" 2>&1 &
    outside=$!
    trap 'kill -9 $outside 2> /dev/null || true' EXIT
    await find_machine
    await inside systemctl is-active -q basic.target || {
        cat "$log"
        echo "systemd: it does not run here"
        exit 77
    }
}

find_machine()
{
    # The file has no newline at its end.
    read -r machine < "/proc/$outside/task/$outside/children" || true
    [ -n "$machine" ]
}

inside()
{
    nsenter -t "$machine" -p -m -u -i -n -C -r -w "$@"
}

# --- gruvid -----------------------------------------------------------------

# One line to echo and back.
talk()
{
    [ "$(printf 'hello\n' | inside nc -N -w "$patience" 127.0.0.1 "$1")" = hello ]
}

property()
{
    inside systemctl show -P "$1" gruvid
}

# has PROPERTY PATTERN
has()
{
    local value
    value=$(property "$1")
    # shellcheck disable=SC2053
    [[ $value == $2 ]] || { echo "$1 is $value"; return 1; }
}

[ "$0" != "${BASH_SOURCE[0]}" ] || boot
