"""test_records - wardenctl reads back what a bus has recorded: log, who-called, suggest."""

import json
import os
import signal as signals
import subprocess
import sys
import time
import unittest

from harness import ALICE, BOB, CAROL, CLOSED, IS_REFERENCE, WARDENCTL, BusTest, need_root, need_wardenctl, wardenctl
from wire import CallError, call, reply, signal

POLICY = CLOSED + """
<policy context="default">
  <deny user="%d"/>
  <allow send_destination="com.ex.Open"/>
  <audit send_destination="com.ex.Open" send_interface="com.ex.I" send_member="Watched" on="allow"/>
  <deny receive_sender="com.ex.Open" receive_interface="com.ex.Quiet"/>
</policy>
<policy user="0"><allow own="*"/><allow send_type="signal"/></policy>
""" % CAROL
SUGGESTED = '<include ignore_missing="yes">@/suggested.conf</include>'


@unittest.skipIf(IS_REFERENCE, "records nothing")
class Records(BusTest):
    def setUp(self):
        need_wardenctl()
        need_root()

    def started(self):
        bus = self.bus(policy=POLICY, tail=SUGGESTED)
        self.services = {name: bus.client() for name in ("com.ex.Shut", "com.ex.Open")}
        for name, service in self.services.items():
            service.request_name(name)
        self.service = self.services["com.ex.Open"]
        return bus

    def ask(self, bus, *args, status=0):
        """What wardenctl says of the bus's records, once there are as many as are expected."""
        done = wardenctl(args[0], "--from", bus.log.name, *args[1:])
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def entries(self, bus, n, *args):
        """The records, when there are at least n."""
        deadline = time.monotonic() + 10
        while True:
            found = [json.loads(line) for line in self.ask(bus, "log", "--json", *args).splitlines()]
            found = [entry for entry in found if entry["verb"] != "policy"]  # there is always one
            if len(found) >= n or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self.assertEqual(len(found), n, bus.text())
        return found

    def refused_call(self, client, name, path, interface, member):
        with self.assertRaises(CallError) as caught:
            client.call(call(name, path, interface, member))
        self.assertTrue(caught.exception.name.endswith("AccessDenied"), caught.exception)

    def served_call(self, client, name, path, interface, member):
        serial = client.send(call(name, path, interface, member))
        service = self.services[name]
        service.send(reply(service.expect(member=member)))
        client.result(serial)

    def test_log(self):
        """Each condition by itself and all together; lines and JSON say the same."""
        bus = self.started()
        alice, bob = bus.client(ALICE), bus.client(BOB)
        self.refused_call(alice, "com.ex.Shut", "/a", "com.ex.I", "M")
        self.refused("AccessDenied", bob.driver, "RequestName", "su", "com.ex.Mine", 0)
        self.served_call(bob, "com.ex.Open", "/b", "com.ex.I", "Watched")
        found = self.entries(bus, 3)
        self.assertEqual([e["verb"] for e in found], ["send", "own", "send"])
        self.assertEqual([e["uid"] for e in found], [ALICE, BOB, BOB])
        self.assertEqual([e["res"] for e in found], ["failed", "failed", "success"])
        self.assertEqual([e["user"] for e in found], ["daemon", "bin", "bin"])
        self.assertIn("no rule matched", found[0]["why"])
        for args, verbs in (
            (["--denied"], ["send", "own"]),
            (["--allowed"], ["send"]),
            (["--permissive"], []),
            (["--denied", "--allowed"], ["send", "own", "send"]),
            (["--user", "bin"], ["own", "send"]),
            (["--user", str(ALICE), "--allowed"], []),
            (["--destination", "com.ex.Shut"], ["send"]),
            (["--destination", "com.ex.Mine"], ["own"]),
            (["--destination", "com.ex"], []),
            (["--reason", "Own Rules"], ["own"]),
            (["--reason", "own_rules"], ["own"]),
            (["--reason", "nothing of the kind"], []),
            (["--unit", "no-such-*.service"], []),
        ):
            self.assertEqual([e["verb"] for e in self.entries(bus, len(verbs), *args)], verbs, args)
        lines = self.ask(bus, "log").splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("load the policy (number 1)", lines.pop(0))
        self.assertIn("denied daemon", lines[0])
        self.assertIn("call com.ex.I.M at /a of com.ex.Shut (root", lines[0])
        self.assertIn("send rules: no rule matched", lines[0])
        self.assertIn("denied bin", lines[1])
        self.assertIn("own com.ex.Mine", lines[1])
        self.assertIn("allowed bin", lines[2])
        self.assertIn("%s:" % bus.config, lines[2])

    def test_follow(self):
        """What is recorded while it runs is shown at once, and nothing that was before."""
        bus = self.started()
        alice = bus.client(ALICE)
        self.refused_call(alice, "com.ex.Shut", "/a", "com.ex.I", "Before")
        self.entries(bus, 1)
        with subprocess.Popen(
            [WARDENCTL, "log", "--follow", "--json", "--from", bus.log.name], stdout=subprocess.PIPE, text=True
        ) as follower:
            try:
                # until it looks, nobody knows from where on
                while not os.listdir("/proc/%d/fdinfo" % follower.pid) or "inotify" not in self.opened(follower.pid):
                    time.sleep(0.01)
                time.sleep(0.1)
                for member in ("One", "Two"):
                    self.refused_call(alice, "com.ex.Shut", "/a", "com.ex.I", member)
                    self.assertEqual(json.loads(follower.stdout.readline())["member"], member)
            finally:
                follower.terminate()

    def opened(self, pid):
        text = ""
        for fd in os.listdir("/proc/%d/fd" % pid):
            try:
                text += os.readlink("/proc/%d/fd/%s" % (pid, fd)) + " "
            except FileNotFoundError:
                pass
        return text

    def test_gone(self):
        """Who has ended is recorded as what it was when it came."""

        def rename():
            with open("/proc/self/comm", "w", encoding="ascii") as file:
                file.write("short")

        bus = self.started()
        alice = bus.client(ALICE, before=rename)
        # launch is behind that, too
        bus.client().driver("ReloadConfig")
        alice.on_close = alice.on_close()  # its process ends
        self.refused_call(alice, "com.ex.Shut", "/a", "com.ex.I", "M")
        found = self.entries(bus, 1, "--denied")[0]
        self.assertEqual(found["comm"], "short")
        self.assertEqual(found["exe"], os.path.realpath(sys.executable))

    def test_launch_stands_still(self):
        """Who connects does not wait for launch to have looked at it, nor does a record."""
        bus = self.started()
        os.kill(bus.process.pid, signals.SIGSTOP)
        try:
            for _ in range(500):
                bus.client().close()
            self.refused_call(bus.client(ALICE), "com.ex.Shut", "/a", "com.ex.I", "M")
            self.assertEqual(self.entries(bus, 1)[0]["member"], "M")
        finally:
            os.kill(bus.process.pid, signals.SIGCONT)
        bus.client().driver("ReloadConfig")

    def test_who_called(self):
        bus = self.started()
        bob = bus.client(BOB)
        self.served_call(bob, "com.ex.Open", "/b", "com.ex.I", "Watched")
        self.served_call(bob, "com.ex.Open", "/b", "com.ex.I", "Unwatched")
        self.refused_call(bob, "com.ex.Shut", "/b", "com.ex.I", "M")
        self.refused("AccessDenied", bob.driver, "RequestName", "su", "com.ex.Mine", 0)
        self.entries(bus, 3)
        for what, members in (
            ("com.ex.Open", ["Watched"]),
            ("com.ex.Shut", ["M"]),
            ("com.ex.Open.Watched", ["Watched"]),
            ("com.ex.I.Watched", ["Watched"]),
            ("com.ex.I.M", ["M"]),
            ("com.ex.Open.Watch", []),
            ("com.ex", []),
            ("Watched", []),
        ):
            found = json.loads(self.ask(bus, "who-called", what, "--json"))
            self.assertEqual([e["member"] for e in found], members, what)
        lines = self.ask(bus, "who-called", "com.ex.Open.Watched").splitlines()
        self.assertEqual(lines[0].split(), "WHEN USER SESSION EXE UNIT RESULT METHOD".split())
        self.assertEqual(len(lines), 2)
        self.assertIn(" bin ", lines[1])
        self.assertIn(" allowed ", lines[1])
        self.assertTrue(lines[1].endswith("com.ex.I.Watched at /b"), lines[1])

    def denied_things(self, bus):
        """Does what the policy refuses; a list of functions that do each of it again."""
        alice, bob = bus.client(ALICE), bus.client(BOB)
        bob_hears = signal("/s", "com.ex.Quiet", "Said", destination=bob.name)

        def send_signal():
            alice.send(signal("/s", "com.ex.I", "Told", destination="com.ex.Shut"))
            alice.sync()

        def hear():
            self.service.send(bob_hears)
            self.service.sync()

        self.clients = alice, bob
        return [
            lambda: self.refused_call(alice, "com.ex.Shut", "/a", "com.ex.I", "M"),
            lambda: self.refused_call(alice, "com.ex.Shut", "/a", "com.ex.I", "N"),
            lambda: self.refused("AccessDenied", bob.driver, "RequestName", "su", "com.ex.Mine", 0),
            hear,
            send_signal,
        ]

    def suggested(self, bus, *args):
        """Puts what is suggested into force."""
        text = self.ask(bus, "suggest", *args)
        path = bus.write("suggested.conf", text)
        done = wardenctl("lint", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + text)
        self.service.driver("ReloadConfig")
        return text

    def test_suggest(self):
        """What was refused is admitted with the file that is suggested, and nothing else is."""
        bus = self.started()
        for refuse in self.denied_things(bus):
            refuse()
        alice, bob = self.clients
        carol = bus.raw(CAROL)
        carol.auth(CAROL)
        self.assertTrue(carol.is_closed())
        self.entries(bus, 6)
        text = self.suggested(bus)
        self.assertEqual(text.count("\n    <allow "), 6, text)

        # the very same
        for member in ("M", "N"):
            self.served_call(alice, "com.ex.Shut", "/a", "com.ex.I", member)
        self.assertEqual(bob.request_name("com.ex.Mine"), 1)
        self.service.send(signal("/s", "com.ex.Quiet", "Said", destination=bob.name))
        bob.expect(member="Said")
        bus.client(CAROL)
        # and none of the others
        for client, name, path, interface, member in (
            (bob, "com.ex.Shut", "/a", "com.ex.I", "M"),
            (alice, "com.ex.Shut", "/b", "com.ex.I", "M"),
            (alice, "com.ex.Shut", "/a", "com.ex.J", "M"),
            (alice, "com.ex.Shut", "/a", None, "M"),
            (alice, "com.ex.Shut", "/a", "com.ex.I", "O"),
        ):
            self.refused_call(client, name, path, interface, member)
        self.refused("AccessDenied", alice.driver, "RequestName", "su", "com.ex.Mine", 0)
        self.refused("AccessDenied", bob.driver, "RequestName", "su", "com.ex.Mine.More", 0)
        for quiet in (("/t", "com.ex.Quiet", "Said"), ("/s", "com.ex.Quiet", "Shouted")):
            self.service.send(signal(*quiet, destination=bob.name))
        self.service.sync()
        self.assertEqual(bob.taken(type=4, path="/s") + bob.taken(type=4, path="/t"), [])


if __name__ == "__main__":
    unittest.main()
