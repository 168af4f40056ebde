#!/bin/sh
#
# nats-server 2.9.10: a killed server delivers again what nobody has given up
#
# Expected: a durable consumer on files knows what it has delivered.  After a
# crash, messages that wait for their acknowledgement come again when ack_wait is
# over, here in 1,000 seconds.
#
# Seen: the state of a consumer is written a little after each delivery.  A server
# that is killed in between (SIGKILL, as out of memory) has forgotten the delivery:
# the message comes again at once, counted as its first delivery, while the worker
# that has it is busy with it.  After SIGTERM that does not happen.
#
# Do: a worker that must not do work twice keeps a record of its own.  Neither a long
# ack_wait nor a first number of deliveries says that nobody has the message.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v python3 > /dev/null || { echo "there is no python3"; exit 77; }
apt-get -q download nats-server=2.9.10-1+b3 > log 2>&1 || { cat log; exit 77; }
dpkg -x nats-server_*.deb sys
server=$(find "$work/sys" -type f -name nats-server -perm -u+x)
"$server" --version > log 2>&1 || { cat log; exit 77; }

cat > client.py << 'END'
import ctypes, json, os, re, signal, socket, subprocess, sys, time

server, folder = sys.argv[1:3]

def start():
    for name in os.listdir(folder + "/ports"):
        os.unlink(folder + "/ports/" + name)
    process = subprocess.Popen(
        [server, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder + "/store",
         "--ports_file_dir", folder + "/ports"],
        # It ends with this program.
        preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = None
    while port is None:
        if process.poll() is not None:
            sys.exit(77)
        for name in os.listdir(folder + "/ports"):
            found = re.search(r"127\.0\.0\.1:(\d+)",
                              open(folder + "/ports/" + name).read())
            port = found and int(found.group(1))
        time.sleep(0.02)
    return process, Client(port)

class Client:
    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.file.readline()
        self.send('CONNECT {"verbose":false,"headers":true,"no_responders":true}')
        self.send("SUB box 1")

    def send(self, line, data=None):
        self.file.write(line.encode() + b"\r\n")
        if data is not None:
            self.file.write(data.encode() + b"\r\n")
        self.file.flush()

    # The next message: its reply and its data.
    def message(self):
        while True:
            words = self.file.readline().split()
            if words[:1] == [b"PING"]:
                self.send("PONG")
            elif words[:1] in ([b"MSG"], [b"HMSG"]):
                data = self.file.read(int(words[-1]) + 2)
                reply = words[3].decode() if len(words) > (
                    4 if words[0] == b"MSG" else 5) else ""
                return reply, data

    def ask(self, subject, value):
        text = value if isinstance(value, str) else json.dumps(value)
        self.send("PUB %s box %d" % (subject, len(text)), text)
        return self.message()

    def pull(self):
        return self.ask("$JS.API.CONSUMER.MSG.NEXT.S.C",
                        {"batch": 1, "no_wait": True})[0]

def end(process, how):
    process.send_signal(how)
    process.wait()

# Whether a message that was delivered comes again after the server's end.
def again(how):
    process, client = start()
    client.ask("$JS.API.STREAM.DELETE.S", "")
    client.ask("$JS.API.STREAM.CREATE.S", {
        "name": "S", "subjects": ["s"], "storage": "file",
        "retention": "workqueue"})
    client.ask("$JS.API.CONSUMER.DURABLE.CREATE.S.C", {
        "stream_name": "S", "config": {
            "durable_name": "C", "ack_policy": "explicit",
            "ack_wait": 1000 * 10**9}})
    client.ask("s", "work")
    time.sleep(0.3) # what was made is on the disk
    first = client.pull()
    assert first.startswith("$JS.ACK.S.C.1."), first
    end(process, how)
    process, client = start()
    second = client.pull()
    end(process, signal.SIGKILL)
    return second if second.startswith("$JS.ACK.") else ""

for n in range(10):
    if again(signal.SIGTERM):
        print("it comes again after an orderly end")
        sys.exit(1)
for n in range(100):
    second = again(signal.SIGKILL)
    if second:
        print("killed after its delivery %d times; then it came again at once"
              % (n + 1))
        print("its number of deliveries: " + second.split(".")[4])
        sys.exit(0 if second.split(".")[4] == "1" else 1)
print("it does not come again")
sys.exit(1)
END
mkdir ports
python3 client.py "$server" "$work"
