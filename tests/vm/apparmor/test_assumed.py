"""A service that does not run yet has no profile: who calls it is judged by the label that its file
assumes (AssumedAppArmorLabel), before anything is started, and by the real one at delivery. The stock
dbus-daemon in the same machine says the same."""

import unittest

from harness import OPEN, BusTest
from profiles import MEDIATES, SYSTEM, client
from test_apparmor import Reference
from wire import DRIVER, ERROR, FAULT, NO_REPLY, call

SYSTEMD = "org.freedesktop.systemd1"
SERVICE = "[D-BUS Service]\nName=%s\nExec=/bin/false\nUser=root\nSystemdService=%s.unit\n%s"
# what a file says of the label
ASSUMED = {"Same": "AssumedAppArmorLabel=vm-svc\n", "Other": "AssumedAppArmorLabel=vm-deaf\n", "None": ""}
# vm-bad may send the first to who has the label vm-svc, and the second to nobody
WHAT = [("org.example.Ok", "Ping"), ("org.example.I", "M")]
# under a profile, this name is for vm-good alone
GOOD = "org.example.Good"
NAMES = {"org.example.%s.%s" % (which, member): text for which, text in ASSUMED.items() for _, member in WHAT}
NAMES[GOOD] = ASSUMED["Same"]


@unittest.skipUnless(MEDIATES, "this boot does not mediate")
class Assumed(BusTest):
    def scene(self):
        files = {"services/%s.service" % name: SERVICE % (name, name, text) for name, text in NAMES.items()}
        bus = self.bus(policy=OPEN, files=files, tail="<servicedir>@/services</servicedir>",
                       args=("--nofork", "--systemd-activation"), **SYSTEM)
        systemd = bus.client()
        systemd.request_name(SYSTEMD)
        return bus, systemd

    def before(self):
        """What becomes of each call of each sender to each service that does not run."""
        told = []
        for profile in ("vm-bad", "vm-good", None):
            bus, systemd = self.scene()
            sender = client(bus, profile)
            for which in ASSUMED:
                for interface, member in WHAT:
                    name = "org.example.%s.%s" % (which, member)
                    sender.send(call(name, "/x", interface, member, flags=NO_REPLY))
                    errors = [m.error.removeprefix(FAULT) for m in sender.taken(type=ERROR)]
                    asked = [m.args[0] for m in systemd.taken(member="ActivationRequest")]
                    told.append((profile, which, member, errors, asked))
        return told

    def test_before_the_start(self):
        with Reference():
            theirs = self.before()
        ours = self.before()
        self.assertEqual(ours, theirs)
        self.assertIn(("vm-bad", "Same", "Ping", [], ["org.example.Same.Ping.unit"]), ours)
        self.assertIn(("vm-bad", "Same", "M", ["AccessDenied"], []), ours)
        self.assertIn(("vm-bad", "Other", "Ping", ["AccessDenied"], []), ours)
        self.assertIn(("vm-good", "Other", "M", [], ["org.example.Other.M.unit"]), ours)

    def at_delivery(self):
        """The same when the service is there, under another profile than its file assumes."""
        told = []
        for profile in ("vm-good", None):
            bus, systemd = self.scene()
            bad, good = client(bus, "vm-bad"), client(bus, "vm-good")
            for sender in (bad, good):
                sender.send(call(GOOD, "/x", *WHAT[0]))
                sender.sync()
            systemd.expect(member="ActivationRequest")
            owner = client(bus, profile)
            owner.request_name(GOOD)
            heard = [m.sender for m in owner.taken(member="Ping")]
            errors = [[m.error.removeprefix(FAULT) for m in s.taken(type=ERROR) if m.sender == DRIVER] for s in (bad, good)]
            told.append((profile, [bad.name in heard, good.name in heard], errors))
        return told

    def test_at_delivery(self):
        with Reference():
            theirs = self.at_delivery()
        ours = self.at_delivery()
        self.assertEqual(ours, theirs)
        for profile in ("vm-good", None):
            self.assertIn((profile, [False, True], [["AccessDenied"], []]), ours)
