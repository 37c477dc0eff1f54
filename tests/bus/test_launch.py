#!/usr/bin/python3
"""How a bus is started, told to reload and ended: command line, addresses, sockets, descriptors.

The bus is the program named by DBUS_WARDEN_BUS, or the reference, /usr/bin/dbus-daemon. Both holds
for either of them; Ours is what the reference does otherwise or does not do at all.
"""

import ctypes
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest
import unittest.mock
import urllib.parse

import wire

PROGRAM = os.environ.get("DBUS_WARDEN_BUS", "/usr/bin/dbus-daemon")
IS_REFERENCE = os.path.basename(PROGRAM) == "dbus-daemon"

PATIENCE = 15.0

CONFIG = """<busconfig>
  <type>session</type>
  %s
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("does not come true: " + what)
        time.sleep(0.02)


def read_until_end(fd):
    """Everything up to the end, which has to come."""
    data = b""
    while True:
        if not select.select([fd], [], [], PATIENCE)[0]:
            raise AssertionError("no end after %r" % data)
        more = os.read(fd, 65536)
        if not more:
            return data.decode()
        data += more


def is_alive(pid):
    """Whether the process runs; one that nobody waited for does not."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return {int(word) for word in file.read().split()}


CAP_AUDIT_WRITE = 1 << 29
CAP_KILL = 5
PR_CAPBSET_DROP = 24


