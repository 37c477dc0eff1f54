#!/usr/bin/python3
"""Services whose program the bus starts itself: as whom, with which environment, and what callers
are told if it does not come up.

The bus is the program named by DBUS_WARDEN_BUS, or the reference, /usr/bin/dbus-daemon.
"""

import ctypes
import os
import resource
import signal
import subprocess
import time
import unittest

import wire
from test_launch import IS_REFERENCE, Case, children_of, until

SPAWN = "org.freedesktop.DBus.Error.Spawn."
MOST = 32  # RUNS_MAX, launch/service.c
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
TIMED_OUT = "org.freedesktop.DBus.Error.TimedOut"


class Services(Case):
    kind = "session"

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o777)
        os.mkdir(self.path("services"))

    def service(self, name, command, more=""):
        """A .service file; %(out)s in the command is a file that check() reads."""
        text = "[D-BUS Service]\nName=%s\nExec=%s\n%s" % (name, command, more)
        self.write("services/%s.service" % name, text)

    def bus(self, timeout=1000, **more):
        inside = "<type>%s</type><listen>unix:path=%s</listen><servicedir>%s</servicedir>" % (
            self.kind,
            self.path("bus"),
            self.path("services"),
        )
        inside += '<limit name="service_start_timeout">%d</limit>' % timeout
        process, address = self.run_bus("--config-file=" + self.config(inside), **more)
        return process, address, self.connect(self.path("bus"))

    def failure(self, client, name):
        with self.assertRaises(wire.CallError) as caught:
            client.driver("StartServiceByName", "su", name, 0)
        return caught.exception

    def output(self, name="out"):
        until(lambda: os.path.exists(self.path(name)), "output of the service")
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def printing(self, name, command, more=""):
        """A service that leaves the command's output in a file, whole."""
        out = self.path("out")
        self.service(name, "/bin/sh -c '(%s) > %s.new; mv %s.new %s'" % (command, out, out, out), more)


