"""The shipped profiles for the bus's own processes: they get them, and live with them."""

import subprocess
import unittest

from harness import BusTest, family
from profiles import MEDIATES, SYSTEM
from wire import DRIVER, CallError, call, reply

PROFILES = "/tests/dbus-warden.apparmor.in"
NAMES = ("dbus-warden-broker", "dbus-warden-compile", "dbus-warden-recorder", "dbus-warden-polkit")


@unittest.skipIf(MEDIATES, "labels are the tests' own on this boot")
class Confined(BusTest):
    def setUp(self):
        with open(PROFILES, encoding="utf-8") as file:
            text = file.read().replace("@libexecdir@", "/warden")
        subprocess.run(["apparmor_parser", "-r", "-K"], input=text.encode(), check=True)
        subprocess.run(["dmesg", "--clear"], check=True)
        self.addCleanup(subprocess.run, ["apparmor_parser", "-R"], input=text.encode(), check=True)

    def test_life(self):
        policy = """<policy context="default"><allow user="*"/><allow own="org.example.A"/>
            <allow send_destination="*"/><allow receive_sender="*"/></policy>"""
        bus = self.bus(policy=policy, **SYSTEM)
        labels = []
        for pid in family(bus.pid):
            with open("/proc/%d/attr/apparmor/current" % pid, encoding="ascii") as file:
                labels.append(file.read().strip())
        self.assertEqual(sorted(labels), ["dbus-warden-broker (enforce)", "dbus-warden-recorder (enforce)", "unconfined"])
        service, asking = bus.client(uid=1), bus.client(uid=2)
        service.request_name("org.example.A")
        serial = asking.send(call("org.example.A", "/x", "org.example.I", "M"))
        service.send(reply(service.expect(member="M")))
        asking.answer(serial)
        self.assertEqual(asking.driver("GetConnectionUnixUser", "s", service.name), (1,))
        with self.assertRaises(CallError):
            asking.request_name("org.example.B")
        bus.client().driver("ReloadConfig")
        self.assertEqual(asking.driver("GetNameOwner", "s", DRIVER)[0], DRIVER)
        text = subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertEqual([line for line in text.splitlines() if 'apparmor="DENIED"' in line], [])


if __name__ == "__main__":
    unittest.main()
