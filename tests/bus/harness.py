"""harness - starts private buses for tests, connects to them as anybody, and cleans up.

The program under test is named by DBUS_WARDEN_BUS, else it is the reference, /usr/bin/dbus-daemon.
A bus has to be alive at the end of its test, end with status 0 on SIGTERM and leave no process.
Where the reference is meant to answer differently, differences.py says so.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

from differences import DIFFERENCES, FAILS
from wire import FAULT, CallError, Client

PROGRAM = os.environ.get("DBUS_WARDEN_BUS", "/usr/bin/dbus-daemon")
IS_REFERENCE = os.path.basename(os.path.realpath(PROGRAM)) == "dbus-daemon"
WARDENCTL = os.path.join(os.path.dirname(os.path.realpath(PROGRAM)), "wardenctl")
IS_ROOT = os.geteuid() == 0

# users that every Debian has; and one that none has
ALICE, BOB, CAROL = (pwd.getpwnam(name).pw_uid for name in ("daemon", "bin", "sys"))
STRANGER = 61001

# seconds that a bus may take to start or to end
START = 30.0

# everything is allowed, eavesdropping and unrequested replies excepted
OPEN = """
<policy context="default">
  <allow user="*"/>
  <allow own="*"/>
  <allow send_destination="*"/>
  <allow receive_sender="*"/>
</policy>
"""

# the same with them, as on a session bus
SESSION = """
<policy context="default">
  <allow user="*"/>
  <allow own="*"/>
  <allow send_destination="*" eavesdrop="true"/>
  <allow eavesdrop="true"/>
</policy>
"""

# nothing may be owned, and calls are for the driver only; what was sent may be received
CLOSED = """
<policy context="default">
  <allow user="*"/>
  <allow receive_type="method_call"/>
  <allow receive_type="method_return"/>
  <allow receive_type="error"/>
  <allow receive_type="signal"/>
  <allow send_type="method_return"/>
  <allow send_type="error"/>
  <allow send_destination="org.freedesktop.DBus"/>
</policy>
"""

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
{head}
{type}
{listen}
{auth}
{policy}
{limits}
{tail}
</busconfig>
"""

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
# children that tests know of, and end themselves
ours = set()


def children():
    with open("/proc/self/task/%d/children" % os.getpid(), encoding="ascii") as file:
        return {int(pid) for pid in file.read().split()}


def leftovers(seconds=3.0):
    """Processes that somebody of us left behind; they are ended."""
    deadline = time.monotonic() + seconds
    while True:
        lost = set()
        for pid in children() - ours:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                lost.add(pid)
        if not lost:
            return []
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    names = []
    for pid in lost:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            names.append(file.read().replace(b"\0", b" ").decode(errors="replace"))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return names


def need(*programs):
    """Skips a test whose programs are not installed."""
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise unittest.SkipTest("not installed: " + " ".join(missing))


def need_root():
    if not IS_ROOT:
        raise unittest.SkipTest("needs root, to be other users")


def need_wardenctl():
    if not os.path.exists(WARDENCTL):
        raise unittest.SkipTest("there is no wardenctl beside the bus")


def wardenctl(*args, user=None):
    """The CompletedProcess; skips what was not built into it."""
    need_wardenctl()
    done = subprocess.run([WARDENCTL, *args], capture_output=True, text=True, timeout=60, user=user, check=False)
    if "not built in" in done.stderr:
        raise unittest.SkipTest(done.stderr.strip())
    return done


def socket_path(address):
    """What to connect() to for the first of these addresses."""
    kind, _, rest = address.split(";")[0].partition(":")
    assert kind == "unix", address
    keys = dict(pair.split("=", 1) for pair in rest.split(","))
    if "path" in keys:
        return urllib.parse.unquote(keys["path"])
    return "\0" + urllib.parse.unquote(keys["abstract"])


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(START)
    sock.connect(path)
    return sock


def spawn(run):
    """A child that does run(), which returns a socket for us or None, and waits. (pid, the socket,
    what ends the child)"""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        try:
            keep = far.fileno()
            os.closerange(3, keep)
            os.closerange(keep + 1, 4096)
            sock = run()
            socket.send_fds(far, [b"+"], [sock.fileno()] if sock else [])
            if sock:
                sock.close()
            far.recv(1)
        finally:
            os._exit(0)
    far.close()
    ours.add(pid)

    def end():
        near.close()
        os.waitpid(pid, 0)
        ours.discard(pid)

    near.settimeout(START)
    data, fds, _, _ = socket.recv_fds(near, 1, 1)
    if not data:
        end()
        raise ConnectionRefusedError("the child failed")
    return pid, socket.socket(fileno=fds[0]) if fds else None, end


