"""send_arg0, send_arg0_prefix: rules by the first argument, as its receiver will read it."""

import unittest

from harness import IS_REFERENCE, SESSION, rows
from judged import LIFE, RECEIVE, SEND, Judged, any_call, any_signal, policy
from wire import SIGNAL, Variant

EXACT = '<deny send_arg0="a.service"/>'
PREFIX = '<deny send_arg0_prefix="a"/>'
LONG = "x" * 3000


def text(value):
    return "s", (value,)


# (label, rule that denies, (signature, arguments), whether it fits)
ROWS = [
    ("itself", EXACT, text("a.service"), True),
    ("another", EXACT, text("b.service"), False),
    ("longer", EXACT, text("a.service2"), False),
    ("shorter", EXACT, text("a.servic"), False),
    ("empty", EXACT, text(""), False),
    ("case", EXACT, text("A.service"), False),
    ("blank_behind", EXACT, text("a.service "), False),
    ("missing", EXACT, (None, ()), False),
    ("second", EXACT, ("ss", ("x", "a.service")), False),
    ("first_of_two", EXACT, ("ss", ("a.service", "x")), True),
    ("before_others", EXACT, ("sa{sv}(it)v", ("a.service", {"k": Variant("u", 1)}, (1, 2), Variant("s", "b"))), True),
    ("in_a_variant", EXACT, ("v", (Variant("s", "a.service"),)), False),
    ("in_a_struct", EXACT, ("(s)", (("a.service",),)), False),
    ("in_an_array", EXACT, ("as", (["a.service"],)), False),
    ("behind_a_number", EXACT, ("us", (1, "a.service")), False),
    ("path", '<deny send_arg0="/a"/>', ("o", ("/a",)), False),
    ("path_as_string", '<deny send_arg0="/a"/>', text("/a"), True),
    ("signature", '<deny send_arg0="as"/>', ("g", ("as",)), False),
    ("bytes", '<deny send_arg0="as"/>', ("ay", (b"as",)), False),
    ("number", '<deny send_arg0="1"/>', ("u", (1,)), False),
    ("not_ascii", '<deny send_arg0="\u00e9\u20ac"/>', text("\u00e9\u20ac"), True),
    ("not_ascii_prefix", '<deny send_arg0_prefix="\u00e9"/>', text("\u00e9\u20ac"), True),
    ("empty_wanted", '<deny send_arg0=""/>', text(""), True),
    ("empty_wanted_other", '<deny send_arg0=""/>', text("a"), False),
    ("empty_wanted_missing", '<deny send_arg0=""/>', (None, ()), False),
    ("star_is_any", '<deny send_arg0="*" send_interface="com.ex.I"/>', (None, ()), True),
    ("long", '<deny send_arg0="%s"/>' % LONG, text(LONG), True),
    ("long_other", '<deny send_arg0="%s"/>' % LONG, text(LONG[:-1] + "y"), False),
    ("long_200", '<deny send_arg0="%s"/>' % ("y" * 200), text("y" * 200), True),
    ("prefix", PREFIX, text("abc"), True),
    ("prefix_itself", PREFIX, text("a"), True),
    ("prefix_of_no_element", '<deny send_arg0_prefix="com.ex"/>', text("com.example"), True),
    ("prefix_other", PREFIX, text("ba"), False),
    ("prefix_missing", PREFIX, (None, ()), False),
    ("prefix_empty", '<deny send_arg0_prefix=""/>', text("b"), True),
    ("prefix_empty_missing", '<deny send_arg0_prefix=""/>', (None, ()), False),
    ("prefix_empty_number", '<deny send_arg0_prefix=""/>', ("u", (1,)), False),
    ("prefix_star", '<deny send_arg0_prefix="*"/>', text("abc"), False),
    ("prefix_long", '<deny send_arg0_prefix="xxx"/>', text(LONG), True),
    ("with_member", '<deny send_interface="com.ex.I" send_member="N" send_arg0="a"/>', text("a"), False),
]


