"""The label of a client arrives where the driver gives it out, from a bus like the system's."""

import unittest

from harness import BusTest, family
from labels import client, label

SYSTEM = {"type": "system", "head": "<user>messagebus</user>"}


class Labels(BusTest):
    def test_bus_has_its_own(self):
        bus = self.bus(**SYSTEM)
        processes = family(bus.pid)
        self.assertGreaterEqual(len(processes), 3, "launch, broker, recorder")
        for pid in processes:
            with open("/proc/%d/attr/current" % pid, encoding="ascii") as file:
                self.assertEqual(file.read().rstrip("\0\n"), label("bus_t"))

    def test_credentials(self):
        bus = self.bus(**SYSTEM)
        asking = client(bus, "good_t")
        for type in ("good_t", "svc_t", "kernel_t"):
            other = client(bus, type, uid=1)
            credentials = asking.driver("GetConnectionCredentials", "s", other.name)[0]
            self.assertEqual(credentials["UnixUserID"].value, 1)
            self.assertEqual(credentials["LinuxSecurityLabel"].value, label(type).encode() + b"\0")

    def test_context(self):
        bus = self.bus(**SYSTEM)
        asking = client(bus, "good_t")
        other = client(bus, "bad_t")
        context = asking.driver("GetConnectionSELinuxSecurityContext", "s", other.name)[0]
        self.assertEqual(bytes(context), label("bad_t").encode())

    def test_kernel_refuses(self):
        """The policy is enforced: without a rule for it, a socket is not even connected."""
        bus = self.bus(**SYSTEM)
        with self.assertRaises(ConnectionRefusedError):
            client(bus, "noconn_t")


if __name__ == "__main__":
    unittest.main()
