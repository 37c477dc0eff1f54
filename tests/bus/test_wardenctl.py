"""test_wardenctl - wardenctl asks a running bus: the policy in force, and who its connections are."""

import json
import unittest

from harness import ALICE, BOB, CLOSED, IS_REFERENCE, BusTest, need_root, need_wardenctl, wardenctl
from units import client_in, drop_units, need_units, unit

BASE = CLOSED + """
<policy context="default">
  <allow own="*"/>
  <allow send_type="signal"/>
  %s
</policy>
"""
SERVED = '<allow send_destination="com.ex.Served"/>'
POLICY = '<policy context="default"><deny own="com.ex.Served"/></policy>'
QUEUED = '<allow send_destination="com.ex.Queued"/>'


class Wardenctl(BusTest):
    def setUp(self):
        if IS_REFERENCE:
            self.skipTest("this asks dbus-warden's own interface")
        need_wardenctl()
        need_root()

    def ask(self, bus, *args, user=None):
        """(status, what it printed)"""
        done = wardenctl(args[0], "--address", bus.address, *args[1:], user=user)
        return done.returncode, done.stdout + done.stderr

    def call_of(self, bus, subject, name, *more):
        return self.ask(bus, "check", "--subject", subject, "--call", name, *more)

    def test_policy_in_force(self):
        """The answer is that of the running bus, before and after a reload."""
        bus = self.bus(policy=BASE % "")
        question = ("check", "--user", str(ALICE), "--call", "com.ex.Served")
        status, text = self.ask(bus, *question)
        self.assertEqual(status, 1, text)
        bus.configure(policy=BASE % SERVED)
        bus.client().driver("ReloadConfig")
        status, text = self.ask(bus, *question)
        self.assertEqual(status, 0, text)
        self.assertIn("bus.conf:", text)

    def test_subject_by_name(self):
        """A connection's user and groups are the kernel's; unique and other names both find it."""
        bus = self.bus(
            policy=BASE % "" + '<policy group="61077">%s</policy>' % SERVED + '<policy user="%d">%s</policy>' % (BOB, QUEUED)
        )
        alice, bob = bus.client(ALICE, groups=[61077]), bus.client(BOB)
        alice.request_name("com.ex.Alice")
        for subject in (alice.name, "com.ex.Alice"):
            self.assertEqual(self.call_of(bus, subject, "com.ex.Served")[0], 0)
            self.assertEqual(self.call_of(bus, subject, "com.ex.Queued")[0], 1)
        self.assertEqual(self.call_of(bus, bob.name, "com.ex.Served")[0], 1)
        self.assertEqual(self.call_of(bus, bob.name, "com.ex.Queued")[0], 0)
        status, text = self.call_of(bus, "com.ex.Nobody", "com.ex.Served")
        self.assertEqual(status, 2)
        self.assertIn("com.ex.Nobody", text)

    def test_subject_in_a_unit(self):
        """A connection's unit and slices are those of its process; the answers are the bus's own."""
        need_units()
        inside = unit("asked%d.service")
        self.addCleanup(drop_units)
        bus = self.bus(
            policy=BASE % ""
            + '<policy unit="asked*.service">%s</policy><policy unit="system.slice">%s</policy>' % (SERVED, QUEUED)
            + '<restrict own="com.ex.Served" unit="%s"/>' % inside.name
        )
        alice, other = client_in(bus, inside), client_in(bus, None)
        for name in ("com.ex.Served", "com.ex.Queued"):
            self.assertEqual(self.call_of(bus, alice.name, name)[0], 0)
            self.assertEqual(self.call_of(bus, other.name, name)[0], 1)
        for client, may in ((alice, True), (other, False)):
            status, text = self.ask(bus, "explain", "--subject", client.name, "--own", "com.ex.Served")
            self.assertEqual(status, 0 if may else 1, text)
            self.assertEqual("unit %s; slices system.slice" % inside.name in text, may, text)
            self.assertEqual(": met" in text, may, text)
        self.assertEqual(alice.request_name("com.ex.Served"), 1)

    def test_recipient(self):
        """All names of the recipient count, those it only queues for too; and its user's rules."""
        bus = self.bus(
            policy=BASE % QUEUED + '<policy user="%d"><deny receive_type="method_call" receive_member="Stop" receive_interface="com.ex.I"/></policy>' % BOB
        )
        owner, bob = bus.client(), bus.client(BOB)
        owner.request_name("com.ex.Queued")
        self.assertEqual(self.call_of(bus, owner.name, "com.ex.Served")[0], 1)
        bob.request_name("com.ex.Served")
        bob.request_name("com.ex.Queued")
        self.assertEqual(self.call_of(bus, owner.name, "com.ex.Served")[0], 0)
        stop = ("--interface", "com.ex.I", "--member", "Stop")
        status, text = self.call_of(bus, owner.name, "com.ex.Served", *stop)
        self.assertEqual(status, 1)
        self.assertIn("receive rules", text)
        self.assertEqual(self.call_of(bus, owner.name, "com.ex.Queued", *stop)[0], 0)

    def test_other_commands(self):
        bus = self.bus(policy=BASE % SERVED)
        status, text = self.ask(bus, "who-may", "com.ex.Served", "--json")
        self.assertEqual(status, 0, text)
        self.assertIn("everyone", json.loads(text)["calls"][0]["allowed"])
        status, text = self.ask(bus, "explain", "--user", str(ALICE), "--own", "com.ex.Served")
        self.assertEqual(status, 0, text)
        status, text = self.ask(bus, "lint")
        self.assertEqual(status, 1, text)
        self.assertIn("own-any", text)
        self.assertEqual(self.ask(bus, "diff", bus.config, "live"), (0, ""))
        changed = bus.write("changed.conf", "<busconfig><include>%s</include>%s</busconfig>" % (bus.config, POLICY))
        status, text = self.ask(bus, "diff", "live", changed)
        self.assertEqual((status, text), (1, "- own com.ex.Served: everyone\n"))

    def test_not_for_everybody(self):
        """Who is not privileged does not get the policy: wardenctl says so and gives no answer."""
        bus = self.bus(policy=BASE % "")
        status, text = self.ask(bus, "check", "--user", "0", "--connect", user=ALICE)
        self.assertEqual(status, 2, text)
        self.assertIn("GetImage", text)


if __name__ == "__main__":
    unittest.main()
