"""stage - plays one case on one bus and tells, for each client, all that it received, in order.

Nothing here depends on what a policy lets through. Serials are those that the script gives, unique
names are counted instead of asked for, and what a client sends ends with a Ping that has no
destination: the bus answers it whatever its rules are, and after everything before it. So whoever
acts next acts on a bus that is done with what was before.
"""

import array
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import harness
from wire import CALL, DRIVER, DRIVER_PATH, PEER, RETURN, Message, message_size, parse

# seconds; only a bus that hangs makes anybody wait that long
PATIENCE = 8.0
# serials of barriers; those of messages are smaller
PONG = 1000000
NOBODY = ":1.999999"


class Hang(Exception):
    pass


class Identity:
    """A process of these credentials that connects wherever it is told, as the bus may look at the
    process behind a connection. With uid None it is what we are."""

    def __init__(self, uid, gid, groups):
        self.uid = os.geteuid() if uid is None else uid
        self.near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                keep = far.fileno()
                os.closerange(3, keep)
                os.closerange(keep + 1, 4096)
                if uid is not None:
                    os.setgroups(groups)
                    os.setresgid(gid, gid, gid)
                    os.setresuid(uid, uid, uid)
                self.serve(far)
            finally:
                os._exit(0)
        far.close()
        harness.ours.add(self.pid)

    def serve(self, far):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while path := far.recv(256):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.connect(path)
            socket.send_fds(far, [b"+"], [sock.fileno()])
            sock.close()

    def connect(self, path):
        self.near.send(path.encode())
        return socket.socket(fileno=socket.recv_fds(self.near, 1, 1)[1][0])

    def end(self):
        self.near.close()
        os.waitpid(self.pid, 0)
        harness.ours.discard(self.pid)