def connect_as(path, uid, gid, groups, before=None):
    """A socket that a child process of other credentials connected, and what ends that child. It
    lives as long as the connection, as the bus may look at it. before() is called in the child."""

    def run():
        if before:
            before()
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        return connect(path)

    _, sock, end = spawn(run)
    return sock, end


def eventually(read, good, patience=5.0):
    """What is read once it is good, or when the time is over."""
    deadline = time.monotonic() + patience
    while True:
        out = read()
        if good(out) or time.monotonic() > deadline:
            return out
        time.sleep(0.05)


def outcome(function, *args):
    """What became of a call: "passed", or the last part of its error's name."""
    try:
        function(*args)
    except CallError as error:
        return error.name.removeprefix(FAULT)
    return "passed"


class Bus:
    """A running bus. folder is its own temporary folder, which everybody can read."""

    def __init__(
        self,
        policy=OPEN,
        limits=None,
        head="",
        tail="",
        type="session",
        auth=("EXTERNAL",),
        listen=None,
        files=None,
        args=("--nofork",),
        env=None,
        config=None,
        logging=("--nosyslog",),
    ):
        # what tests provoke belongs in no log of this machine, unless that is what is tested
        self.logging = logging
        self.folder = tempfile.mkdtemp(prefix="bus-")
        os.chmod(self.folder, 0o755)
        self.clients = []
        listen = ["unix:path=%s/bus" % self.folder] if listen is None else listen
        self.config = os.path.join(self.folder, "bus.conf")
        for name, text in (files or {}).items():
            self.write(name, text)
        self.parts = {
            "head": head,
            "type": "<type>%s</type>" % type,
            "listen": "".join("<listen>%s</listen>" % a.replace("@", self.folder) for a in listen),
            "auth": "".join("<auth>%s</auth>" % a for a in auth),
            "policy": policy,
            "limits": "".join('<limit name="%s">%d</limit>' % p for p in (limits or {}).items()),
            "tail": tail.replace("@", self.folder),
        }
        self.configure(config)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.folder, "XDG_DATA_HOME": self.folder}
        self.env.update({"XDG_RUNTIME_DIR": self.folder, "XDG_DATA_DIRS": self.folder})
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.env.update(env or {})
        self.start(args)

    def write(self, name, text):
        """A file in the folder; @ stands for the folder."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("@", self.folder))
        return path

    def configure(self, config=None, **parts):
        """Writes the configuration anew, with these parts changed."""
        self.parts.update(parts)
        text = config if config is not None else CONFIG.format(**self.parts)
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.config + ".new", self.config)

    def start(self, args):
        read, write = os.pipe()
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.process = subprocess.Popen(
            [PROGRAM, "--config-file=" + self.config, "--print-address=%d" % write, *self.logging, *args],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            pass_fds=[write],
            env=self.env,
            cwd="/",
        )
        ours.add(self.process.pid)
        os.close(write)
        with open(read, "rb") as file:
            self.address = file.read().decode().strip()
        if not self.address:
            status = self.process.wait(START)
            text = self.text()
            self.drop()
            raise AssertionError("the bus did not start, status %d: %s" % (status, text))
        self.pid = self.process.pid

    def text(self):
        """What the bus logged."""
        self.log.flush()
        with open(self.log.name, "r", encoding="utf-8", errors="replace") as file:
            return file.read()

    def line(self, *words, since=0):
        """A line of the log that has all of these, once it is there: records come by another process."""
        wanted = lambda: [l for l in self.text()[since:].splitlines() if all(word in l for word in words)]
        lines = eventually(wanted, bool, START)
        assert lines, "no line with %r in: %s" % (words, self.text()[since:])
        return lines[0]

    def raw(self, uid=None, gid=None, groups=(), before=None):
        """A connection that said nothing yet; of a process that did before(), if that is given."""
        path = socket_path(self.address)
        uid = os.geteuid() if uid is None else uid
        if uid == os.geteuid() and gid is None and not groups and not before:
            client = Client(connect(path))
        else:
            need_root()
            gid = uid if gid is None else gid
            client = Client(*connect_as(path, uid, gid, list(groups), before))
        client.uid = uid
        self.clients.append(client)
        return client

    def client(self, uid=None, gid=None, groups=(), fds=True, before=None):
        """A connection that has said Hello."""
        client = self.raw(uid, gid, groups, before)
        return client.auth(client.uid, fds).hello()

    def drop(self):
        self.log.close()
        ours.discard(self.process.pid)
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_running(self):
        return self.process.poll() is None

    def close_clients(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def stop(self, alive=True):
        """Ends the bus; what is wrong with how it ended, as a text."""
        wrong = []
        self.close_clients()
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        elif alive:
            wrong.append("the bus ended by itself")
        try:
            status = self.process.wait(START)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
            wrong.append("the bus did not end on SIGTERM")
        if alive and status != 0:
            wrong.append("exit status %d" % status)
        lost = leftovers()
        if lost:
            wrong.append("processes left: %s" % lost)
        if wrong:
            wrong.append("log: " + self.text()[-4000:])
        self.drop()
        return "; ".join(wrong)


def rows(table):
    """Makes a test of each row: (label, arguments...)."""

    def mark(function):
        function.rows = table
        return function

    return mark


def row_test(function, label, args):
    def test(self):
        function(self, *args)

    test.__doc__ = function.__doc__
    test.__name__ = "%s__%s" % (function.__name__, label)
    return test


class BusTest(unittest.TestCase):
    """Tests with a bus each, or with one for all tests of a class that ask for the same."""

    maxDiff = None
    shared_buses = None

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name, function in list(vars(cls).items()):
            if hasattr(function, "rows"):
                for label, *args in function.rows:
                    test = row_test(function, label, args)
                    assert test.__name__ not in vars(cls), test.__name__
                    setattr(cls, test.__name__, test)
                delattr(cls, name)

    @classmethod
    def setUpClass(cls):
        cls.shared_buses = {}

    @classmethod
    def tearDownClass(cls):
        wrong = [bus.stop() for bus in cls.shared_buses.values()]
        cls.shared_buses = None
        assert not any(wrong), "; ".join(wrong)

    def bus(self, *args, **config):
        bus = Bus(*args, **config)
        bus.alive = True
        self.addCleanup(lambda: self.assertEqual(bus.stop(bus.alive), ""))
        return bus

    def shared_bus(self, *args, **config):
        key = repr((args, sorted(config.items())))
        bus = self.shared_buses.get(key)
        if not bus or not bus.is_running():
            if bus:
                bus.stop(False)
            bus = self.shared_buses[key] = Bus(*args, **config)
        self.addCleanup(self.check_shared, bus)
        return bus

    def check_shared(self, bus):
        bus.close_clients()
        self.assertTrue(bus.is_running(), "the bus ended")

    def wanted(self, outcome):
        """The outcome, or what differences.py says about this test on the reference."""
        listed = DIFFERENCES.get(self.short_id())
        if IS_REFERENCE and listed and listed[0] != FAILS:
            return listed[0]
        return outcome

    def short_id(self):
        return self.id().replace("__main__", os.path.basename(sys.argv[0]).removesuffix(".py"))

    def refused(self, name, function, *args, **more):
        """The call fails with this error (the part after org.freedesktop.DBus.Error.)."""
        from wire import FAULT, CallError

        with self.assertRaises(CallError) as caught:
            function(*args, **more)
        self.assertEqual(caught.exception.name, FAULT + name)
        return caught.exception.text


def family(pid):
    """The processes that make up a bus."""
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return [pid] + [p for child in file.read().split() for p in family(int(child))]


def held(pid):
    """How many descriptors a process holds, but those of the few clients that came last: in /proc."""
    count = 0
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            count += not os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("/proc/")
        except FileNotFoundError:
            pass
    return count


def open_files(bus):
    """How many descriptors the processes of the bus hold, once that does not change any more."""
    last = None
    while True:
        now = sum(held(pid) for pid in family(bus.pid))
        if now == last:
            return now
        last = now
        time.sleep(0.05)


def fd_number(fd):
    """What an open file is, whatever its number."""
    status = os.fstat(fd)
    return status.st_dev, status.st_ino
