"""Who may send, receive, own and watch by the profiles that the kernel has at that moment; the stock
dbus-daemon in the same machine says the same."""

import os
import re
import subprocess
import unittest

import harness
from harness import BusTest, eventually, outcome
from profiles import MEDIATES, SYSTEM, client, load
from wire import DRIVER, FAULT, CallError, call, reply, signal

NAME = "org.example.Guarded"
EXECUTABLE = "/run/reference-bus"
LET_BAD = "  dbus send bus=system path=/x interface=org.example.I,\n"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Reference:
    """dbus-daemon in place of the bus."""

    def __enter__(self):
        with open(EXECUTABLE, "w", encoding="ascii") as file:
            file.write('#!/bin/bash\nexport LD_PRELOAD=/tests/bin/peersec.so\nexec /usr/bin/dbus-daemon "$@"\n')
        os.chmod(EXECUTABLE, 0o755)
        self.was, harness.PROGRAM = harness.PROGRAM, EXECUTABLE
        with open("/proc/sys/kernel/printk_ratelimit", "w", encoding="ascii") as file:
            file.write("0")
        subprocess.run(["dmesg", "--clear"], check=True)

    def __exit__(self, *_):
        harness.PROGRAM = self.was


def words(text):
    """Records in AppArmor's words, less what is new each time and what only one of the two says."""
    out = []
    for line in re.findall(r'apparmor="[A-Z]+" operation="dbus_.*', text):
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', line.split(" info=")[0].split(" exe=")[0]))
        out.append({k: v for k, v in pairs.items() if k not in ("comm", "exe")})
    return out


def about(record):
    """The message and its ends, whichever of them it is that objects."""
    ends = tuple(sorted(record.get(end, "") for end in ("label", "peer_label")))
    return tuple(record.get(key) for key in ("operation", "path", "interface", "member")) + ends


def kernel_text():
    return subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout.decode()


