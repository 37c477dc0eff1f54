"""Records where journald runs: entries of their own, with the fields of the client."""

import json
import subprocess
import time
import unittest

from harness import SESSION, BusTest
from wire import CallError

MESSAGE_ID = "efdbbd1959234d15be7d3a8c8cb9b00c"
PATIENCE = 20


def run(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


class Journal(BusTest):
    def refused(self, name):
        """A name is refused to uid 1; the bus and the connection."""
        bus = self.bus(
            SESSION, tail='<records to="journal"/><policy context="mandatory"><deny own="%s"/></policy>' % name,
            logging=("--syslog-only",))
        client = bus.client(1)
        with self.assertRaises(CallError):
            client.request_name(name)
        return bus, client

    def until(self, look):
        """What it finds, once it does."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.2)
        self.fail("not in the journal: " + run("/warden/wardenctl", "log", "--from", "journal"))

    def test_entry(self):
        bus, client = self.refused("com.ex.First")
        line = self.until(lambda: run(
            "journalctl", "-o", "json", "MESSAGE_ID=" + MESSAGE_ID, 'DBUS_WARDEN_NAME="com.ex.First"'))
        entry = json.loads(line)
        for key, value in (("VERB", "own"), ("UID", "1"), ("SENDER", '"%s"' % client.name), ("RES", "failed"),
                           ("JUDGE", "own_rules")):
            self.assertEqual(entry["DBUS_WARDEN_" + key], value, key)
        self.assertTrue(entry["DBUS_WARDEN_RULE"].startswith('"%s:' % bus.config))
        self.assertEqual(entry["_COMM"], "dbus-warden-rec")
        self.assertIn("denied own", entry["MESSAGE"])

    def test_wardenctl(self):
        self.refused("com.ex.Second")
        for words in ((), ("--user", "daemon"), ("--denied",), ("--reason", "own")):
            text = self.until(lambda: "\n".join(
                line for line in run("/warden/wardenctl", "log", "--from", "journal", *words).splitlines()
                if "com.ex.Second" in line))
            self.assertIn("daemon", text)


if __name__ == "__main__":
    unittest.main()