class Both(Services):
    def test_failures(self):
        self.service("a.exits", "/bin/sh -c 'exit 7'")
        self.service("a.dies", "/bin/sh -c 'kill -9 $$'")
        self.service("a.missing", "/nonexistent/program")
        self.service("a.quiet", "/bin/true")
        _, _, client = self.bus()
        for name, error, text in [
            ("a.exits", SPAWN + "ChildExited", "status 7"),
            ("a.dies", SPAWN + "ChildSignaled", "signal 9"),
            ("a.missing", SPAWN + "ExecFailed", "No such file or directory"),
            # it may have gone to the background
            ("a.quiet", TIMED_OUT, "service_start_timeout"),
            ("a.none", "org.freedesktop.DBus.Error.ServiceUnknown", "a.none"),
        ]:
            with self.subTest(name=name):
                failure = self.failure(client, name)
                self.assertEqual(failure.name, error)
                self.assertIn(text, failure.text)

    def test_failure_again(self):
        """One failed start does not spoil the next."""
        self.service("a.exits", "/bin/sh -c 'echo >> %s; exit 1'" % self.path("count"))
        _, _, client = self.bus()
        for _ in range(3):
            self.assertEqual(self.failure(client, "a.exits").name, SPAWN + "ChildExited")
        self.assertEqual(self.output("count"), "\n\n\n")

    def test_one_start_for_all(self):
        self.service("a.slow", "/bin/sh -c 'echo >> %s; sleep 0.3; exit 1'" % self.path("count"))
        _, _, client = self.bus(timeout=10000)
        start = ("StartServiceByName", "su", ("a.slow", 0))
        serials = [
            client.send(wire.call(wire.DRIVER, wire.DRIVER_PATH, wire.DRIVER, *start)) for _ in range(5)
        ]
        for serial in serials:
            self.assertEqual(client.answer(serial).error, SPAWN + "ChildExited")
        self.assertEqual(self.output("count"), "\n")

    def test_message_starts(self):
        self.service("a.exits", "/bin/sh -c 'exit 1'")
        _, _, client = self.bus()
        with self.assertRaises(wire.CallError) as caught:
            client.call(wire.call("a.exits", "/a", "a.b", "C"))
        self.assertEqual(caught.exception.name, SPAWN + "ChildExited")

    def test_environment(self):
        self.printing("a.b", "env")
        _, address, client = self.bus(env={"PATH": os.environ["PATH"], "OURS": "kept", "CHANGED": "old"})
        changes = {"CHANGED": "new", "ADDED": "a=b c", "EMPTY": ""}
        client.driver("UpdateActivationEnvironment", "a{ss}", changes)
        self.assertEqual(self.failure(client, "a.b").name, TIMED_OUT)
        lines = self.output().splitlines()
        for line in [
            "OURS=kept",
            "CHANGED=new",
            "ADDED=a=b c",
            "EMPTY=",
            "DBUS_STARTER_BUS_TYPE=session",
            "DBUS_STARTER_ADDRESS=" + address,
            "DBUS_SESSION_BUS_ADDRESS=" + address,
        ]:
            self.assertIn(line, lines)
        self.assertNotIn("CHANGED=old", lines)

    def test_descriptors(self):
        """A service gets nothing but stdin, stdout and stderr, whatever our caller forgot."""
        self.printing("a.b", "ls /proc/$$/fd")
        leaks = os.pipe()
        _, _, client = self.bus(pass_fds=leaks)
        for fd in leaks:
            os.close(fd)
        self.failure(client, "a.b")
        # 10 is the shell's own
        self.assertLessEqual({int(n) for n in self.output().split()}, {0, 1, 2, 10})

    def state(self, path="/proc/$$"):
        """A service that tells all that it has from who started it: {what: text}."""
        told = "; ".join("echo == %s; %s" % pair for pair in [
            ("status", "cat %s/status" % path), ("limits", "cat %s/limits" % path), ("stat", "cat %s/stat" % path),
            ("cwd", "readlink %s/cwd" % path), ("score", "cat %s/oom_score_adj" % path), ("fds", "ls %s/fd" % path)])
        self.printing("a.b", told)
        return lambda: {
            part.partition("\n")[0]: part.partition("\n")[2].rstrip("\n")
            for part in self.output().split("== ")[1:]}

    def test_state(self):
        """What the bus was given it has, too, but what is the bus's own; no signal is blocked or ignored
        that would not be anyway, and no right is taken from it."""
        self.sanitizers("disable_coredump=0")
        state = self.state()

        def begin():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM])
            signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell ignores it for what it runs in the background
            os.nice(3)
            os.umask(0o027)
            os.chdir("/var")
            resource.setrlimit(resource.RLIMIT_CORE, (1000, 2000))
            resource.setrlimit(resource.RLIMIT_NOFILE, (500, 900))
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write("100")

        # the reference cannot be ended otherwise then
        process, _, client = self.bus(preexec_fn=begin)
        self.failure(client, "a.b")
        got = state()
        process.kill()
        status = dict(line.split(":\t", 1) for line in got["status"].splitlines() if ":\t" in line)
        with open("/proc/self/status", encoding="utf-8") as file:
            mine = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        for name in ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"):
            self.assertEqual(status[name], mine[name], name)
        self.assertEqual(status["Umask"], "0027")
        if not IS_REFERENCE:
            # that one leaves SIGPIPE ignored, and what was blocked
            self.assertEqual((status["SigBlk"], status["SigIgn"]), ("0" * 16, "0" * 16))
        fields = got["stat"].rpartition(")")[2].split()
        self.assertEqual(int(fields[16]), min(os.nice(0) + 3, 19))  # nice
        self.assertEqual(int(fields[3]), os.getsid(0))
        self.assertEqual((got["cwd"], got["score"]), ("/var", "100"))
        self.assertRegex(got["limits"], r"Max core file size +1000 +2000 ")
        self.assertRegex(got["limits"], r"Max open files +500 +900 ")
        self.assertLessEqual({int(n) for n in got["fds"].split()}, {0, 1, 2, 10})

    def spared(self, then=None):
        """What makes a process one that the kernel spares."""
        def begin():
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write("-500")
            if then:
                then()

        try:
            subprocess.run(["true"], preexec_fn=begin, check=True)
        except subprocess.SubprocessError:
            self.skipTest("needs the right to spare processes")
        return begin

    def test_score_of_the_bus(self):
        """The kernel is to spare the bus, not all that it starts."""
        begin = self.spared()
        state = self.state()
        _, _, client = self.bus(preexec_fn=begin)
        self.failure(client, "a.b")
        self.assertEqual(state()["score"], "0")

    @unittest.skipIf(IS_REFERENCE, "leaves the service its own score")
    def test_score_that_cannot_be_changed(self):
        """As within the unit, whose /proc is read-only: then it is not started."""
        def shut():
            c = ctypes.CDLL(None, use_errno=True)
            if c.unshare(CLONE_NEWNS) or c.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) or \
                    c.mount(None, b"/proc", None, MS_REMOUNT | MS_BIND | MS_RDONLY, None):
                raise OSError(ctypes.get_errno())

        begin = self.spared(shut)
        self.printing("a.b", "echo started")
        _, _, client = self.bus(preexec_fn=begin)
        self.assertEqual(self.failure(client, "a.b").name, SPAWN + "FailedToSetup")

    def test_no_zombies(self):
        for n, command in enumerate(["exit 7", "kill -9 $$", "exit 0", "sleep 0.1 & exit 0"]):
            self.service("a.b%d" % n, "/bin/sh -c '%s'" % command)
        self.service("a.missing", "/nonexistent/program")
        process, _, client = self.bus(timeout=300)
        before = children_of(process.pid)
        for name in ("a.b0", "a.b1", "a.b2", "a.b3", "a.missing"):
            self.failure(client, name)
        until(lambda: children_of(process.pid) == before, "nothing left of what was started")

    def test_to_the_background(self):
        """A program that ends well may have left another one behind, which takes the name."""
        self.service("a.b", "/bin/sh -c 'echo > %s; exit 0'" % self.path("out"))
        _, _, client = self.bus(timeout=10000)
        serial = client.send(wire.call("a.b", "/", "a.b", "C"))
        self.output()
        time.sleep(0.3)
        owner = self.connect(self.path("bus"))
        owner.request_name("a.b")
        self.assertEqual(owner.expect(member="C").serial, serial)

    def test_user_of_a_session(self):
        """User= is for the system bus: elsewhere everything runs as the bus does."""
        self.printing("a.b", "id -u", "User=no-such-account\n")
        _, _, client = self.bus()
        self.assertEqual(self.failure(client, "a.b").name, TIMED_OUT)
        self.assertEqual(self.output(), "%d\n" % os.geteuid())

    def test_arguments(self):
        program = self.path("program")
        self.write("program", '#!/bin/sh\nfor i; do echo "<$i>"; done > %s.new; mv %s.new %s\n' % (
            (self.path("out"),) * 3))
        os.chmod(program, 0o755)
        self.service("a.b", "%s one 'two three' \"four'\" '' *" % program)
        _, _, client = self.bus()
        self.failure(client, "a.b")
        self.assertEqual(self.output(), "<one>\n<two three>\n<four'>\n<>\n<*>\n")


