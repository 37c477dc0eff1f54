"""Hidden names: to who does not see a name the bus says what it would if nobody owned it, in each method
of the driver, each signal and each refusal. What it does tell is what dbus-warden.conf(5) names."""

import re
import unittest

from harness import ALICE, BOB, IS_REFERENCE, need_root, rows
from judged import Judged, any_call, any_error, any_return, any_signal
from wire import DRIVER, NO_AUTO_START, NO_REPLY, PROPERTIES, SIGNAL, CallError, call

HIDDEN, BELOW, ABSENT, SERVICE = "com.ex.Hidden", "com.ex.Hidden.Below", "com.ex.Absent", "com.ex.Hiding"
STATS, MONITORING = "org.freedesktop.DBus.Debug.Stats", "org.freedesktop.DBus.Monitoring"
POLICY_INTERFACE = "org.dbus_warden.Policy"

# bob is told of none of them, may send them nothing and own none
POLICY = """
<policy context="default">
  <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy>
<policy user="bin">
  <deny see_prefix="com.ex.Hidden"/><deny see="com.ex.Hiding"/>
  %s
</policy>
"""
SECRET = """
  <deny send_destination_prefix="com.ex.Hidden"/><deny send_destination="com.ex.Hiding"/>
  <deny own_prefix="com.ex.Hidden"/><deny own="com.ex.Hiding"/><deny own="com.ex.Absent"/>
"""
FILES = {"services/com.ex.Hiding.service": "[D-BUS Service]\nName=com.ex.Hiding\nExec=/bin/false\n"}

# every method of the driver: what it is asked of a name, or of nothing
OF_A_NAME = [
    ("GetNameOwner", "s", lambda name: (name,)),
    ("NameHasOwner", "s", lambda name: (name,)),
    ("ListQueuedOwners", "s", lambda name: (name,)),
    ("GetConnectionUnixUser", "s", lambda name: (name,)),
    ("GetConnectionUnixProcessID", "s", lambda name: (name,)),
    ("GetConnectionCredentials", "s", lambda name: (name,)),
    ("GetAdtAuditSessionData", "s", lambda name: (name,)),
    ("GetConnectionSELinuxSecurityContext", "s", lambda name: (name,)),
    ("StartServiceByName", "su", lambda name: (name, 0)),
    ("RequestName", "su", lambda name: (name, 0)),
    ("ReleaseName", "s", lambda name: (name,)),
    ("AddMatch", "s", lambda name: ("sender='%s'" % name,)),
    ("RemoveMatch", "s", lambda name: ("sender='%s'" % name,)),
    ("GetConnectionStats", "s", lambda name: (name,)),
    ("Introspect", None, lambda name: ()),
    ("GetAll", "s", lambda name: (name,)),
    ("Get", "ss", lambda name: (name, "Features")),
    ("Set", "ssv", lambda name: (DRIVER, name, ("s", "x"))),
]
OF_NOTHING = [
    ("Hello", None, ()),
    ("ListNames", None, ()),
    ("ListActivatableNames", None, ()),
    ("UpdateActivationEnvironment", "a{ss}", ({},)),
    ("ReloadConfig", None, ()),
    ("GetId", None, ()),
    ("GetMachineId", None, ()),
    ("Ping", None, ()),
    ("BecomeMonitor", "asu", ([], 0)),
    ("GetImage", None, ()),
    ("GetStats", None, ()),
    ("GetAllMatchRules", None, ()),
]
INTERFACES = {
    "Introspect": "org.freedesktop.DBus.Introspectable",
    "GetMachineId": "org.freedesktop.DBus.Peer",
    "Ping": "org.freedesktop.DBus.Peer",
    "BecomeMonitor": MONITORING,
    "GetAll": PROPERTIES,
    "Get": PROPERTIES,
    "Set": PROPERTIES,
    "GetStats": STATS,
    "GetConnectionStats": STATS,
    "GetAllMatchRules": STATS,
}


def plain(text, *names):
    """Without the names, so that answers about them can be compared."""
    for name in names:
        text = text.replace(name, "NAME")
    return text