@unittest.skipIf(IS_REFERENCE, "knows no send_arg0")
class Arg0(Judged):
    def pair(self, rules, **more):
        bus = self.shared_bus(policy=policy(SEND + RECEIVE + rules), **more)
        return bus.client(), bus.client()

    @rows(ROWS)
    def test_deny(self, rule, body, fits):
        """In both byte orders; asked more than once, as verdicts are kept."""
        one, two = self.pair(rule)
        for endian in "<>" * 2:
            message = any_call(destination=two.name, signature=body[0], args=body[1], endian=endian)
            self.assertEqual(self.fate(one, two, message), "denied" if fits else "passed")
            if not fits:
                self.assertEqual(self.last.args, body[1])

    @rows([row for row in ROWS if row[0] != "star_is_any"])
    def test_allow(self, rule, body, fits):
        """A rule that allows lets through what it fits, and nothing else."""
        bus = self.shared_bus(policy=policy(RECEIVE + rule.replace("deny", "allow")))
        one, two = bus.client(), bus.client()
        for endian in "<>" * 2:
            message = any_call(destination=two.name, signature=body[0], args=body[1], endian=endian)
            self.assertEqual(self.fate(one, two, message), "passed" if fits else "denied")

    def test_one_flow(self):
        """Messages that differ in nothing but their argument, turn and turn about."""
        one, two = self.pair('<deny send_arg0="a"/><deny send_arg0_prefix="b"/><allow send_arg0="bb"/>')
        wanted = {"a": "denied", "aa": "passed", "b": "denied", "bb": "passed", "bbb": "denied", "": "passed", LONG: "passed"}
        for _ in range(4):
            for value, fate in wanted.items():
                message = any_call(destination=two.name, signature="s", args=(value,))
                self.assertEqual(self.fate(one, two, message), fate)
            self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")

    def test_last_rule_wins(self):
        one, two = self.pair('<deny send_arg0_prefix=""/><allow send_arg0="a"/>')
        for value, wanted in (("a", "passed"), ("b", "denied")):
            self.assertEqual(self.fate(one, two, any_call(destination=two.name, signature="s", args=(value,))), wanted)

    def test_broadcast(self):
        """For each receiver; the sender is told of none."""
        bus = self.shared_bus(policy=policy(SEND + RECEIVE + EXACT))
        one = bus.client()
        two, three = (bus.client().add_match("type='signal'") for _ in range(2))
        for value, came in (("a.service", 0), ("b.service", 1)):
            one.send(any_signal(signature="s", args=(value,)))
            one.sync()
            for receiver in (two, three):
                self.assertEqual(len(receiver.taken(type=SIGNAL, member="M", sender=one.name)), came)

    def test_only_with_destination(self):
        rules = '<deny send_destination="com.ex.Owned" send_arg0="a"/>'
        bus = self.shared_bus(policy=policy(SEND + RECEIVE + rules))
        one, two, three = bus.client(), bus.client(), bus.client()
        two.request_name("com.ex.Owned")
        for receiver, wanted in ((two, "denied"), (three, "passed")):
            message = any_call(destination=receiver.name, signature="s", args=("a",))
            self.assertEqual(self.fate(one, receiver, message), wanted)

    def test_eavesdropper(self):
        """What is sent to an eavesdropper is sent: the same rule says no for the same argument."""
        bus = self.bus(policy=SESSION + '<policy context="default">%s</policy>' % EXACT)
        one, two = bus.client(), bus.client()
        three = bus.client().add_match("eavesdrop=true,type='method_call'")
        for value, came in (("a.service", 0), ("b.service", 1)):
            one.send(any_call(destination=two.name, signature="s", args=(value,), flags=1))
            one.sync()
            self.assertEqual(len(two.taken(member="M")), came)
            self.assertEqual(len(three.taken(member="M", sender=one.name)), came)

    def test_driver(self):
        """Calls of the bus itself: which match rules, which names."""
        rules = '<deny send_destination="org.freedesktop.DBus" send_member="RequestName" send_path="/org/freedesktop/DBus" send_arg0="com.ex.No"/>'
        bus = self.shared_bus(policy=policy(SEND + RECEIVE + rules))
        client = bus.client()
        self.refused("AccessDenied", client.request_name, "com.ex.No")
        self.assertEqual(client.request_name("com.ex.Yes"), 1)

    def test_malformed_is_no_argument(self):
        """Who sends a string that is none is gone, whatever rules say of it."""
        bus = self.bus(policy=policy(SEND + RECEIVE + EXACT))
        one, two = bus.client(), bus.client()
        bad = any_call(destination=two.name, signature="s", args=(b"a.service\xff",), serial=7)
        one.send(bad)
        self.assertTrue(one.is_closed())
        self.assertEqual(two.taken(member="M"), [])

    def test_audit(self):
        """An audit rule by argument: what it names is recorded, though it is allowed."""
        bus = self.bus(policy=policy(SEND + RECEIVE + '<audit send_arg0="a.service" on="allow"/>'))
        one, two = bus.client(), bus.client()
        for value in ("b.service", "a.service", "b.service"):
            message = any_call(destination=two.name, member="M" + value[0], signature="s", args=(value,))
            self.assertEqual(self.fate(one, two, message), "passed")
        bus.line('member="Ma"')
        self.assertNotIn('member="Mb"', bus.text())

    def test_life_goes_on(self):
        """Rules that look at arguments of nothing that clients need."""
        bus = self.bus(policy='<policy context="default">%s%s</policy>' % (LIFE, PREFIX))
        bus.client().sync()


if __name__ == "__main__":
    unittest.main()