class Actor:
    """A client of the script. heard: everything it received, as comparable tuples."""

    def __init__(self, sock, takes_fds):
        self.sock = sock
        self.sock.setblocking(False)
        self.takes_fds = takes_fds
        self.poll = select.poll()
        self.poll.register(sock, select.POLLIN)
        self.buffer = bytearray()
        self.talks = False
        self.ended = False
        self.pending = bytearray()
        self.pong = 0
        self.quiet = False
        self.fds = 0
        self.heard = []

    def write(self, data, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        view = memoryview(data)
        while view and not self.ended:
            try:
                view = view[self.sock.sendmsg([view], ancillary, socket.MSG_NOSIGNAL) :]
                ancillary = []
            except BlockingIOError:
                self.wait(time.monotonic() + PATIENCE)
            except (BrokenPipeError, ConnectionResetError):
                self.fill()
                self.end()

    def flush(self):
        data, self.pending = self.pending, bytearray()
        self.write(data)

    def say(self, data, fds):
        """Queues a message; one that carries descriptors goes out by itself."""
        if not fds:
            self.pending += data
            return
        self.flush()
        self.write(data, fds)

    def settle(self, serial, quiet=False):
        """Sends what is queued and waits until the bus is done with it. quiet: where what others
        did may be met before or after the answer."""
        self.quiet = quiet
        ping = Message(CALL, serial=PONG + serial, path="/", interface=PEER, member="Ping")
        self.pending += ping.pack()
        self.flush()
        deadline = time.monotonic() + PATIENCE
        while self.pong != PONG + serial and not self.ended:
            self.wait(deadline)

    def end(self):
        if not self.ended:
            self.heard.append(("closed",))
            self.ended = True

    def wait(self, deadline):
        if not self.poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise Hang()
        self.fill()

    def fill(self):
        try:
            data, ancillary, _, _ = self.sock.recvmsg(262144, socket.CMSG_SPACE(1024))
        except BlockingIOError:
            return
        except ConnectionResetError:
            data, ancillary = b"", []
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds = array.array("i", content[: len(content) & ~3])
                self.fds += len(fds)
                for fd in fds:
                    os.close(fd)
        if not data:
            self.end()
            return
        self.buffer += data
        if not self.talks:
            # two lines, or one where descriptors were not asked for, before messages begin
            lines = 1 + self.takes_fds
            if self.buffer.count(b"\r\n") < lines:
                return
            for _ in range(lines):
                line, _, rest = self.buffer.partition(b"\r\n")
                self.heard.append(("line", bytes(line).split(b" ")[0].decode()))
                self.buffer = rest
            self.talks = True
        self.split()

    def split(self):
        at = 0
        data = bytes(self.buffer)
        while size := message_size(data[at : at + 16]):
            if at + size > len(data):
                break
            self.hear(parse(data[at : at + size]))
            at += size
        del self.buffer[:at]

    def hear(self, m):
        if m.type == RETURN and (m.reply_serial or 0) >= PONG:
            self.pong = m.reply_serial
            if not self.quiet:
                self.heard.append(("pong", m.reply_serial - PONG))
            return
        told = (m.type, m.flags, m.sender, 0 if m.sender in (None, DRIVER) else m.serial, m.reply_serial or 0)
        told += (m.path, m.interface, m.member, m.error, m.destination, m.signature, m.unix_fds or 0)
        self.heard.append(told + (m.args,))


class Stage:
    """One bus with a configuration; where it stays is ours to remove."""

    def __init__(self, program, case, for_reference):
        self.folder = tempfile.mkdtemp(prefix="diff-")
        os.chmod(self.folder, 0o755)
        self.path = self.folder + "/bus"
        for name, text in case.files(self.folder, for_reference).items():
            name = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        self.actors = {}
        self.names = {}
        self.named = 0
        read, write = os.pipe()
        with open(self.folder + "/log", "wb") as log:
            command = [program, "--config-file=%s/bus.conf" % self.folder, "--nofork", "--print-address=%d" % write]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[write], cwd="/"
            )
        harness.ours.add(self.process.pid)
        os.close(write)
        with open(read, "rb") as file:
            self.runs = bool(file.read().strip())

    def log(self):
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def end(self):
        """Ends the bus; returns how it ended, or None if it was as it should."""
        for actor in self.actors.values():
            actor.sock.close()
        wrong = None
        if self.runs:
            if self.process.poll() is not None:
                wrong = "the bus ended by itself, status %d" % self.process.returncode
            else:
                self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            wrong = "the bus did not end on SIGTERM"
        # SIGTERM itself: it came before the bus was ready for it
        if self.runs and not wrong and self.process.returncode not in (0, -signal.SIGTERM):
            wrong = "exit status %d" % self.process.returncode
        harness.ours.discard(self.process.pid)
        if wrong:
            wrong += ": " + self.log()[-2000:]
        harness.leftovers(0)
        shutil.rmtree(self.folder, ignore_errors=True)
        return wrong

    def resolve(self, text):
        """@K is the unique name of client K."""
        return self.names.get(int(text[1:]), NOBODY) if text and text[0] == "@" else text

    def connect(self, serial, who, identity, takes_fds):
        actor = Actor(identity.connect(self.path), takes_fds)
        self.actors[who] = actor
        actor.say(b"\0AUTH EXTERNAL %s\r\n" % str(identity.uid).encode().hex().encode(), [])
        actor.say((b"NEGOTIATE_UNIX_FD\r\n" if takes_fds else b"") + b"BEGIN\r\n", [])
        hello = Message(
            CALL, serial=serial, destination=DRIVER, path=DRIVER_PATH, interface=DRIVER, member="Hello"
        )
        actor.say(hello.pack(), [])
        actor.settle(serial)
        if not actor.ended:
            self.names[who] = ":1.%d" % self.named
            self.named += 1

    def close(self, serial, who):
        """Once everybody has been answered twice, the bus has met the end of this connection."""
        actor = self.actors[who]
        actor.settle(serial)
        actor.sock.close()
        actor.ended = True
        self.names.pop(who, None)
        for again in range(2):
            self.settle_all(PONG * (1 + again) + serial)

    def settle_all(self, serial):
        for actor in self.actors.values():
            if not actor.ended:
                actor.settle(serial, quiet=True)

    def send(self, serial, who, fields):
        actor = self.actors[who]
        fields = dict(fields)
        fds = [self.null] * fields.pop("fds", 0)
        fields["destination"] = self.resolve(fields.get("destination"))
        fields["args"] = [self.resolve(a) if isinstance(a, str) else a for a in fields.get("args", ())]
        if fds and not actor.takes_fds:
            return
        actor.say(Message(serial=serial, unix_fds=len(fds) or None, **fields).pack(), fds)

    def act(self, action, identities):
        kind, serial, who = action[:3]
        if kind == "connect":
            if who not in self.actors:
                self.connect(serial, who, identities[action[3]], action[4])
        elif who not in self.actors or self.actors[who].ended:
            return
        elif kind == "close":
            self.close(serial, who)
        else:
            self.send(serial, who, action[3])

    def play(self, script, identities):
        self.null = os.open("/dev/null", os.O_RDONLY)
        try:
            for at, action in enumerate(script):
                self.act(action, identities)
                actor = self.actors.get(action[2])
                follows = script[at + 1][2] == action[2] if at + 1 < len(script) else False
                if actor and not actor.ended and not (follows and script[at + 1][0] == "send"):
                    actor.settle(action[1])
            self.settle_all(0)
        except Hang:
            for actor in self.actors.values():
                actor.heard.append(("hang",))
        finally:
            os.close(self.null)
        return {who: actor.heard + [("fds", actor.fds)] for who, actor in self.actors.items()}


def play(program, case, identities, for_reference):
    """What happened: {"starts": bool, "heard": {client: [...]}, "wrong": text or None, "log": text}."""
    stage = Stage(program, case, for_reference)
    heard = {}
    try:
        if stage.runs:
            heard = stage.play(case.script, identities)
    finally:
        log = stage.log()
        runs = stage.runs
        wrong = stage.end()
    return {"starts": runs, "heard": heard, "wrong": wrong, "log": log}
