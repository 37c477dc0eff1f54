"""test_generate - wardenctl generate: the least policy for a service, as it runs or was recorded."""

import json
import subprocess
import unittest

from harness import ALICE, BOB, CAROL, CLOSED, IS_REFERENCE, WARDENCTL, BusTest, need_root, need_wardenctl, wardenctl
from wire import CallError, call, reply

# everything is allowed and recorded, but one method
OPEN = CLOSED + """
<policy context="default">
  <allow own="*"/>
  <allow send_type="method_call"/>
  <deny send_destination="com.ex.Served" send_interface="com.ex.I" send_member="Shut"/>
  <audit send_destination="com.ex.Served" on="all"/>
  <audit send_destination="com.ex.Other" on="all"/>
</policy>
"""
GENERATED = '<include ignore_missing="yes">@/generated.conf</include>'


@unittest.skipIf(IS_REFERENCE, "compares nothing of the reference")
class Generate(BusTest):
    def setUp(self):
        need_wardenctl()
        need_root()

    def populate(self, bus):
        """A service of BOB's, whom ALICE calls, and who calls one of CAROL's."""
        self.alice, self.bob, self.carol = bus.client(ALICE), bus.client(BOB), bus.client(CAROL)
        self.names = {"com.ex.Served": self.bob, "com.ex.Other": self.carol}

    def own(self):
        self.assertEqual(self.bob.request_name("com.ex.Served"), 1)

    def served(self, client, name, member, destination=None, path="/p"):
        serial = client.send(call(destination or name, path, "com.ex.I", member))
        self.names[name].send(reply(self.names[name].expect(member=member)))
        client.result(serial)

    def refused_call(self, client, name, member):
        with self.assertRaises(CallError) as caught:
            client.call(call(name, "/p", "com.ex.I", member))
        self.assertTrue(caught.exception.name.endswith("AccessDenied"), caught.exception)

    def traffic(self):
        for path in ("/p", "/q"):
            self.served(self.alice, "com.ex.Served", "Get", path=path)
        self.served(self.alice, "com.ex.Served", "Set", self.bob.name)
        self.refused_call(self.alice, "com.ex.Served", "Shut")
        self.served(self.bob, "com.ex.Other", "Notify")

    def started(self):
        bus = self.bus(policy=OPEN)
        self.populate(bus)
        self.own()
        self.carol.request_name("com.ex.Other")
        return bus

    def check_generated(self, text):
        """With it, a closed bus admits what was seen and nothing else."""
        bus = self.bus(policy=CLOSED + '<policy user="%d"><allow own="com.ex.Other"/></policy>' % CAROL, tail=GENERATED)
        self.populate(bus)
        self.refused("AccessDenied", self.bob.driver, "RequestName", "su", "com.ex.Served", 0)
        path = bus.write("generated.conf", text)
        done = wardenctl("lint", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + text)
        bus.client().driver("ReloadConfig")
        self.carol.request_name("com.ex.Other")
        self.own()
        for member in ("Get", "Set"):
            self.served(self.alice, "com.ex.Served", member)
        self.served(self.bob, "com.ex.Other", "Notify")
        for client, name, member in (
            (self.alice, "com.ex.Served", "Shut"),
            (self.alice, "com.ex.Served", "Unseen"),
            (self.carol, "com.ex.Served", "Get"),
            (self.alice, "com.ex.Other", "Notify"),
            (self.bob, "com.ex.Other", "Get"),
        ):
            self.refused_call(client, name, member)
        self.refused("AccessDenied", self.alice.driver, "RequestName", "su", "com.ex.Served", 0)

    def generate(self, *args, status=0):
        done = wardenctl("generate", *args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + done.stderr

    def test_watch(self):
        bus = self.started()
        with subprocess.Popen(
            [WARDENCTL, "generate", "com.ex.Served", "--address", bus.address, "--watch", "4"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as watcher:
            while len(bus.client().driver("ListNames")[0]) < 5 and watcher.poll() is None:
                pass
            # a monitor has no name: what is done while it comes and goes is done again
            deadline = 0
            while watcher.poll() is None:
                self.traffic()
                deadline += 1
            text = watcher.stdout.read()
        if "not built in" in text:
            self.skipTest(text.strip())
        self.assertEqual(watcher.returncode, 0, text)
        self.assertGreater(deadline, 1)
        self.assertIn("times -->", text)
        self.check_generated(text)

    def test_records(self):
        bus = self.started()
        self.traffic()
        bus.line('member="Notify"')
        text = self.generate("com.ex.Served", "--from", bus.log.name)
        self.check_generated(text)

    def test_records_of_another(self):
        bus = self.started()
        self.traffic()
        bus.line('member="Notify"')
        told = json.loads(self.generate("com.ex.Other", "--from", bus.log.name, "--json"))
        self.assertEqual(
            [(r["policy"], r["rule"]) for r in told["rules"]],
            [
                ('user="%d"' % BOB, '<allow send_destination="com.ex.Other" send_type="method_call" send_interface="com.ex.I" send_member="Notify"/>'),
                ('user="%d"' % CAROL, '<allow own="com.ex.Other"/>'),
            ],
        )
        self.assertIn("nothing is recorded", self.generate("com.ex.None", "--from", bus.log.name, status=2))

    def test_as_it_stands(self):
        """Without watching it is what the service owns."""
        bus = self.started()
        text = self.generate("com.ex.Served", "--address", bus.address)
        self.assertEqual(text.count("<allow "), 1, text)
        self.assertIn('<policy user="%d">\n    <allow own="com.ex.Served"/>' % BOB, text)
        self.assertIn("nothing is to be seen", self.generate("com.ex.None", "--address", bus.address, status=2))


if __name__ == "__main__":
    unittest.main()
