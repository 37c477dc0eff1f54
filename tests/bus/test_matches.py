"""Match rules: which signals they catch, and how they are counted."""

from harness import BusTest, rows
from wire import DRIVER, DRIVER_PATH, call, signal

I = "com.ex.I"
N = "com.ex.N"

# (label, rule, what the signal has besides path /a/b, interface com.ex.I, member S, and whether it is caught)
RULES = [
    ("empty", "", {}, True),
    ("type", "type='signal'", {}, True),
    ("type_call", "type='method_call'", {}, False),
    ("type_return", "type='method_return'", {}, False),
    ("type_error", "type='error'", {}, False),
    ("interface", "interface='com.ex.I'", {}, True),
    ("interface_other", "interface='com.ex'", {}, False),
    ("member", "member='S'", {}, True),
    ("member_other", "member='T'", {}, False),
    ("path", "path='/a/b'", {}, True),
    ("path_parent", "path='/a'", {}, False),
    ("path_child", "path='/a/b/c'", {}, False),
    ("namespace", "path_namespace='/a'", {}, True),
    ("namespace_itself", "path_namespace='/a/b'", {}, True),
    ("namespace_root", "path_namespace='/'", {}, True),
    ("namespace_child", "path_namespace='/a/b/c'", {}, False),
    ("namespace_within_word", "path_namespace='/a/b'", dict(path="/a/bc"), False),
    ("namespace_deep", "path_namespace='/a/b'", dict(path="/a/b/c/d"), True),
    ("sender", "sender='SELF'", {}, True),
    ("sender_other", "sender=':1.999'", {}, False),
    ("sender_driver", "sender='org.freedesktop.DBus'", {}, False),
    ("sender_owned", "sender='com.ex.N'", {}, True),
    ("sender_waiting", "sender='com.ex.Waiting'", {}, False),
    ("sender_not_owned", "sender='com.ex.O'", {}, False),
    ("destination", "destination=':1.999'", {}, False),
    ("all", "type='signal',sender='SELF',path='/a/b',interface='com.ex.I',member='S'", {}, True),
    ("all_but_member", "type='signal',sender='SELF',path='/a/b',interface='com.ex.I',member='T'", {}, False),
    ("arg0", "arg0='x'", dict(signature="s", args=("x",)), True),
    ("arg0_other", "arg0='x'", dict(signature="s", args=("xy",)), False),
    ("arg0_missing", "arg0='x'", {}, False),
    ("arg0_empty", "arg0=''", dict(signature="s", args=("",)), True),
    ("arg0_of_object_path", "arg0='/x'", dict(signature="o", args=("/x",)), False),
    ("arg0_of_signature", "arg0='s'", dict(signature="g", args=("s",)), False),
    ("arg0_of_number", "arg0='1'", dict(signature="u", args=(1,)), False),
    ("arg1", "arg1='y'", dict(signature="ss", args=("x", "y")), True),
    ("arg1_after_number", "arg1='y'", dict(signature="us", args=(1, "y")), True),
    ("arg1_after_array", "arg1='y'", dict(signature="ass", args=(["a", "b"], "y")), True),
    ("arg1_after_struct", "arg1='y'", dict(signature="(sx)s", args=(("a", 1), "y")), True),
    ("arg1_after_dict", "arg1='y'", dict(signature="a{sv}s", args=({}, "y")), True),
    ("arg1_after_variant", "arg1='y'", dict(signature="vs", args=(("t", 7), "y")), True),
    ("arg0_in_variant", "arg0='y'", dict(signature="v", args=(("s", "y"),)), False),
    ("arg0_in_struct", "arg0='y'", dict(signature="(s)", args=(("y",),)), False),
    ("args", "arg0='x',arg2='z'", dict(signature="sss", args=("x", "y", "z")), True),
    ("args_one_wrong", "arg0='x',arg2='y'", dict(signature="sss", args=("x", "y", "z")), False),
    ("arg63", "arg63='z'", dict(signature="s" * 64, args=["y"] * 63 + ["z"]), True),
    ("arg63_other", "arg63='y'", dict(signature="s" * 64, args=["y"] * 63 + ["z"]), False),
    ("arg63_of_63", "arg63='z'", dict(signature="s" * 63, args=["z"] * 63), False),
    ("argpath", "arg0path='/a/'", dict(signature="s", args=("/a/b",)), True),
    ("argpath_same", "arg0path='/a/b'", dict(signature="s", args=("/a/b",)), True),
    ("argpath_no_slash", "arg0path='/a'", dict(signature="s", args=("/a/b",)), False),
    ("argpath_shorter", "arg0path='/a/b'", dict(signature="s", args=("/a/",)), True),
    ("argpath_shorter_no_slash", "arg0path='/a/b'", dict(signature="s", args=("/a",)), False),
    ("argpath_root", "arg0path='/'", dict(signature="s", args=("/a/b",)), True),
    ("argpath_of_path", "arg0path='/a/'", dict(signature="o", args=("/a/b",)), True),
    ("argpath_of_number", "arg0path='/a/'", dict(signature="u", args=(1,)), False),
    ("arg1path", "arg1path='/a/'", dict(signature="us", args=(1, "/a/b")), True),
    ("arg0namespace", "arg0namespace='a.b'", dict(signature="s", args=("a.b",)), True),
    ("arg0namespace_sub", "arg0namespace='a.b'", dict(signature="s", args=("a.b.c",)), True),
    ("arg0namespace_within_word", "arg0namespace='a.b'", dict(signature="s", args=("a.bc",)), False),
    ("arg0namespace_parent", "arg0namespace='a.b'", dict(signature="s", args=("a",)), False),
    ("arg0namespace_one", "arg0namespace='a'", dict(signature="s", args=("a.b",)), True),
    ("eavesdrop_false", "eavesdrop='false',member='S'", {}, True),
    ("blanks_and_quotes", " type='sig''nal', member=S", {}, True),
    ("apostrophe", "arg0='it'\\''s'", dict(signature="s", args=("it's",)), True),
    ("comma_in_quotes", "arg0='a,b'", dict(signature="s", args=("a,b",)), True),
    ("backslash_in_quotes", "arg0='a\\b'", dict(signature="s", args=("a\\b",)), True),
]


