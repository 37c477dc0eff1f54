"""Which of several rules decides: contexts, groups, the order of reading, and none at all."""

import grp
import itertools

from harness import ALICE, BOB, need_root, rows
from judged import LIFE, OWNED, OTHER, RECEIVE, SEND, Judged, any_call, any_signal, policy
from wire import DRIVER, call

# groups that every Debian has, in ascending order of their numbers; and one without an entry
GROUP, LOW, MIDDLE, HIGH = (grp.getgrnam(name).gr_gid for name in ("adm", "tty", "lp", "mail"))
NAMELESS = 61100

# weakest first
CONTEXTS = [
    ("default", 'context="default"'),
    ("group", 'group="%d"' % GROUP),
    ("user", 'user="daemon"'),
    ("console", 'at_console="false"'),
    ("mandatory", 'context="mandatory"'),
]

KINDS = {
    "send": '<%s send_interface="com.ex.I"/>',
    "receive": '<%s receive_interface="com.ex.I"/>',
    "own": '<%s own="com.ex.Other"/>',
}


def pairs():
    for (weak, weak_text), (strong, strong_text) in itertools.combinations(CONTEXTS, 2):
        for kind, effect, order in itertools.product(KINDS, ("allow", "deny"), ("first", "last")):
            other = {"allow": "deny", "deny": "allow"}[effect]
            blocks = [
                "<policy %s>%s</policy>" % (weak_text, KINDS[kind] % other),
                "<policy %s>%s</policy>" % (strong_text, KINDS[kind] % effect),
            ]
            if order == "first":
                blocks.reverse()
            label = "%s_%s_over_%s_read_%s_%s" % (kind, strong, weak, order, effect)
            yield label, kind, "".join(blocks), effect


class Order(Judged):
    @rows(list(pairs()))
    def test_stronger_context_wins(self, kind, blocks, effect):
        """Default, group, user, at_console, mandatory; never the order of reading."""
        need_root()
        life = {"send": LIFE + RECEIVE, "receive": LIFE + SEND, "own": LIFE}[kind]
        bus = self.bus(policy='<policy context="default">%s</policy>%s' % (life, blocks))
        alice = bus.client(ALICE, groups=[GROUP])
        if kind == "own":
            wanted = {"allow": "owner", "deny": "AccessDenied"}[effect]
            self.assertEqual(self.owns(alice, OTHER), wanted)
            return
        other = bus.client()
        sender, receiver = (alice, other) if kind == "send" else (other, alice)
        wanted = {"allow": "passed", "deny": "denied"}[effect]
        self.assertEqual(self.fate(sender, receiver, any_call(destination=receiver.name)), wanted)

    @rows([
        ("allow_deny", "allow", "deny", "denied"),
        ("deny_allow", "deny", "allow", "passed"),
    ])
    def test_last_of_one_context_wins(self, first, second, wanted):
        rules = RECEIVE + '<%s send_interface="com.ex.I"/><%s send_interface="com.ex.I"/>'
        bus = self.bus(policy=policy(rules % (first, second)))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), wanted)

    @rows([
        ("specific_first", '<deny send_interface="com.ex.I" send_member="M" send_path="/com/ex/P"/><allow send_interface="com.ex.I"/>', "passed"),
        ("specific_last", '<allow send_interface="com.ex.I"/><deny send_interface="com.ex.I" send_member="M"/>', "denied"),
        ("destination_first", '<deny send_destination="com.ex.Owned"/><allow send_interface="com.ex.I"/>', "passed"),
    ])
    def test_being_specific_means_nothing(self, rules, wanted):
        bus = self.bus(policy=policy(RECEIVE + rules))
        one, two = bus.client(), bus.client()
        two.request_name(OWNED)
        self.assertEqual(self.fate(one, two, any_call(destination=OWNED)), wanted)

    def test_same_context_in_several_blocks(self):
        rules = [
            '<allow send_interface="com.ex.I"/>',
            '<deny send_interface="com.ex.I"/>',
            '<allow send_interface="com.ex.I" send_member="M"/>',
        ]
        bus = self.bus(policy=policy(RECEIVE) + "".join('<policy context="default">%s</policy>' % r for r in rules))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name, member="N")), "denied")

    @rows([
        ("low_denies_first", LOW, "deny", "passed"),
        ("low_denies_last", HIGH, "deny", "denied"),
        ("low_allows_first", LOW, "allow", "denied"),
        ("low_allows_last", HIGH, "allow", "passed"),
    ])
    def test_higher_group_wins(self, group, effect, wanted):
        """Of two groups the higher number decides, wherever they stand in the file."""
        need_root()
        other = {"allow": "deny", "deny": "allow"}[effect]
        blocks = [
            '<policy group="%d"><%s send_interface="com.ex.I"/></policy>' % (group, effect),
            '<policy group="%d"><%s send_interface="com.ex.I"/></policy>' % (MIDDLE, other),
        ]
        for order in (blocks, blocks[::-1]):
            bus = self.bus(policy=policy(RECEIVE) + "".join(order))
            root, alice = bus.client(), bus.client(ALICE, groups=[HIGH, LOW, MIDDLE])
            self.assertEqual(self.fate(alice, root, any_call(destination=root.name)), wanted)

    def test_primary_group_counts(self):
        need_root()
        block = '<policy group="%d"><allow send_interface="com.ex.I"/></policy>' % LOW
        bus = self.bus(policy=policy(RECEIVE) + block)
        root = bus.client()
        message = any_call(destination=root.name)
        self.assertEqual(self.fate(bus.client(ALICE, gid=LOW), root, message), "passed")
        self.assertEqual(self.fate(bus.client(ALICE, groups=[LOW]), root, message), "passed")
        self.assertEqual(self.fate(bus.client(ALICE), root, message), "denied")

    def test_group_without_an_entry(self):
        need_root()
        block = '<policy group="%d"><allow send_interface="com.ex.I"/></policy>' % NAMELESS
        bus = self.bus(policy=policy(RECEIVE) + block)
        root, alice = bus.client(), bus.client(ALICE, groups=[NAMELESS])
        fate = self.fate(alice, root, any_call(destination=root.name))
        self.assertEqual(fate, self.wanted("passed"))

    def test_whose_list(self):
        """A user's rules count for what that user sends and for what that user receives."""
        need_root()
        blocks = '<policy user="daemon"><deny send_interface="com.ex.I" send_member="Sent"/><deny receive_interface="com.ex.I" receive_member="Received"/></policy>'
        bus = self.bus(policy=policy(SEND + RECEIVE) + blocks)
        alice, bob = bus.client(ALICE), bus.client(BOB)
        for sender, receiver, member, wanted in (
            (alice, bob, "Sent", "denied"),
            (bob, alice, "Sent", "passed"),
            (alice, bob, "Received", "passed"),
            (bob, alice, "Received", "denied"),
        ):
            message = any_call(destination=receiver.name, member=member)
            self.assertEqual(self.fate(sender, receiver, message), wanted)