@unittest.skipIf(IS_REFERENCE, "has no such limit, and waits for the wrong child")
class Ours(Services):
    def test_started_by_who_ignores_children(self):
        """What our parent ignores would make every program's end a good one."""
        self.service("a.exits", "/bin/sh -c 'exit 7'")
        _, _, client = self.bus(preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        failure = self.failure(client, "a.exits")
        self.assertEqual(failure.name, SPAWN + "ChildExited")
        self.assertIn("status 7", failure.text)

    def test_programs_that_stay(self):
        """Who leaves the bus and does not end: not more than so many of one service."""
        self.service("a.b", "/bin/sleep 30")
        self.service("a.c", "/bin/sleep 30")
        process, _, client = self.bus(timeout=20000)
        owner = self.connect(self.path("bus"))
        before = children_of(process.pid)

        def start(name):
            return client.send(wire.call(wire.DRIVER, wire.DRIVER_PATH, wire.DRIVER, "StartServiceByName", "su", (name, 0)))

        for n in range(1, MOST + 1):
            serial = start("a.b")
            until(lambda: len(children_of(process.pid) - before) == n, "another program")
            owner.request_name("a.b")
            self.assertEqual(client.answer(serial).args, (1,))
            owner.release_name("a.b")
        running = children_of(process.pid) - before
        self.assertEqual(self.failure(client, "a.b").name, "org.freedesktop.DBus.Error.LimitsExceeded")
        self.assertEqual(children_of(process.pid) - before, running)
        start("a.c")
        until(lambda: len(children_of(process.pid) - before) == MOST + 1, "another service")
        for pid in children_of(process.pid) - before:
            os.kill(pid, signal.SIGKILL)
        until(lambda: children_of(process.pid) == before, "their end")
        start("a.b")
        until(lambda: len(children_of(process.pid) - before) == 1, "another program")
        self.assertEqual(self.stop(process), 0)


@unittest.skipIf(IS_REFERENCE or os.geteuid() != 0, "ours, as root: the reference has a setuid helper")
class System(Services):
    kind = "system"

    def test_user_and_environment(self):
        """As its User=, all groups and nothing else, in an environment of its own."""
        self.printing("a.b", "id; env", "User=nobody\n")
        _, address, client = self.bus(env=dict(os.environ, SECRET="x"))
        client.driver("UpdateActivationEnvironment", "a{ss}", {"LD_PRELOAD": "/x", "DBUS_STARTER_ADDRESS": "y"})
        self.assertEqual(self.failure(client, "a.b").name, TIMED_OUT)
        lines = self.output().splitlines()
        self.assertRegex(lines[0], r"^uid=65534\(nobody\) gid=65534\(nogroup\) groups=65534\(nogroup\)$")
        self.assertIn("DBUS_STARTER_ADDRESS=" + address, lines)
        self.assertIn("DBUS_STARTER_BUS_TYPE=system", lines)
        # the shell's own beside them
        names = {line.partition("=")[0] for line in lines[1:]} - {"PWD", "OLDPWD", "SHLVL", "_"}
        self.assertEqual(names, {"DBUS_STARTER_ADDRESS", "DBUS_STARTER_BUS_TYPE"})

    def test_no_user(self):
        self.service("a.b", "/bin/true")
        _, _, client = self.bus()
        self.assertEqual(self.failure(client, "a.b").name, SPAWN + "FileInvalid")

    def test_unknown_user(self):
        self.service("a.b", "/bin/true", "User=no-such-account\n")
        _, _, client = self.bus()
        self.assertEqual(self.failure(client, "a.b").name, SPAWN + "FailedToSetup")


if __name__ == "__main__":
    unittest.main()
