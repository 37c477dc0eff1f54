"""Why something was refused: the record of a refusal names the rule, its file and its line, whatever
the file it stands in, however often it is written, and whatever was reloaded before."""

import unittest

from harness import ALICE, IS_REFERENCE, BusTest, need_root
from wire import DRIVER, CallError, call

FILE = """<busconfig>
%s  <policy context="default">
    <allow send_destination="com.ex.A"/>
    <deny send_destination="com.ex.A" send_interface="com.ex.I" send_member="M"/>
    <deny own="com.ex.Mine"/>
  </policy>
</busconfig>
"""
DENY = '<deny send_destination="com.ex.A" send_interface="com.ex.I" send_member="M"/>'
BASE = """<policy context="default">
  <allow user="*"/><allow own="*"/><allow receive_type="signal"/><allow receive_type="method_call"/>
  <allow receive_type="method_return"/><allow receive_type="error"/>
  <allow send_destination="org.freedesktop.DBus"/>
</policy>"""


@unittest.skipIf(IS_REFERENCE, "names no rules")
class Reasons(BusTest):
    def started(self, **files):
        bus = self.bus(
            policy=BASE,
            tail="".join("<include>@/%s.conf</include>" % name for name in files),
            files={name + ".conf": text for name, text in files.items()},
        )
        self.service, self.caller = bus.client(), bus.client()
        self.service.request_name("com.ex.A")
        return bus

    def refused_because(self, bus, *words):
        """Calls what is denied; the record of that has all the words in one line."""
        before = len(bus.text())
        with self.assertRaises(CallError) as caught:
            self.caller.call(call("com.ex.A", "/", "com.ex.I", "M"))
        self.assertTrue(caught.exception.name.endswith("AccessDenied"))
        self.assertNotIn(bus.folder, str(caught.exception))
        bus.line(*words, since=before)

    def test_file_and_line(self):
        bus = self.started(a=FILE % "")
        self.refused_because(bus, "denied send", "%s/a.conf:4 %s" % (bus.folder, DENY), "res=failed")

    def test_reload_moves_the_line(self):
        bus = self.started(a=FILE % "")
        bus.write("a.conf", FILE % "\n\n")
        self.caller.driver("ReloadConfig")
        self.refused_because(bus, "%s/a.conf:6 %s" % (bus.folder, DENY))

    def test_last_of_the_same_rules(self):
        bus = self.started(a=FILE % "", b=FILE % "\n")
        self.refused_because(bus, "%s/b.conf:5 %s" % (bus.folder, DENY))

    def test_back_to_the_first_when_the_last_goes(self):
        bus = self.started(a=FILE % "", b=FILE % "\n")
        bus.write("b.conf", "<busconfig></busconfig>")
        self.caller.driver("ReloadConfig")
        self.refused_because(bus, "%s/a.conf:4 %s" % (bus.folder, DENY))

    def test_nearest_where_no_rule_fits(self):
        near = '<allow send_destination="com.ex.A" send_interface="com.ex.I" send_member="N"/>'
        text = '<busconfig><policy context="default">\n%s\n</policy></busconfig>' % near
        bus = self.started(a=text)
        self.refused_because(bus, "no rule matched", "%s/a.conf:2 %s" % (bus.folder, near), "differs in send_member")

    def test_own(self):
        bus = self.started(a=FILE % "")
        before = len(bus.text())
        self.refused("AccessDenied", self.caller.driver, "RequestName", "su", "com.ex.Mine", 0)
        bus.line("denied own", "com.ex.Mine", '%s/a.conf:5 <deny own="com.ex.Mine"/>' % bus.folder, since=before)

    def test_connect(self):
        need_root()
        bus = self.started(a='<busconfig><policy context="default">\n<deny user="daemon"/></policy></busconfig>')
        before = len(bus.text())
        alice = bus.raw(ALICE)
        alice.auth(ALICE)
        self.assertTrue(alice.is_closed())
        bus.line("denied connect", "uid=%d" % ALICE, '%s/a.conf:2 <deny user="daemon"/>' % bus.folder, since=before)

    def test_driver_method(self):
        need_root()
        bus = self.started(a="<busconfig></busconfig>")
        before = len(bus.text())
        alice = bus.client(ALICE)
        self.refused("AccessDenied", alice.driver, "UpdateActivationEnvironment", "a{ss}", {"A": "b"})
        bus.line("UpdateActivationEnvironment", "uid=%d" % ALICE, "only root and the user of the bus", since=before)

    def test_first_argument(self):
        """Where a rule looked at it; and of what <audit> wants on record, one for each argument."""
        policy = '<busconfig><policy context="default">\n%s</policy></busconfig>'
        argument = call("com.ex.A", "/", "com.ex.I", "M", "s", ("ssh.service",))
        bus = self.started(a=policy % '<deny send_destination="com.ex.A" send_arg0="ssh.service"/>')
        before = len(bus.text())
        self.refused("AccessDenied", self.caller.call, argument)
        bus.line('arg0="ssh.service"', "res=failed", since=before)
        bus = self.started(a=policy % '<allow send_destination="com.ex.A"/><audit send_interface="com.ex.I" send_member="M"/>')
        before = len(bus.text())
        for name in ("ssh.service", "cron.service"):
            self.caller.send(call("com.ex.A", "/", "com.ex.I", "M", "s", (name,)))
        self.caller.send(call("com.ex.A", "/", "com.ex.I", "N", "s", ("secret",)))
        for name in ("ssh.service", "cron.service"):
            bus.line('arg0="%s"' % name, "member=\"M\"", "res=success", since=before)
        self.assertNotIn("secret", bus.text())

    def test_first_argument_that_nobody_asked_about(self):
        bus = self.started(a=FILE % "")
        before = len(bus.text())
        self.refused("AccessDenied", self.caller.call, call("com.ex.A", "/", "com.ex.I", "M", "s", ("secret",)))
        bus.line("denied send", "res=failed", since=before)
        self.assertNotIn("secret", bus.text())

    def test_hostile_member_stays_in_its_field(self):
        bus = self.started(a='<busconfig><policy context="default">\n<deny send_destination="com.ex.A"/></policy></busconfig>')
        before = len(bus.text())
        member = "M" * 255
        with self.assertRaises(CallError):
            self.caller.call(call("com.ex.A", "/" + "x" * 3000, "com.ex.I", member))
        bus.line("%s/a.conf:2" % bus.folder, 'member="%s' % member[:64], "res=failed", since=before)
        self.assertEqual(self.caller.driver("GetId", interface=DRIVER)[0], self.service.driver("GetId")[0])


if __name__ == "__main__":
    unittest.main()