@unittest.skipIf(IS_REFERENCE, "hides no names")
class See(Judged):
    def hidden(self, rules=SECRET):
        """A bus; who owns the names; who does not see them."""
        need_root()
        bus = self.shared_bus(policy=POLICY % rules, tail="<servicedir>@/services</servicedir>", files=FILES)
        owner = bus.client(ALICE)
        for name in (HIDDEN, BELOW):
            owner.request_name(name)
        return bus, owner, bus.client(BOB)

    def answer_to(self, client, member, signature, args, interface=None):
        interface = interface or INTERFACES.get(member) or (POLICY_INTERFACE if member == "GetImage" else DRIVER)
        try:
            got = client.driver(member, signature, *args, interface=interface)
            return repr(got)
        except CallError as error:
            return "%s: %s" % (error.name, error.text)

    @rows([(row[0], *row) for row in OF_A_NAME])
    def test_as_if_nobody_owned_it(self, member, signature, args):
        bus, _, bob = self.hidden()
        for name in (HIDDEN, BELOW):
            of_hidden = self.answer_to(bob, member, signature, args(name))
            of_absent = self.answer_to(bob, member, signature, args(ABSENT))
            self.assertEqual(plain(of_hidden, name), plain(of_absent, ABSENT))
        seen = self.answer_to(bus.client(), member, signature, args(HIDDEN))
        if member in ("GetNameOwner", "NameHasOwner", "GetConnectionUnixUser", "ReleaseName"):
            self.assertNotEqual(plain(seen, HIDDEN), plain(of_absent, ABSENT))

    @rows([(row[0], *row) for row in OF_A_NAME if row[0] not in ("AddMatch", "RemoveMatch")])
    def test_activatable(self, member, signature, args):
        """What could be started is hidden, too, running or not."""
        _, owner, bob = self.hidden()
        for _ in range(2):
            of_hidden = self.answer_to(bob, member, signature, args(SERVICE))
            of_absent = self.answer_to(bob, member, signature, args(ABSENT))
            self.assertEqual(plain(of_hidden, SERVICE), plain(of_absent, ABSENT))
            owner.request_name(SERVICE)

    @rows([(row[0], *row) for row in OF_NOTHING])
    def test_mentions_no_hidden_name(self, member, signature, args):
        _, _, bob = self.hidden()
        self.assertNotIn("Hid", self.answer_to(bob, member, signature, args))

    def test_table_is_complete(self):
        """A new method of the driver has to be thought of here."""
        bus, _, _ = self.hidden()
        text = bus.client().driver("Introspect", interface=INTERFACES["Introspect"])[0]
        methods = set(re.findall(r'<method name="(\w+)"', text))
        self.assertEqual(methods, {row[0] for row in OF_A_NAME + OF_NOTHING})
        # of these the first tells of names of others; the last has no arguments that do
        signals = set(re.findall(r'<signal name="(\w+)"', text))
        known = {"NameOwnerChanged", "NameLost", "NameAcquired", "ActivatableServicesChanged", "PropertiesChanged"}
        self.assertLessEqual(signals, known)

    @rows([
        ("all", "type='signal'"),
        ("member", "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"),
        ("arg0", "type='signal',member='NameOwnerChanged',arg0='%s'" % HIDDEN),
        ("namespace", "type='signal',arg0namespace='com.ex'"),
        ("anything", ""),
    ])
    def test_owner_changes(self, rule):
        """Comes, is handed over, goes with its owner."""
        bus, _, bob = self.hidden()
        bob.add_match(rule)
        seer = bus.client().add_match(rule)
        one, two = bus.client(ALICE), bus.client(ALICE)
        name = HIDDEN + ".New"
        if "arg0='" in rule:
            bob.add_match("member='NameOwnerChanged',arg0='%s'" % name)
            seer.add_match("member='NameOwnerChanged',arg0='%s'" % name)
        one.request_name(name, 1)
        two.request_name(name, 2)
        one.release_name(name)
        two.close()
        one.sync()
        bob.sync()
        told = [m for m in bob.inbox if m.type == SIGNAL and any("Hid" in str(a) for a in m.args)]
        self.assertEqual(told, [])
        seer.sync()
        self.assertTrue([m for m in seer.inbox if m.member == "NameOwnerChanged" and m.args[0] == name])

    def test_own_name_is_no_secret(self):
        """Who owns it or waits for it knows of it."""
        need_root()
        bus = self.shared_bus(policy=POLICY % "")
        owner, bob = bus.client(ALICE), bus.client(BOB)
        owner.request_name(HIDDEN, 1)
        self.assertEqual(bob.request_name(HIDDEN), 2)
        self.assertEqual(bob.owner(HIDDEN), owner.name)
        self.assertIn(HIDDEN, bob.driver("ListNames")[0])
        owner.release_name(HIDDEN)
        bob.expect(member="NameAcquired", args=(HIDDEN,))
        bob.release_name(HIDDEN)
        bob.expect(member="NameLost", args=(HIDDEN,))
        self.assertNotIn(HIDDEN, bob.driver("ListNames")[0])

    @rows([
        ("call", lambda name: any_call(destination=name)),
        ("call_not_started", lambda name: any_call(destination=name, flags=NO_AUTO_START)),
        ("call_of_driver_interface", lambda name: call(name, "/", DRIVER, "Ping")),
        ("call_of_peer", lambda name: call(name, "/", "org.freedesktop.DBus.Peer", "Ping")),
        ("call_without_interface", lambda name: any_call(destination=name, interface=None)),
        ("no_reply", lambda name: any_call(destination=name, flags=NO_REPLY)),
        ("signal", lambda name: any_signal(destination=name)),
        ("return", lambda name: any_return(destination=name)),
        ("error", lambda name: any_error(destination=name)),
        ("large", lambda name: any_call(destination=name, signature="ay", args=(bytes(100000),))),
        ("with_fds", lambda name: any_call(destination=name, signature="h", args=(0,), fds=[0])),
    ])
    def test_refusals(self, make):
        """What may not be sent is refused as if there were nobody."""
        _, _, bob = self.hidden()
        answers = []
        for name in (HIDDEN, BELOW, SERVICE, ABSENT):
            serial = bob.send(make(name))
            came = [m for m in bob.taken() if m.reply_serial == serial]
            answers.append([(m.type, m.error, plain(repr(m.args), name), m.sender) for m in came])
        self.assertEqual(answers[0], answers[3])
        self.assertEqual(answers[1], answers[3])
        self.assertEqual(answers[2], answers[3])

    def test_matches_by_the_hidden_name(self):
        """A rule by the name tells nothing of who has it; one by the unique name is as ever."""
        bus, owner, bob = self.hidden()
        bob.add_match("type='signal',sender='%s'" % HIDDEN)
        owner.send(any_signal())
        owner.sync()
        self.assertEqual(bob.taken(member="M"), [])
        bob.add_match("type='signal',sender='%s'" % owner.name)
        owner.send(any_signal())
        owner.sync()
        self.assertEqual(len(bob.taken(member="M")), 1)
        seer = bus.client().add_match("type='signal',sender='%s'" % HIDDEN)
        owner.send(any_signal())
        owner.sync()
        self.assertEqual(len(seer.taken(member="M")), 1)

    def test_sections_and_last_rule(self):
        need_root()
        rules = '<allow see="%s"/>' % BELOW
        bus, owner, bob = self.hidden(rules)
        self.assertEqual(bob.owner(BELOW), owner.name)
        self.refused("NameHasNoOwner", bob.owner, HIDDEN)
        self.assertEqual(bus.client(ALICE).owner(HIDDEN), owner.name)

    def test_hide_all_but_the_driver(self):
        need_root()
        bus = self.shared_bus(policy=POLICY % '<deny see="*"/>')
        owner, bob = bus.client(ALICE), bus.client(BOB)
        owner.request_name(ABSENT)
        names = bob.driver("ListNames")[0]
        self.assertEqual([n for n in names if n[0] != ":"], [DRIVER])
        self.assertIn(owner.name, names)
        self.assertEqual(bob.owner(DRIVER), DRIVER)

    def test_reload_hides_and_shows(self):
        need_root()
        bus = self.bus(policy=POLICY % "")
        owner, bob = bus.client(ALICE), bus.client(BOB)
        owner.request_name(ABSENT)
        for rules, seen in (('<deny see="com.ex.Absent"/>', False), ("", True)):
            bus.configure(policy=POLICY % rules)
            owner.driver("ReloadConfig")
            self.assertEqual(ABSENT in bob.driver("ListNames")[0], seen)

    # what dbus-warden.conf(5) says is told all the same

    def test_named_request_name(self):
        _, owner, bob = self.hidden("")
        self.assertEqual(bob.request_name(HIDDEN, 4), 3)
        self.assertEqual(bob.request_name(ABSENT, 4), 1)
        bob.release_name(ABSENT)
        owner.sync()

    def test_named_what_may_be_sent(self):
        _, owner, bob = self.hidden("")
        self.assertEqual(self.fate(bob, owner, any_call(destination=HIDDEN)), "passed")

    def test_named_unique_names(self):
        _, owner, bob = self.hidden()
        self.assertIn(owner.name, bob.driver("ListNames")[0])
        self.assertEqual(bob.driver("GetConnectionUnixUser", "s", owner.name)[0], ALICE)
        self.assertEqual(bob.driver("ListQueuedOwners", "s", owner.name)[0], [owner.name])

    def test_named_refusal_at_the_unique_name(self):
        """What is denied to be sent to the name is denied at its owner, whoever is meant."""
        bus, owner, bob = self.hidden()
        other = bus.client(ALICE)
        self.assertEqual(self.fate(bob, owner, any_call(destination=owner.name)), "denied")
        self.assertEqual(self.fate(bob, other, any_call(destination=other.name)), "passed")

    def test_named_services_changed(self):
        """That some came or went is told to all; which is told to nobody."""
        need_root()
        bus = self.bus(policy=POLICY % SECRET, tail="<servicedir>@/services</servicedir>", files=FILES)
        bob = bus.client(BOB).add_match("type='signal',member='ActivatableServicesChanged'")
        name = HIDDEN + ".Service"
        bus.write("services/%s.service" % name, FILES["services/com.ex.Hiding.service"].replace(SERVICE, name))
        bus.client().driver("ReloadConfig")
        self.assertEqual(bob.expect(member="ActivatableServicesChanged").args, ())
        self.assertEqual(bob.driver("ListActivatableNames")[0], [DRIVER])

    def test_eavesdroppers(self):
        """To read where the messages of others go is for root and the bus's own user."""
        rules = '<allow eavesdrop="true"/><allow send_destination="*" eavesdrop="true"/>'
        _, _, bob = self.hidden(SECRET + rules)
        self.refused("AccessDenied", bob.add_match, "eavesdrop=true,type='method_call'")

    def test_named_for_root(self):
        bus, owner, _ = self.hidden()
        owner.add_match("type='signal'")
        rules = bus.client().driver("GetAllMatchRules", interface=STATS)[0]
        self.assertIn(owner.name, rules)


if __name__ == "__main__":
    unittest.main()
