#!/usr/bin/python3
"""What may be missing or broken when a machine starts its bus, or while the bus runs: what does not
have to stop it does not, what has to is told, and afterwards it can be started again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import wire
from test_launch import IS_REFERENCE, PATIENCE, PROGRAM, Case, until

DENY = '<busconfig><policy context="mandatory"><deny own="com.ex.%s"/></policy></busconfig>'


class Broken(Case):
    """Files beside good ones: 1.conf is read before the bad one, 9.conf behind it."""

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.folder_d = self.path("d")
        os.mkdir(self.folder_d)
        for name in ("1", "9"):
            self.write("d/%s.conf" % name, DENY % ("N" + name))
        self.bad = self.path("d/5.conf")

    def may_own(self, client, name):
        try:
            client.request_name(name)
        except wire.CallError:
            return False
        return True

    def assert_starts(self, *words, inside="", logged=True, **more):
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        config = self.config(listen + "<includedir>%s</includedir>" % self.folder_d + inside)
        process, _ = self.run_bus("--config-file=" + config, *words, **more)
        client = self.connect(self.path("bus"))
        self.assertEqual([self.may_own(client, "com.ex." + name) for name in ("N1", "N9", "Other")],
                         [False, False, True])
        if logged and not IS_REFERENCE:
            self.assertIn(self.bad, self.said(process))
        return process, client

    def test_nothing_there(self):
        shutil.rmtree(self.folder_d)
        listen = "<listen>unix:path=%s</listen>" % self.path("bus")
        config = self.config(listen + "<includedir>%s</includedir>" % self.folder_d)
        self.run_bus("--config-file=" + config)

    def test_empty(self):
        self.write("d/5.conf", "")
        self.assert_starts()

    def test_dangling(self):
        os.symlink("/nonexistent", self.bad)
        self.assert_starts()

    def test_folder(self):
        os.mkdir(self.bad)
        self.assert_starts()

    @unittest.skipIf(IS_REFERENCE, "reads without end, or waits for ever")
    def test_no_files(self):
        for number, target in enumerate(["/dev/zero", "/dev/tty", "/dev/full", "/proc/kmsg"]):
            os.symlink(target, self.path("d/4%d.conf" % number))
        os.mkfifo(self.bad)
        self.assert_starts()

    def test_unknown_users(self):
        """Of a policy or a rule; neither fits anybody then."""
        self.write("d/5.conf", """<busconfig>
            <policy user="no-such-user"><deny own="com.ex.Other"/></policy>
            <policy group="no-such-group"><deny own="com.ex.Other"/></policy>
            <policy context="default"><deny user="no-such-user"/><deny group="no-such-group"/></policy>
            </busconfig>""")
        self.assert_starts()

    def test_dangling_include(self):
        self.write("d/5.conf", '<busconfig><include ignore_missing="yes">/nonexistent</include></busconfig>')
        self.assert_starts(logged=False)

    def test_dangling_include_of_a_file(self):
        """It costs the file that wants it."""
        self.write("d/5.conf", "<busconfig><include>/nonexistent</include></busconfig>")
        self.assert_starts()

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody who may not")
    def test_unreadable(self):
        """By a user's bus: that of root may read everything."""
        self.write("d/5.conf", DENY % "Other")
        os.chmod(self.bad, 0)
        os.chmod(self.folder, 0o777)
        who = {"user": "daemon", "group": "daemon", "extra_groups": []}
        everybody = '<policy context="default"><allow user="*"/></policy>'
        try:
            subprocess.run([PROGRAM, "--version"], stdout=subprocess.DEVNULL, check=True, **who)
        except (PermissionError, subprocess.CalledProcessError):
            self.skipTest("ordinary users cannot reach the program where it is")
        self.assert_starts(inside=everybody, **who)

    @unittest.skipIf(IS_REFERENCE, "does not know polkit")
    def test_no_agent(self):
        """Who would ask polkit cannot be started: what polkit is to be asked is refused."""
        folder = os.path.dirname(PROGRAM)
        for name in ["", "-broker", "-compile", "-recorder"]:
            shutil.copy(os.path.join(folder, "dbus-warden" + name), self.folder)
        check = '<policy context="mandatory"><check polkit="com.ex.a" send_destination="com.ex.Other"/></policy>'
        process, client = self.assert_starts(inside=check, logged=False, executable=self.path("dbus-warden"))
        with self.assertRaises(wire.CallError) as caught:
            client.call(wire.call("com.ex.Other", "/", "com.ex.I", "M"))
        self.assertEqual(caught.exception.name, wire.FAULT + "AccessDenied")
        until(lambda: "polkit" in self.said(process), "a line of polkit")
        self.assertEqual(self.stop(process), 0)


