"""polkit - Debian's polkitd on the bus under test, with actions and rules of the tests' own, and an
authentication agent that says what a test wants. polkitd sees its own folders: nothing of the machine
is changed."""

import os
import time
import unittest

from harness import ALICE, IS_REFERENCE, PROGRAM, BusTest, need_root
from test_clients import POLKITD, Program
from wire import Variant, call, failure, reply

NAME = "org.freedesktop.PolicyKit1"
AUTHORITY = "/org/freedesktop/PolicyKit1/Authority"
AGENT = "org.freedesktop.PolicyKit1.AuthenticationAgent"
AGENT_PATH = "/org/freedesktop/PolicyKit1/AuthenticationAgent"
INTERACTIVE = 4  # ALLOW_INTERACTIVE_AUTHORIZATION
I = "com.ex.I"

ACTION = """<action id="com.ex.{0}"><description>d</description><message>m</message>
<defaults><allow_any>{1}</allow_any><allow_inactive>{1}</allow_inactive><allow_active>{1}</allow_active></defaults></action>
"""
ACTIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<policyconfig>\n'
    + "".join(ACTION.format(*row) for row in (
        ("yes", "yes"), ("no", "no"), ("auth", "auth_self"), ("keep", "auth_self_keep"), ("rule", "no"),
        ("slow", "no"), ("changing", "no")))
    + "</policyconfig>\n"
)
# what a rule can go by is told where a test finds it: in polkitd's own output
RULES = """polkit.addRule(function(action, subject) {
    if (action.id == "com.ex.rule") {
        var keys = ["destination", "path", "interface", "member", "name", "sender_uid", "unit"];
        polkit.log("asked " + keys.map(function(k) { return k + "=" + action.lookup(k); }).join(" "));
        return action.lookup("member") == "Good" || action.lookup("name") == "com.ex.Good"
            ? polkit.Result.YES : polkit.Result.NO;
    }
    if (action.id == "com.ex.slow") {
        polkit.log("slow");
        polkit.spawn(["sleep", "1"]);
        return polkit.Result.YES;
    }
    if (action.id == "com.ex.changing") {
        polkit.log("changing");
        return polkit.Result.YES;
    }
});
"""

# com.ex.S has a method for each action, on com.ex.I; polkit is asked for it
METHODS = {"Yes": "yes", "No": "no", "Auth": "auth", "Keep": "keep", "Good": "rule", "Bad": "rule",
           "Slow": "slow", "None": "no.such.action"}
CHECK = '<check polkit="com.ex.%s" send_destination="com.ex.S" send_interface="com.ex.I" send_member="%s"/>'


def checks():
    return "\n".join(CHECK % (action, member) for member, action in METHODS.items())


POLICY = """<policy context="default">
  <allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow send_type="signal"/>
  <allow receive_type="method_call"/><allow receive_type="signal"/>
  <allow receive_type="method_return"/><allow receive_type="error"/>
%s
</policy>
"""


def is_built():
    """Whether the bus under test was built with polkit."""
    try:
        with open(os.path.join(os.path.dirname(os.path.realpath(PROGRAM)), "dbus-warden-polkit"), "rb") as file:
            return b"libpolkit-gobject" in file.read()
    except FileNotFoundError:
        return False