class Rules(BusTest):
    @rows(RULES)
    def test_rule(self, rule, more, wanted):
        bus = self.shared_bus()
        sender, holder, watcher, control = (bus.client() for _ in range(4))
        holder.request_name("com.ex.Waiting")
        sender.request_name("com.ex.Waiting")
        sender.request_name(N)
        watcher.add_match(rule.replace("SELF", sender.name))
        control.add_match("type='signal',interface='com.ex.I'")
        message = dict(path="/a/b", interface=I, member="S")
        message.update(more)
        for endian in "<>":
            sender.send(signal(**message, endian=endian))
            control.expect(member="S", sender=sender.name)
            self.assertEqual(len(watcher.taken(member="S", sender=sender.name)), int(wanted))

    def test_without_rule_nothing_comes(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.send(signal("/", I, "S"))
        one.sync()
        two.sync()
        self.assertEqual(two.inbox, [])

    def test_own_signals_come_back(self):
        client = self.bus().client().add_match("member='S'")
        client.send(signal("/", I, "S"))
        self.assertEqual(len(client.taken(member="S", sender=client.name)), 1)

    def test_several_rules_one_copy(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        for rule in ("", "member='S'", "type='signal'", "path='/'", "member='S'"):
            two.add_match(rule)
        one.send(signal("/", I, "S"))
        one.sync()
        self.assertEqual(len(two.taken(member="S")), 1)

    def test_unicast_needs_no_rule(self):
        bus = self.bus()
        one, two, three = bus.client(), bus.client(), bus.client()
        three.add_match("member='S'")
        one.send(signal("/", I, "S", destination=two.name))
        one.sync()
        self.assertEqual(len(two.taken(member="S")), 1)
        self.assertEqual(three.taken(member="S"), [])

    def test_destination_of_a_broadcast(self):
        """A rule that names a destination catches no broadcast, its own included."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.add_match("member='S',destination='%s'" % two.name)
        one.send(signal("/", I, "S"))
        one.sync()
        self.assertEqual(two.taken(member="S"), [])

    def test_calls_are_no_broadcasts(self):
        """A call without destination goes to the bus, which does not know it."""
        bus = self.bus()
        one, two = bus.client(), bus.client().add_match("")
        self.refused("UnknownMethod", one.call, call(None, "/", I, "M"))
        self.assertEqual(two.taken(member="M"), [])

    def test_sender_that_owns_the_name_later(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.add_match("member='S',sender='%s'" % N)
        for step, wanted in ((None, 0), (one.request_name, 1), (one.release_name, 0)):
            if step:
                step(N)
            one.send(signal("/", I, "S"))
            one.sync()
            self.assertEqual(len(two.taken(member="S")), wanted)

    def test_sender_unique_before_it_is_there(self):
        bus = self.bus()
        one = bus.client().add_match("member='S',sender=':1.1'")
        two = bus.client()
        self.assertEqual(two.name, ":1.1")
        two.send(signal("/", I, "S"))
        two.sync()
        self.assertEqual(len(one.taken(member="S")), 1)

    @rows([
        ("plain", "type='signal',sender='org.freedesktop.DBus'"),
        ("member", "sender='org.freedesktop.DBus',member='NameOwnerChanged'"),
        ("arg0", "sender='org.freedesktop.DBus',arg0='com.ex.N'"),
        ("namespace", "arg0namespace='com.ex'"),
        ("path", "path='/org/freedesktop/DBus'"),
    ])
    def test_signals_of_the_bus(self, rule):
        bus = self.shared_bus()
        watcher, other = bus.client(), bus.client()
        watcher.add_match(rule)
        other.request_name(N)
        other.release_name(N)
        got = [m.args for m in watcher.taken(member="NameOwnerChanged") if m.args[0] == N]
        self.assertEqual(got, [(N, "", other.name), (N, other.name, "")])

    def test_connects_and_disconnects(self):
        bus = self.bus()
        watcher = bus.client().add_match("sender='org.freedesktop.DBus',arg0=':1.1'")
        other = bus.client()
        other.close()
        watcher.expect(member="NameOwnerChanged", args=(":1.1", "", ":1.1"))
        watcher.expect(member="NameOwnerChanged", args=(":1.1", ":1.1", ""))

    def test_arg0_of_the_driver_never_fires(self):
        self.bus().client().add_match("arg0='org.freedesktop.DBus'")

    def test_forged_signal_of_the_bus(self):
        """Interface and member of the bus, but not its sender."""
        bus = self.bus()
        watcher, liar = bus.client(), bus.client()
        watcher.add_match("sender='org.freedesktop.DBus'")
        liar.send(signal(DRIVER_PATH, DRIVER, "NameOwnerChanged", "sss", (N, "", ":1.0"), sender=DRIVER))
        liar.sync()
        self.assertEqual(watcher.taken(member="NameOwnerChanged", args=(N, "", ":1.0")), [])


class Count(BusTest):
    def catches(self, client, other):
        other.send(signal("/", I, "S"))
        other.sync()
        return len(client.taken(member="S"))

    def test_each_removal_removes_one(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.add_match("member='S'").add_match("member='S'")
        one.driver("RemoveMatch", "s", "member='S'")
        self.assertEqual(self.catches(one, two), 1)
        one.driver("RemoveMatch", "s", "member='S'")
        self.assertEqual(self.catches(one, two), 0)
        self.refused("MatchRuleNotFound", one.driver, "RemoveMatch", "s", "member='S'")

    @rows([
        ("order", "type='signal',member='S'", "member='S',type='signal'"),
        ("quotes", "member='S'", "member=S"),
        ("blanks", "type='signal',member='S'", "type='signal', member='S'"),
        ("comma", "member='S'", "member='S',"),
        ("args", "arg0='a',arg1='b'", "arg1='b',arg0='a'"),
        ("eavesdrop", "member='S'", "member='S',eavesdrop='false'"),
    ])
    def test_equal_rules(self, added, removed):
        client = self.shared_bus().client().add_match(added)
        client.driver("RemoveMatch", "s", removed)

    @rows([
        ("nothing", "", "member='S'"),
        ("less", "type='signal',member='S'", "member='S'"),
        ("arg_index", "arg0='a'", "arg1='a'"),
        ("arg_kind", "arg0='/a'", "arg0path='/a'"),
        ("path_kind", "path='/a'", "path_namespace='/a'"),
        ("value", "member='S'", "member='T'"),
        ("eavesdrop", "member='S'", "member='S',eavesdrop='true'"),
    ])
    def test_unequal_rules(self, added, removed):
        client = self.shared_bus().client().add_match(added)
        self.refused("MatchRuleNotFound", client.driver, "RemoveMatch", "s", removed)

    @rows([
        ("word", "foo"),
        ("type", "type='x'"),
        ("member", "member='a.b'"),
        ("arg64", "arg64='x'"),
        ("path", "path='a'"),
        ("key_twice", "type='signal',type='signal'"),
        ("open_quote", "member='S"),
        ("both_paths", "path='/a',path_namespace='/a'"),
        ("both_args", "arg0='a',arg0path='/a'"),
        ("sender", "sender='x'"),
    ])
    def test_invalid(self, rule):
        client = self.shared_bus().client()
        for member in ("AddMatch", "RemoveMatch"):
            self.refused("MatchRuleInvalid", client.driver, member, "s", rule)

    def test_rules_of_another(self):
        """Nobody removes what somebody else added."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.add_match("member='S'")
        self.refused("MatchRuleNotFound", two.driver, "RemoveMatch", "s", "member='S'")
        two.add_match("member='S'")
        two.driver("RemoveMatch", "s", "member='S'")
        self.assertEqual(self.catches(one, two), 1)

    def test_rules_end_with_their_owner(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        for n in range(20):
            one.add_match("arg%d='x'" % n)
        one.close()
        self.assertEqual(two.sync().inbox, [])
        two.send(signal("/", I, "S", "s", ("x",)))
        two.sync()

    def test_many(self):
        bus = self.bus(limits={"max_match_rules_per_connection": 3000})
        one, two = bus.client(), bus.client()
        batch = [call(DRIVER, "/", DRIVER, "AddMatch", "s", ("member='S',arg0='%d'" % n,), serial=1000 + n).pack() for n in range(2000)]
        one.send_raw(b"".join(batch))
        one.result(2999)
        two.send(signal("/", I, "S", "s", ("1234",)))
        two.send(signal("/", I, "S", "s", ("5678",)))
        two.sync()
        self.assertEqual([m.args for m in one.taken(member="S")], [("1234",)])