def no_right_to_kill():
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_KILL)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dw-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def broker_of(self, process):
        for pid in children_of(process.pid):
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                if b"dbus-warden-broker" in file.read():
                    return pid
        raise AssertionError("there is no broker")

    def sanitizers(self, options):
        """What a bus that is built with sanitizers is told by the way; others do not look."""
        told = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), options]))
        change = unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=told)
        change.start()
        self.addCleanup(change.stop)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def config(self, inside=None, name="bus.conf"):
        if inside is None:
            inside = "<listen>unix:path=%s</listen>" % self.path("bus")
        return self.write(name, CONFIG % inside)

    def start(self, *words, **more):
        more.setdefault("stdout", subprocess.PIPE)
        log = tempfile.TemporaryFile(dir=self.folder)
        process = subprocess.Popen([PROGRAM, *words], stderr=log, bufsize=0, **more)
        process.log = log
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
            process.wait()
        process.log.close()
        if process.stdout:
            process.stdout.close()

    def said(self, process):
        process.log.seek(0)
        return process.log.read().decode()

    def stop(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        return process.wait(PATIENCE)

    def line(self, process):
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            raise AssertionError("nothing was printed: " + self.said(process))
        return process.stdout.readline().decode()

    def run_bus(self, *words, **more):
        """A bus that prints its address on stdout; returns process and address."""
        process = self.start(*words, "--print-address=1", **more)
        address = self.line(process).rstrip("\n")
        self.settle(address)
        return process, address

    def settle(self, address):
        """The reference prints its address before it handles signals: waits until it does all."""
        key, value = re.match("unix:(path|abstract)=([^,;]*)", address).groups()
        where = urllib.parse.unquote(value)
        self.connect("\0" + where if key == "abstract" else where).sync()

    def refuse(self, *words, **more):
        """A bus that does not start: what it says."""
        process = self.start(*words, **more)
        self.assertEqual(process.wait(PATIENCE), 1, self.said(process))
        return self.said(process)

    def connect(self, where):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.connect(where)
        client = wire.Client(sock)
        client.auth()
        client.hello()
        return client


class Both(Case):
    # the command line

    def test_usage_errors(self):
        config = self.config()
        for words in [
            [],
            ["--nonsense"],
            ["nonsense"],
            ["--config-file"],
            ["--config-file="],
            ["--session", "--system"],
            ["--config-file=" + config, "--session"],
            ["--config-file=" + config, "--config-file=" + config],
            ["--config-file=" + config, "--print-address=x"],
            ["--config-file=" + config, "--print-pid=1x"],
            ["--config-file=" + config, "--print-address", "1", "--print-address", "1"],
            ["--config-file=" + config, "--address=a:", "--address=b:"],
            ["--config-file=" + config, "--ready-event-handle=3"],
            ["--help"],
        ]:
            with self.subTest(words=words):
                self.assertTrue(self.refuse(*words))

    def test_version(self):
        process = self.start("--version", "--nonsense")
        self.assertIn("Message Bus Daemon", self.line(process))
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_introspect(self):
        process = self.start("--introspect")
        text = process.stdout.read().decode()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertIn('<interface name="org.freedesktop.DBus">', text)
        self.assertIn('<method name="Hello">', text)

    def test_print_address_forms(self):
        config = self.config()
        want = r"^unix:path=%s,guid=[0-9a-f]{32}\n$" % re.escape(self.path("bus"))
        for words in [
            ["--print-address"],
            ["--print-address="],
            ["--print-address=1"],
            ["--print-address", "1"],
            ["--print-address", "--nofork"],
        ]:
            with self.subTest(words=words):
                process = self.start("--config-file", config, *words)
                address = self.line(process)
                self.assertRegex(address, want)
                self.settle(address)
                self.assertEqual(self.stop(process), 0)

    def test_print_pid(self):
        process = self.start("--config-file=" + self.config(), "--print-pid", "1", "--print-address=1")
        self.assertRegex(self.line(process), "^unix:path=")
        self.assertEqual(self.line(process), "%d\n" % process.pid)

    def test_descriptors_are_closed(self):
        r1, w1 = os.pipe()
        r2, w2 = os.pipe()
        words = ["--config-file=" + self.config(), "--print-address=%d" % w1, "--print-pid=%d" % w2]
        process = self.start(*words, pass_fds=[w1, w2])
        os.close(w1)
        os.close(w2)
        self.assertRegex(read_until_end(r1), "^unix:path=.*\n$")
        self.assertEqual(read_until_end(r2), "%d\n" % process.pid)
        os.close(r1)
        os.close(r2)

    def test_descriptor_that_is_not_open(self):
        self.refuse("--config-file=" + self.config(), "--print-address=77")

    # the configuration

    def test_config_through_descriptor(self):
        """Each number, as it may be one that the bus would like to use itself."""
        for number in range(3, 7):
            with self.subTest(number=number):
                memory = os.memfd_create("config")
                os.write(memory, (CONFIG % "<listen>unix:tmpdir=/tmp</listen>").encode())
                moved = os.dup2(memory, 200)
                process, address = self.run_bus(
                    "--config-file=/proc/self/fd/%d" % number,
                    preexec_fn=lambda n=number: os.dup2(200, n),
                    close_fds=False,
                )
                os.close(memory)
                os.close(moved)
                self.assertRegex(address, "^unix:(path|abstract)=/tmp/[^,]+,guid=")
                self.assertEqual(self.stop(process), 0)

    def test_config_deleted_after_start(self):
        config = self.config()
        process, _ = self.run_bus("--config-file=" + config)
        os.unlink(config)
        self.connect(self.path("bus")).sync()
        self.assertEqual(self.stop(process), 0)

    def test_bad_configs(self):
        looped = self.path("looped.conf")
        self.write("looped.conf", "<busconfig><include>%s</include></busconfig>" % looped)
        folder = self.path("folder.conf")
        os.mkdir(folder)
        for path, want in [
            (self.path("missing.conf"), "missing.conf"),
            (self.write("empty.conf", ""), "empty.conf"),
            (self.write("cut.conf", "<busconfig>\n<type>x</type>"), "cut.conf.*2"),
            (self.write("text.conf", "nonsense"), "text.conf.*1"),
            (self.write("element.conf", "<busconfig>\n<nonsense/></busconfig>"), "nonsense"),
            (looped, "looped.conf"),
            (folder, "folder.conf"),
            (self.config("", "nowhere.conf"), "<listen>"),
            (self.config("<listen>unix:path=</listen>", "address.conf"), "value"),
        ]:
            with self.subTest(path=path):
                self.assertRegex(self.refuse("--config-file=" + path, "--print-address"), want)

    # addresses and sockets

    def test_addresses(self):
        """--address replaces what the configuration says."""
        config = self.config()
        here = re.escape(self.folder)
        for address, want in [
            ("unix:path=%s/a" % self.folder, "unix:path=%s/a" % here),
            ("unix:path=%s/a%%20%%c3%%a9" % self.folder, "unix:path=%s/a%%20%%[cC]3%%[aA]9" % here),
            ("unix:dir=%s" % self.folder, "unix:path=%s/dbus-[^/]+" % here),
            ("unix:tmpdir=%s" % self.folder, "unix:path=%s/dbus-[^/]+" % here),
            ("unix:abstract=%s/x" % self.folder, "unix:abstract=%s/x" % here),
            ("unix:runtime=yes", "unix:path=%s/bus" % here),
            ("unix:path=%s/a,guid=00112233445566778899aabbccddeeff" % self.folder, "unix:path=%s/a" % here),
            ("unix:path=/nonexistent/a;unix:path=%s/b" % self.folder, "unix:path=%s/b" % here),
            ("unix:path=%s/a;" % self.folder, "unix:path=%s/a" % here),
        ]:
            with self.subTest(address=address):
                environment = dict(os.environ, XDG_RUNTIME_DIR=self.folder)
                process, got = self.run_bus(
                    "--config-file=" + config, "--address", address, env=environment
                )
                self.assertRegex(got, "^%s,guid=[0-9a-f]{32}$" % want)
                self.assertEqual(self.stop(process), 0)
                self.assertEqual(os.listdir(self.folder), ["bus.conf"])

    def test_bad_addresses(self):
        config = self.config()
        environment = {k: v for k, v in os.environ.items() if k != "XDG_RUNTIME_DIR"}
        for address in [
            "nonsense",
            "nonsense:path=/a",
            "unix:",
            "unix:nonsense=/a",
            "unix:path=/a,dir=/b",
            "unix:path=/a b",
            "unix:path=%s/%%zz" % self.folder,
            "unix:path=/nonexistent/a",
            "unix:dir=/nonexistent",
            "unix:path=/" + "a" * 200,
            "unix:runtime=no",
            "unix:runtime=yes",
            "systemd:",
            "autolaunch:",
        ]:
            with self.subTest(address=address):
                self.assertTrue(
                    self.refuse("--config-file=" + config, "--address=" + address, env=environment)
                )

    def test_several_listens(self):
        """The last one stands first in the address."""
        inside = "".join("<listen>unix:path=%s</listen>" % self.path(name) for name in "abc")
        _, address = self.run_bus("--config-file=" + self.config(inside))
        parts = [part.split(",guid=") for part in address.split(";")]
        self.assertEqual([part[0] for part in parts], ["unix:path=" + self.path(n) for n in "cba"])
        for name, (_, guid) in zip("cba", parts):
            self.assertEqual(self.connect(self.path(name)).guid, guid)

    def test_everybody_may_connect(self):
        self.run_bus("--config-file=" + self.config())
        self.assertEqual(stat.S_IMODE(os.stat(self.path("bus")).st_mode), 0o777)

    def test_stale_socket(self):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(self.path("bus"))
        self.run_bus("--config-file=" + self.config())
        self.connect(self.path("bus")).sync()

    def test_file_in_the_way(self):
        self.write("bus", "precious")
        self.refuse("--config-file=" + self.config())
        with open(self.path("bus"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_inherited_sockets(self):
        """LISTEN_FDS, as systemd passes them; more than one."""
        listening = []
        for name in "ab":
            sock = socket.socket(socket.AF_UNIX)
            self.addCleanup(sock.close)
            sock.bind(self.path(name))
            sock.listen()
            listening.append(os.dup2(sock.fileno(), 200 + len(listening)))
        process, address = self.run_bus(
            "--config-file=" + self.config("<listen>systemd:</listen>"),
            preexec_fn=lambda: (os.dup2(200, 3), os.dup2(201, 4), self.say_listen_fds(2)),
            close_fds=False,
        )
        for fd in listening:
            os.close(fd)
        for name in "ab":
            self.assertRegex(address, r"unix:path=%s\b" % re.escape(self.path(name)))
            self.connect(self.path(name)).sync()
        self.assertEqual(self.stop(process), 0)
        self.assertTrue(os.path.exists(self.path("a")), "a socket of systemd's was removed")

    @staticmethod
    def say_listen_fds(n):
        os.environ["LISTEN_FDS"] = str(n)
        os.environ["LISTEN_PID"] = str(os.getpid())

    # the background, the pid file

    def test_fork(self):
        config = self.config()
        words = ["--config-file=" + config, "--fork", "--print-pid=1", "--print-address=1"]
        done = subprocess.run(
            [PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        pid = int(done.stdout.split()[1])
        try:
            # dbus-daemon says its pid before it has done all that
            until(lambda: os.getsid(pid) == pid, "a session of its own")
            until(lambda: os.readlink("/proc/%d/cwd" % pid) == "/", "the root as its folder")
            for fd in range(3):
                self.assertEqual(os.readlink("/proc/%d/fd/%d" % (pid, fd)), "/dev/null")
            self.connect(self.path("bus")).sync()
        finally:
            os.kill(pid, signal.SIGTERM)
        until(lambda: not is_alive(pid), "the end of the bus")
        self.assertFalse(os.path.exists(self.path("bus")))

    def test_fork_says_why_not(self):
        config = self.config("<fork/><listen>unix:path=/nonexistent/bus</listen>")
        self.assertIn("/nonexistent/bus", self.refuse("--config-file=" + config))

    def test_pid_file(self):
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        config = self.config(listen + "<pidfile>%s</pidfile>" % self.path("pid"))
        process, _ = self.run_bus("--config-file=" + config)
        with open(self.path("pid"), encoding="ascii") as file:
            self.assertEqual(file.read(), "%d\n" % process.pid)
        self.assertIn(self.path("pid"), self.refuse("--config-file=" + config))
        self.connect(self.path("bus")).sync()
        self.assertEqual(self.stop(process), 0)
        self.assertFalse(os.path.exists(self.path("pid")))
        process, _ = self.run_bus("--config-file=" + config, "--nopidfile")
        self.assertFalse(os.path.exists(self.path("pid")))

    # reload

    def driver_reload(self, client):
        """Whether ReloadConfig succeeds."""
        try:
            client.driver("ReloadConfig")
        except wire.CallError:
            return False
        return True

    def may_own(self, client, name):
        try:
            client.request_name(name)
        except wire.CallError:
            return False
        client.release_name(name)
        return True

    def denying(self, name):
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        deny = '<policy context="mandatory"><deny own="%s"/></policy>' % name
        return self.config(listen + deny)

    def test_reload_by_call(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        client = self.connect(self.path("bus"))
        self.assertTrue(self.may_own(client, "a.b"))
        self.denying("a.b")
        self.assertTrue(self.driver_reload(client))
        self.assertFalse(self.may_own(client, "a.b"))
        self.config()
        self.assertTrue(self.driver_reload(client))
        self.assertTrue(self.may_own(client, "a.b"))
        self.assertIsNone(process.poll())

    def test_reload_by_signal(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        client = self.connect(self.path("bus"))
        self.denying("a.b")
        process.send_signal(signal.SIGHUP)
        until(lambda: not self.may_own(client, "a.b"), "the new policy")

    def test_reload_by_change(self):
        folder = self.path("conf.d")
        os.mkdir(folder)
        inside = "<listen>unix:path=%s</listen><includedir>%s</includedir>"
        self.run_bus("--config-file=" + self.config(inside % (self.path("bus"), folder)))
        client = self.connect(self.path("bus"))
        deny = '<busconfig><policy context="mandatory"><deny own="a.b"/></policy></busconfig>'
        self.write("conf.d/deny.conf.new", deny)
        os.rename(self.path("conf.d/deny.conf.new"), self.path("conf.d/deny.conf"))
        until(lambda: not self.may_own(client, "a.b"), "the new policy")
        os.unlink(self.path("conf.d/deny.conf"))
        until(lambda: self.may_own(client, "a.b"), "the old policy again")

    def test_reload_of_bad_config(self):
        """The old policy stays, the bus too, and a good one is taken later."""
        process, _ = self.run_bus("--config-file=" + self.denying("a.b"))
        client = self.connect(self.path("bus"))
        for bad in ["", "<busconfig>\n<nonsense/></busconfig>", "<busconfig>"]:
            self.write("bus.conf", bad)
            self.assertFalse(self.driver_reload(client))
            self.assertFalse(self.may_own(client, "a.b"))
            self.assertTrue(self.may_own(client, "a.c"))
        self.assertIn("Unable to reload configuration", self.said(process))
        self.denying("a.c")
        self.assertTrue(self.driver_reload(client))
        self.assertTrue(self.may_own(client, "a.b"))
        self.assertFalse(self.may_own(client, "a.c"))

    def test_many_reloads(self):
        """Each caller gets its answer, whatever is going on."""
        self.run_bus("--config-file=" + self.config())
        clients = [self.connect(self.path("bus")) for _ in range(8)]
        calls = [
            (c, c.send(wire.call(wire.DRIVER, wire.DRIVER_PATH, wire.DRIVER, "ReloadConfig")))
            for c in clients
            for _ in range(5)
        ]
        for client, serial in calls:
            self.assertEqual(client.answer(serial).type, wire.RETURN)

    # the end

    def test_end(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        client = self.connect(self.path("bus"))
        self.assertEqual(self.stop(process), 0)
        self.assertTrue(client.is_closed())
        self.assertFalse(os.path.exists(self.path("bus")))


@unittest.skipIf(IS_REFERENCE, "not meant for the reference")
class Ours(Case):
    def test_interrupt_is_a_clean_end(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        self.assertEqual(self.stop(process, signal.SIGINT), 0)
        self.assertFalse(os.path.exists(self.path("bus")))

    def test_one_descriptor_for_both(self):
        """The reference closes it between the two and fails."""
        r, w = os.pipe()
        words = ["--config-file=" + self.config(), "--print-address=%d" % w, "--print-pid=%d" % w]
        process = self.start(*words, pass_fds=[w])
        os.close(w)
        lines = read_until_end(r).splitlines()
        os.close(r)
        self.assertRegex(lines[0], "^unix:path=")
        self.assertEqual(lines[1:], [str(process.pid)])

    def test_adjacent_options_without_value(self):
        """The reference takes --print-pid for a descriptor here."""
        process = self.start("--config-file=" + self.config(), "--print-address", "--print-pid")
        self.assertRegex(self.line(process), "^unix:path=")
        self.assertEqual(self.line(process), "%d\n" % process.pid)

    def test_no_network(self):
        config = self.config()
        for address in [
            "tcp:host=localhost,port=0",
            "nonce-tcp:host=localhost",
            "unixexec:path=/bin/true",
            "launchd:env=X",
            "autolaunch:",
        ]:
            with self.subTest(address=address):
                said = self.refuse("--config-file=" + config, "--address=" + address)
                self.assertIn("the kernel cannot say who is at the other end", said)
                listen = "<listen>unix:path=%s</listen>" % self.path("a")
                other = self.config(listen + "<listen>%s</listen>" % address, "net.conf")
                self.assertIn("the kernel cannot say", self.refuse("--config-file=" + other))
                self.assertFalse(os.path.exists(self.path("a")))

    def test_inherited_tcp_socket(self):
        with socket.socket(socket.AF_INET) as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            moved = os.dup2(sock.fileno(), 200)
        said = self.refuse(
            "--config-file=" + self.config("<listen>systemd:</listen>"),
            preexec_fn=lambda: (os.dup2(200, 3), Both.say_listen_fds(1)),
            close_fds=False,
        )
        os.close(moved)
        self.assertIn("not a listening unix socket", said)

    def test_complaints_name_file_and_line(self):
        config = self.write("bad.conf", "<busconfig>\n\n<nonsense/>\n</busconfig>")
        self.assertIn(config + ":3:", self.refuse("--config-file=" + config))

    def test_unreadable_config(self):
        """Root's compiler may read everything: so as a user."""
        config = self.config()
        os.chmod(config, 0)
        who = {}
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
            who = {"user": "daemon", "group": "daemon", "extra_groups": []}
        try:
            self.assertIn(config, self.refuse("--config-file=" + config, **who))
        except PermissionError:
            self.skipTest("ordinary users cannot reach the program where it is")

    def test_reload_error_names_file_and_line(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        client = self.connect(self.path("bus"))
        config = self.write("bus.conf", "<busconfig>\n<nonsense/></busconfig>")
        with self.assertRaises(wire.CallError):
            client.driver("ReloadConfig")
        self.assertIn(config + ":2:", self.said(process))

    def test_apparmor_required(self):
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        config = self.config(listen + '<apparmor mode="required"/>')
        self.assertIn("requires AppArmor", self.refuse("--config-file=" + config))

    def test_unknown_user(self):
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        config = self.config(listen + "<user>no-such-account</user>")
        self.assertIn("no-such-account", self.refuse("--config-file=" + config))

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody else")
    def test_user(self):
        """Those who read what clients send have no rights at all."""
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        everybody = '<policy context="default"><allow user="*"/></policy>'
        config = self.config(listen + everybody + "<user>nobody</user>")
        process, _ = self.run_bus("--config-file=" + config)
        children = children_of(process.pid)
        self.assertEqual(len(children), 2)
        for pid in children:
            with open("/proc/%d/status" % pid, encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
            self.assertEqual(set(status["Uid"].split()), {"65534"})
            self.assertEqual(set(status["Gid"].split()), {"65534"})
            self.assertNotIn("0", status["Groups"].split())
            self.assertEqual(status["NoNewPrivs"], "1")
            # a build with libaudit or without: the recorder has the one right, or none
            rights = {0, CAP_AUDIT_WRITE} if "recorder" in open("/proc/%d/cmdline" % pid).read() else {0}
            for kind in ["CapInh", "CapPrm", "CapEff", "CapAmb"]:
                self.assertIn(int(status[kind], 16), rights, kind)

    @unittest.skipIf(os.geteuid() != 0, "only root has a right to lose")
    def test_ends_without_the_right_to_kill(self):
        """Which the unit does not leave us: a broker that does not go by itself is ended, and we stay who
        we are."""
        everybody = '<policy context="default"><allow user="*"/></policy><user>nobody</user>'
        config = self.config("<listen>unix:path=%s</listen>" % self.path("bus") + everybody)
        process, _ = self.run_bus("--config-file=" + config, preexec_fn=no_right_to_kill)
        with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
            self.assertFalse(int(re.search(r"^CapEff:\s(.*)", file.read(), re.M)[1], 16) & 1 << CAP_KILL)
        os.kill(self.broker_of(process), signal.SIGSTOP)
        self.assertEqual(self.stop(process), 0)
        self.assertNotRegex(self.said(process), "does not end|Cannot end")
        self.assertFalse(os.path.exists(self.path("bus")))

    def test_children_hold_nothing_of_ours(self):
        """A descriptor that our caller forgot does not reach those who read what clients send."""
        r, w = os.pipe()
        process, _ = self.run_bus("--config-file=" + self.config(), pass_fds=[w])
        pipe = os.readlink("/proc/self/fd/%d" % w)
        for pid in children_of(process.pid):
            folder = "/proc/%d/fd" % pid
            held = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
            self.assertNotIn(pipe, held)
        os.close(r)
        os.close(w)

    def test_broker_dies(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        os.kill(self.broker_of(process), signal.SIGKILL)
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertIn("dbus-warden-broker was killed by signal 9", self.said(process))
        self.assertFalse(os.path.exists(self.path("bus")))

    def test_supervisor_dies(self):
        process, _ = self.run_bus("--config-file=" + self.config())
        children = children_of(process.pid)
        process.kill()
        process.wait()
        until(lambda: not any(is_alive(pid) for pid in children), "the end of the children")

    def test_recorder_dies(self):
        """The bus goes on, with another one."""
        process, _ = self.run_bus("--config-file=" + self.config())
        broker = self.broker_of(process)
        (recorder,) = children_of(process.pid) - {broker}
        os.kill(recorder, signal.SIGKILL)
        until(lambda: len(children_of(process.pid) - {recorder}) == 2, "another recorder")
        self.assertIn("dbus-warden-recorder was killed by signal 9", self.said(process))
        self.connect(self.path("bus")).sync()
        self.assertEqual(self.stop(process), 0)

    def test_recorder_cannot_be_started(self):
        """What was prepared for it is not held."""
        folder = os.path.dirname(PROGRAM)
        for name in ["", "-broker", "-compile", "-recorder"]:
            shutil.copy(os.path.join(folder, "dbus-warden" + name), self.folder)
        process, _ = self.run_bus("--config-file=" + self.config(), executable=self.path("dbus-warden"))
        before = os.listdir("/proc/%d/fd" % process.pid)
        (recorder,) = children_of(process.pid) - {self.broker_of(process)}
        os.unlink(self.path("dbus-warden-recorder"))
        os.kill(recorder, signal.SIGKILL)
        until(lambda: "cannot be started" in self.said(process), "an attempt")
        # its pidfd, and the channel to it
        self.assertEqual(len(os.listdir("/proc/%d/fd" % process.pid)), len(before) - 2)
        self.connect(self.path("bus")).sync()

    def test_children_leave_the_end_to_us(self):
        """systemd signals all processes of a unit at once."""
        process, _ = self.run_bus("--config-file=" + self.config())
        for pid in children_of(process.pid):
            os.kill(pid, signal.SIGTERM)
        self.connect(self.path("bus")).sync()
        self.assertEqual(self.stop(process), 0)

    def test_readiness(self):
        """sd_notify: ready when the bus is, reloading in between, stopping at the end."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(self.path("notify"))
            notify.settimeout(PATIENCE)
            environment = dict(os.environ, NOTIFY_SOCKET=self.path("notify"))
            process, _ = self.run_bus("--config-file=" + self.config(), env=environment)
            self.assertEqual(notify.recv(4096), b"READY=1")
            process.send_signal(signal.SIGHUP)
            self.assertRegex(notify.recv(4096), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(notify.recv(4096), b"READY=1")
            self.assertEqual(self.stop(process), 0)
            self.assertEqual(notify.recv(4096), b"STOPPING=1")


if __name__ == "__main__":
    unittest.main()