def start_time(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        return int(file.read().rsplit(")", 1)[1].split()[19])


class Agent:
    """An authentication agent for the process of one client, on a connection of its own. Being root it
    may tell polkit of success itself, where others have a setuid helper."""

    def __init__(self, bus, pid):
        self.client = bus.client()
        self.subject = ("unix-process", {"pid": Variant("u", pid), "start-time": Variant("t", start_time(pid))})
        self.ask("RegisterAuthenticationAgent", "(sa{sv})ss", self.subject, "C", AGENT_PATH)

    def ask(self, member, signature, *args):
        return self.client.call(call(NAME, AUTHORITY, NAME + ".Authority", member, signature, args), timeout=30)

    def asked(self, **more):
        """The next BeginAuthentication."""
        return self.client.expect(interface=AGENT, member="BeginAuthentication", **more)

    def succeed(self, begun):
        """The user has shown who he is."""
        cookie, identities = begun.args[4], begun.args[5]
        self.ask("AuthenticationAgentResponse2", "us(sa{sv})", os.geteuid(), cookie, identities[0])
        self.client.send(reply(begun))

    def dismiss(self, begun):
        self.client.send(failure(begun, "org.freedesktop.PolicyKit1.Error.Cancelled", "dismissed"))

    def fail(self, begun):
        """A wrong password."""
        self.client.send(reply(begun))


@unittest.skipIf(IS_REFERENCE, "does not ask polkit")
class PolkitTest(BusTest):
    built = True

    def setUp(self):
        need_root()
        if not os.path.exists(POLKITD):
            self.skipTest("not installed: polkitd")
        if self.built and not is_built():
            self.skipTest("built without polkit")

    def started(self, policy=None, polkit=True, service="com.ex.S", **more):
        """A bus, polkitd on it, a service and its caller alice."""
        more.setdefault("files", {}).update({"actions/com.ex.policy": ACTIONS, "rules.d/10-ex.rules": RULES})
        bus = self.bus(policy=POLICY % checks() if policy is None else policy, type="system", **more)
        self.env = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
        self.root = bus.client()
        if polkit:
            self.polkitd = self.start_polkitd(bus)
        self.service, self.alice = bus.client(), bus.client(ALICE)
        if service:
            self.service.request_name(service)
        self.service.taken()
        return bus

    def start_polkitd(self, bus):
        script = (
            "mount --bind %s/actions /usr/share/polkit-1/actions && mount --bind %s/rules.d /etc/polkit-1/rules.d"
            ' && { ! [ -e %s/group ] || mount --bind %s/group /etc/group; } && exec "$@"' % ((bus.folder,) * 4)
        )
        daemon = Program(["unshare", "-m", "sh", "-c", script, "sh", POLKITD], self.env)
        self.addCleanup(daemon.end)
        deadline = time.monotonic() + 30
        while not self.root.driver("NameHasOwner", "s", NAME)[0]:
            self.assertLess(time.monotonic(), deadline, "polkitd does not come: %r" % daemon.output())
            time.sleep(0.02)
        return daemon

    def agent_pid(self, bus):
        """The process that asks polkit."""
        with open("/proc/%d/task/%d/children" % (bus.pid, bus.pid), encoding="ascii") as file:
            for pid in file.read().split():
                try:
                    with open("/proc/%s/comm" % pid, encoding="ascii") as comm:
                        if comm.read() == "dbus-warden-pol\n":
                            return int(pid)
                except OSError:
                    # a compiler that has just ended
                    continue
        return None

    def process_of(self, client):
        return self.root.driver("GetConnectionUnixProcessID", "s", client.name)[0]

    def agent(self, bus, client):
        return Agent(bus, self.process_of(client))

    def say(self, member, client=None, flags=0, **more):
        """Calls a method of com.ex.S without waiting; the serial."""
        more.setdefault("destination", "com.ex.S")
        destination = more.pop("destination")
        return (client or self.alice).send(call(destination, "/com/ex", I, member, flags=flags, **more))

    def passes(self, member, client=None, flags=0, timeout=10):
        """The call reaches the service."""
        client = client or self.alice
        serial = self.say(member, client, flags)
        came = self.service.expect(timeout, member=member, sender=client.name, serial=serial)
        self.service.send(reply(came))
        self.assertEqual(client.result(serial), ())
        return came

    def fails(self, error, member, client=None, flags=0, timeout=30):
        """The call is refused, and does not reach the service; what its sender is told."""
        client = client or self.alice
        serial = self.say(member, client, flags)
        return self.refused_with(error, client, serial, timeout)

    def refused_with(self, error, client, serial, timeout=30):
        text = self.refused(error, client.result, serial, timeout)
        self.service.sync()
        self.assertFalse([m for m in self.service.inbox if m.serial == serial and m.sender == client.name])
        return text

    def is_recorded(self, bus, *words):
        return any(all(word in line for word in words) for line in bus.text().splitlines())