class Silence(Judged):
    """Nothing fits."""

    @rows([
        ("neither", "", "denied"),
        ("send_only", SEND, "denied"),
        ("receive_only", RECEIVE, "denied"),
        ("both", SEND + RECEIVE, "passed"),
    ])
    def test_message(self, rules, wanted):
        bus = self.bus(policy=policy(rules))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), wanted)
        two.add_match("type='signal'")
        wanted = {"denied": "lost", "passed": "passed"}[wanted]
        self.assertEqual(self.fate(one, two, any_signal()), wanted)

    def test_own(self):
        bus = self.bus(policy=policy("", LIFE.replace('<allow own="*"/>', "")))
        self.assertEqual(self.owns(bus.client(), OTHER), "AccessDenied")

    def test_connect(self):
        need_root()
        bus = self.bus(policy=policy("", LIFE.replace('<allow user="*"/>', "")))
        bus.client()
        alice = bus.raw(ALICE)
        alice.auth(ALICE, fds=False)
        self.assertTrue(alice.is_closed())

    def test_no_policy_at_all(self):
        """Hello is done, but not even its answer comes."""
        client = self.bus(policy="").raw().auth()
        client.send(call(DRIVER, "/", DRIVER, "Hello"))
        client.send(call(DRIVER, "/", DRIVER, "GetId"))
        client.sync()
        self.assertEqual(client.inbox, [])


# (label, rule that comes last, what the reference makes of it): none of these says anything about an
# ordinary call of com.ex.I.M without fds, so the allow before it stands
NARROW = [
    ("send_broadcast", '<deny send_broadcast="true"/>'),
    ("send_broadcast_destination", '<deny send_destination="*" send_broadcast="true"/>'),
    ("send_fds", '<deny send_destination="*" min_fds="9"/>'),
    ("send_max_fds", '<deny send_type="*" min_fds="3" max_fds="4"/>'),
    ("receive_eavesdrop", '<deny receive_sender="*" eavesdrop="true"/>'),
    ("eavesdrop_alone", '<deny eavesdrop="true"/>'),
    ("receive_fds", '<deny receive_sender="*" min_fds="9"/>'),
    ("send_prefix", '<deny send_destination_prefix="com.nothing"/>'),
    ("send_type", '<deny send_type="signal"/>'),
]


class Narrow(Judged):
    @rows(NARROW)
    def test_rule_leaves_earlier_ones_alone(self, rule):
        """A rule that says nothing about a message does not undo what stands before it."""
        bus = self.bus(policy=policy(SEND + RECEIVE + rule + LIFE))
        one, two = bus.client(), bus.client()
        fate = self.fate(one, two, any_call(destination=two.name))
        self.assertEqual(fate, self.wanted("passed"))