@unittest.skipIf(IS_REFERENCE, "requires nothing")
class Required(Case):
    LISTEN = "<listen>unix:path=%s</listen>"

    def demanding(self, what):
        return self.config(self.LISTEN % self.path("bus") + what)

    def unable(self, *words):
        """Words that run a program which may not write to the audit trail, whoever it is."""
        return [sys.executable, "-c", "import os, sys, ctypes\n"
                "ctypes.CDLL(None).prctl(24, 29)\nos.execv(sys.argv[1], sys.argv[1:])", PROGRAM, *words]

    def run_unable(self, config):
        return subprocess.Popen(self.unable("--config-file=" + config, "--print-address=1"), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def test_audit(self):
        """Without the right to write there the bus starts; where it must, it does not."""
        for mode, starts in [("preferred", True), ("required", False)]:
            with self.subTest(mode=mode):
                process = self.run_unable(self.demanding('<records to="audit,stderr" mode="%s"/>' % mode))
                address = process.stdout.readline()
                self.assertEqual(bool(address), starts)
                if starts:
                    self.connect(self.path("bus")).sync()
                    process.terminate()
                _, said = process.communicate(timeout=PATIENCE)
                self.assertEqual(process.returncode, 0 if starts else 1)
                self.assertEqual(b"requires that decisions are recorded" in said, not starts)

    @unittest.skipIf(os.path.exists("/sys/kernel/security/apparmor/features/dbus/mask"), "this kernel mediates")
    def test_apparmor(self):
        for mode, starts in [("enabled", True), ("disabled", True), ("required", False)]:
            with self.subTest(mode=mode):
                config = self.demanding('<apparmor mode="%s"/>' % mode)
                if not starts:
                    self.assertIn("requires AppArmor", self.refuse("--config-file=" + config))
                    continue
                process, _ = self.run_bus("--config-file=" + config)
                self.assertEqual(self.stop(process), 0)

    @unittest.skipIf(os.path.exists("/sys/kernel/security/apparmor/features/dbus/mask"), "this kernel mediates")
    def test_apparmor_later(self):
        """A bus that runs takes no policy that it could not have started with, and goes on with the old."""
        process, _ = self.run_bus("--config-file=" + self.demanding(""))
        client = self.connect(self.path("bus"))
        deny = '<policy context="mandatory"><deny own="com.ex.N"/></policy>'
        self.demanding('<apparmor mode="required"/>' + deny)
        with self.assertRaises(wire.CallError):
            client.driver("ReloadConfig")
        client.request_name("com.ex.N")
        until(lambda: "requires AppArmor" in self.said(process), "a line of AppArmor")


@unittest.skipIf(IS_REFERENCE, "is one process")
class Crash(Case):
    """The process that clients talk to is killed, as by a fault of its own."""

    def setUp(self):
        super().setUp()
        # which would report the fault, and exit
        self.sanitizers("handle_segv=0:handle_abort=0")

    def crash(self, process, number):
        os.kill(self.broker_of(process), number)
        self.assertEqual(process.wait(PATIENCE), 1)
        said = self.said(process)
        self.assertIn("dbus-warden-broker was killed by signal %d (%s): the bus ends" % (
            number, signal.strsignal(number)), said)

    def test_with_the_socket_of_systemd(self):
        """What connects in between waits for the next bus, as when systemd restarts it."""
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(self.path("bus"))
        listening.listen()
        moved = os.dup2(listening.fileno(), 200)
        self.addCleanup(os.close, moved)
        config = self.config("<listen>systemd:</listen>")

        def begin():
            os.dup2(200, 3)
            os.environ["LISTEN_FDS"] = "1"
            os.environ["LISTEN_PID"] = str(os.getpid())

        def start():
            return self.run_bus("--config-file=" + config, preexec_fn=begin, close_fds=False)[0]

        process = start()
        for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT):
            with self.subTest(number=number):
                client = self.connect(self.path("bus"))
                self.crash(process, number)
                self.assertTrue(client.is_closed())
                self.assertTrue(os.path.exists(self.path("bus")), "a socket of systemd's was removed")
                waiting = socket.socket(socket.AF_UNIX)
                self.addCleanup(waiting.close)
                waiting.connect(self.path("bus"))
                process = start()
                wire.Client(waiting).auth().hello().sync()
        self.assertEqual(self.stop(process), 0)

    def test_with_files_of_its_own(self):
        """Nothing is left that would be in the way of the next."""
        listen = "<listen>unix:path=%s</listen><pidfile>%s</pidfile>"
        config = self.config(listen % (self.path("bus"), self.path("pid")))
        for _ in range(3):
            process, _ = self.run_bus("--config-file=" + config)
            self.connect(self.path("bus")).sync()
            self.crash(process, signal.SIGSEGV)
            self.assertFalse(os.path.exists(self.path("bus")) or os.path.exists(self.path("pid")))

    def test_services_go_on(self):
        """What the bus started is not the bus."""
        os.mkdir(self.path("services"))
        self.write("services/a.b.service", "[D-BUS Service]\nName=a.b\nExec=/bin/sh -c 'echo $$ > %s; exec sleep 30'\n"
                   % self.path("out"))
        inside = "<listen>unix:path=%s</listen><servicedir>%s</servicedir>"
        process, _ = self.run_bus("--config-file=" + self.config(inside % (self.path("bus"), self.path("services"))))
        self.connect(self.path("bus")).send(wire.call("a.b", "/", "a.b", "C"))
        until(lambda: os.path.exists(self.path("out")) and os.path.getsize(self.path("out")), "the service")
        with open(self.path("out"), encoding="ascii") as file:
            pid = int(file.read())
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        self.crash(process, signal.SIGSEGV)
        os.kill(pid, 0)

    def test_all_at_once(self):
        """Whoever is killed: a bus that is killed as a whole can be started again, but for its pid file."""
        listen = "<listen>unix:path=%s</listen><pidfile>%s</pidfile>"
        config = self.config(listen % (self.path("bus"), self.path("pid")))
        process, _ = self.run_bus("--config-file=" + config)
        process.kill()
        process.wait(PATIENCE)
        said = self.refuse("--config-file=" + config)
        self.assertIn(self.path("pid"), said)
        self.assertIn("remove it", said)
        process, _ = self.run_bus("--config-file=" + config, "--nopidfile")
        self.connect(self.path("bus")).sync()
        self.assertEqual(self.stop(process), 0)


if __name__ == "__main__":
    unittest.main()