@unittest.skipUnless(MEDIATES, "this boot does not mediate")
class Apparmor(BusTest):
    def setUp(self):
        self.addCleanup(load)

    def scene(self):
        bus = self.bus(**SYSTEM)
        self.service = client(bus, "vm-svc")
        self.service.request_name(NAME)
        return bus

    def send(self, sender, message):
        serial = sender.send(message)
        sender.sync()
        self.service.sync()
        for m in sender.inbox:
            if m.reply_serial == serial and m.sender == DRIVER:
                sender.inbox.remove(m)
                return m.error.removeprefix(FAULT)
        for m in self.service.inbox:
            if m.sender == sender.name and m.serial == serial:
                self.service.inbox.remove(m)
                return "passed"
        return "lost"

    def call(self, sender, interface="org.example.I", member="M"):
        return self.send(sender, call(NAME, "/x", interface, member))

    def test_features(self):
        bus = self.scene()
        asking = client(bus, None)
        features = asking.driver("Get", "ss", DRIVER, "Features", interface=PROPERTIES)[0].value
        self.assertIn("AppArmor", features)
        self.assertNotIn("SELinux", features)
        credentials = asking.driver("GetConnectionCredentials", "s", NAME)[0]
        self.assertEqual(credentials["LinuxSecurityLabel"].value, b"vm-svc (enforce)\0")
        self.assertIn("AppArmor mediates, the bus is unconfined", bus.text())

    def script(self):
        bus = self.scene()
        told = []
        senders = {p: client(bus, p) for p in ("vm-good", "vm-bad", "vm-soft", "vm-deaf", None)}
        for profile, sender in senders.items():
            for interface, member in (("org.example.I", "M"), ("org.example.Ok", "Ping"), ("org.example.Ok", "Pong"),
                                      ("org.example.Audited", "M"), ("org.example.Quiet", "M")):
                told.append(("call", profile, interface, member, self.call(sender, interface, member)))
            # with no interface the member must not stand in its place
            told.append(("bare", profile, self.send(sender, call(NAME, "/x", None, "Ping"))))
            told.append(("signal", profile, self.send(sender, signal("/x", "org.example.I", "S", destination=NAME))))
            for name in ("org.example.Good", NAME, "org.example.Other"):
                told.append(("own", profile, name, outcome(sender.request_name, name, 4)))
        told.append(("Hello", "vm-mute", outcome(client, bus, "vm-mute")))
        ears = {p: client(bus, p).add_match("interface='org.example.Sig'") for p in ("vm-good", "vm-deaf", None)}
        for profile, sender in senders.items():
            sender.send(signal("/x", "org.example.Sig", "S"))
            sender.sync()
            for ear, listener in ears.items():
                told.append(("broadcast", profile, ear, len(listener.taken(member="S"))))
        watching = client(bus, "vm-good")
        told.append(("monitor", outcome(watching.driver, "BecomeMonitor", "asu", [], 0)))
        return told, bus

    def test_same_as_reference(self):
        with Reference():
            theirs, bus = self.script()
        recorded = eventually(
            lambda: words(kernel_text()), lambda out: [r for r in out if r["operation"] == "dbus_eavesdrop"])
        ours, bus = self.script()
        self.assertEqual(ours, theirs)
        self.assertIn(("call", "vm-bad", "org.example.I", "M", "AccessDenied"), ours)
        self.assertIn(("call", "vm-bad", "org.example.Ok", "Ping", "passed"), ours)
        mine = eventually(lambda: words(bus.text()), lambda out: [r for r in out if r["operation"] == "dbus_eavesdrop"])
        self.assertEqual([r for r in mine if r not in recorded], [])
        # where both ends' profiles object there is one record, the stricter's, else the sender's
        told = [about(r) for r in mine]
        self.assertEqual([r for r in recorded if about(r) not in told], [])

    def test_reload(self):
        """What was denied is allowed with the next message after apparmor_parser is done, and back."""
        bus = self.scene()
        sender, busy = client(bus, "vm-bad"), client(bus, "vm-good")
        for _ in range(3):
            for _ in range(50):
                busy.send(signal("/x", "org.example.I", "Noise", destination=NAME))
            self.assertEqual(self.call(sender), "AccessDenied")
            load(lambda text: text.replace("# no D-Bus rule", "# none").replace(
                "  audit dbus send", LET_BAD + "  audit dbus send"))
            self.assertEqual(self.call(sender), "passed")
            load()
            self.service.inbox.clear()
        self.assertEqual(self.call(sender), "AccessDenied")

    def test_requested_reply(self):
        """A reply that is waited for is not asked about; one that is not, is."""
        bus = self.scene()
        sender = client(bus, "vm-bad")
        serial = sender.send(call(NAME, "/x", "org.example.Ok", "Ping"))
        got = self.service.expect(member="Ping")
        self.service.send(reply(got))
        sender.answer(serial)

    def test_parser(self):
        """libapparmor's own parser, which aa-logprof uses, reads what is recorded."""
        try:
            import LibAppArmor
        except ImportError as error:
            self.skipTest("no python3-libapparmor: %s" % error)
        bus = self.scene()
        self.call(client(bus, "vm-bad", uid=1))
        self.call(client(bus, "vm-soft"))
        outcome(client(bus, "vm-good").request_name, NAME, 4)
        eventually(bus.text, lambda text: "dbus_bind" in text)
        seen = []
        for line in re.findall(r'apparmor="[A-Z]+".*? \| ', bus.text()):
            r = LibAppArmor.parse_record(
                "type=USER_AVC msg=audit(1375323372.644:157): pid=3 uid=1 auid=2 ses=2 msg='%s'" % line[:-3])
            seen.append((r.event, r.operation, r.profile, r.denied_mask, r.name, r.peer_profile))
        denied, allowed = LibAppArmor.AA_RECORD_DENIED, LibAppArmor.AA_RECORD_ALLOWED
        self.assertIn((denied, "dbus_method_call", "vm-bad", "send", NAME, "vm-svc"), seen)
        self.assertIn((allowed, "dbus_method_call", "vm-soft", "send", NAME, "vm-svc"), seen)
        self.assertIn((denied, "dbus_bind", "vm-good", "bind", NAME, None), seen)

    def test_required(self):
        bus = self.bus(tail='<apparmor mode="required"/>', **SYSTEM)
        with self.assertRaises(CallError):
            client(bus, "vm-mute")

    def test_disabled(self):
        bus = self.bus(tail='<apparmor mode="disabled"/>', **SYSTEM)
        client(bus, "vm-mute")


@unittest.skipIf(MEDIATES, "this boot mediates")
class Blind(BusTest):
    """A kernel without mediation: said once, loudly; demanded: the bus does not start."""

    def test_said(self):
        bus = self.bus(**SYSTEM)
        self.assertEqual(bus.text().count("AppArmor is on but DOES NOT MEDIATE this bus: this kernel"), 1)
        asking = client(bus, "vm-mute")
        features = asking.driver("Get", "ss", DRIVER, "Features", interface=PROPERTIES)[0].value
        self.assertNotIn("AppArmor", features)

    def test_disabled(self):
        bus = self.bus(tail='<apparmor mode="disabled"/>', **SYSTEM)
        self.assertNotIn("AppArmor", bus.text())

    def test_required(self):
        with self.assertRaises(AssertionError) as caught:
            self.bus(tail='<apparmor mode="required"/>', **SYSTEM)
        self.assertIn("status 1", str(caught.exception))
        self.assertIn("requires AppArmor to mediate, but this kernel does not mediate D-Bus", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
