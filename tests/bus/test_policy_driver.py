"""Policy about the bus itself, owning names, and connecting."""

import grp
import pwd

from harness import ALICE, BOB, CAROL, STRANGER, BusTest, need_root, rows
from judged import I, LIFE, RECEIVE, SEND, Judged, any_call, policy
from wire import DRIVER, DRIVER_PATH, ERROR, FAULT, Closed, call, signal

TO_DRIVER = '<allow send_destination="org.freedesktop.DBus"/>'
WITHOUT_OWN = LIFE.replace('<allow own="*"/>', "")
WITHOUT_USER = LIFE.replace('<allow user="*"/>', "")


class Driver(Judged):
    @rows([
        ("type", '<deny send_type="method_call"/>', DRIVER, "AddMatch", "AccessDenied"),
        ("destination", '<deny send_destination="org.freedesktop.DBus"/>', DRIVER, "AddMatch", "AccessDenied"),
        ("member", '<deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="AddMatch"/>', DRIVER, "AddMatch", "AccessDenied"),
        ("member_without_interface", '<deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="AddMatch"/>', None, "AddMatch", "AccessDenied"),
        ("another_member", '<deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="RemoveMatch"/>', DRIVER, "AddMatch", None),
        ("prefix", '<deny send_destination_prefix="org.freedesktop"/>', DRIVER, "AddMatch", "AccessDenied"),
        ("path", '<deny send_path="/org/freedesktop/DBus"/>', DRIVER, "AddMatch", "AccessDenied"),
        ("other_destination", '<deny send_destination="com.ex.A"/>', DRIVER, "AddMatch", None),
    ])
    def test_rule_about_calls(self, rule, interface, member, error):
        client = self.bus(policy=policy(rule)).client()
        message = call(DRIVER, DRIVER_PATH, interface, member, "s", ("",))
        if error:
            self.assertTrue(self.refused(error, client.call, message).startswith("Rejected send message"))
        else:
            client.call(message)

    def test_hello_always_passes(self):
        rules = '<deny send_destination="org.freedesktop.DBus"/><deny send_type="method_call"/>'
        client = self.bus(policy=policy(rules)).client()
        self.refused("AccessDenied", client.driver, "GetId")

    def test_signals_vanish(self):
        client = self.bus().client()
        client.send(signal("/", I, "S", destination=DRIVER))
        client.sync()
        self.assertEqual(client.inbox, [])

    def test_denied_signals_are_told(self):
        client = self.bus(policy=policy('<deny send_type="signal"/>')).client()
        client.send(signal("/", I, "S", destination=DRIVER))
        self.assertEqual(client.expect(type=ERROR).error, FAULT + "AccessDenied")

    def test_no_destination_is_no_matter_of_policy(self):
        """Peer.Ping to nobody is answered whatever the policy says; so tests rely on it."""
        rules = '<deny send_type="*"/><deny receive_type="*"/><deny send_interface="org.freedesktop.DBus.Peer"/>'
        client = self.bus(policy=policy(rules)).raw().auth()
        client.send(call(DRIVER, "/", DRIVER, "Hello"))
        client.sync()

    def test_answers_are_subject_to_receiving(self):
        """The work is done; only the answer is not told."""
        bus = self.bus(policy=policy(SEND + RECEIVE) + '<policy user="daemon"><deny receive_sender="org.freedesktop.DBus" receive_requested_reply="true"/></policy>')
        root = bus.client()
        root.add_match("member='NameOwnerChanged',arg0='com.ex.A'")
        alice = bus.raw(ALICE).auth(ALICE)
        alice.send(call(DRIVER, "/", DRIVER, "Hello"))
        alice.send(call(DRIVER, "/", DRIVER, "RequestName", "su", ("com.ex.A", 0)))
        alice.send(call(DRIVER, "/", DRIVER, "Nothing"))
        root.expect(member="NameOwnerChanged")
        alice.sync()
        self.assertEqual(alice.inbox, [])
        self.assertEqual(self.fate(root, alice, any_call(destination="com.ex.A")), "passed")

    def test_broadcasts_of_the_bus_are_subject_to_receiving(self):
        rules = SEND + RECEIVE + '<deny receive_sender="org.freedesktop.DBus" receive_interface="org.freedesktop.DBus" receive_member="NameOwnerChanged"/>'
        bus = self.bus(policy=policy(rules))
        one, two = bus.client(), bus.client()
        one.add_match("")
        two.request_name("com.ex.A")
        self.assertEqual(one.taken(member="NameOwnerChanged"), [])

    def test_own_answers_only(self):
        """A rule about members of the bus hits calls without interface to it, and no one else's."""
        rules = '<deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="Nothing"/>'
        bus = self.bus(policy=policy(SEND + RECEIVE + rules))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name, member="Nothing", interface=None)), "passed")


# (label, rules, name, outcome)
OWN = [
    ("exact", '<allow own="com.ex.A"/>', "com.ex.A", "owner"),
    ("exact_other", '<allow own="com.ex.A"/>', "com.ex.B", "AccessDenied"),
    ("exact_no_sub", '<allow own="com.ex.A"/>', "com.ex.A.B", "AccessDenied"),
    ("exact_no_parent", '<allow own="com.ex.A"/>', "com.ex", "AccessDenied"),
    ("star", '<allow own="*"/>', "com.ex.A", "owner"),
    ("star_inside", '<allow own="com.ex.*"/>', "com.ex.A", "AccessDenied"),
    ("prefix_itself", '<allow own_prefix="com.ex"/>', "com.ex", "owner"),
    ("prefix_sub", '<allow own_prefix="com.ex"/>', "com.ex.A.B", "owner"),
    ("prefix_within_word", '<allow own_prefix="com.ex"/>', "com.exa", "AccessDenied"),
    ("prefix_star", '<allow own_prefix="*"/>', "com.ex.A", "AccessDenied"),
    ("prefix_empty", '<allow own_prefix=""/>', "com.ex.A", "AccessDenied"),
    ("deny", '<allow own="*"/><deny own="com.ex.A"/>', "com.ex.A", "AccessDenied"),
    ("deny_other", '<allow own="*"/><deny own="com.ex.A"/>', "com.ex.B", "owner"),
    ("deny_prefix", '<allow own="*"/><deny own_prefix="com.ex"/>', "com.ex.A", "AccessDenied"),
    ("last_wins", '<deny own="com.ex.A"/><allow own="*"/>', "com.ex.A", "owner"),
    ("last_wins_prefix", '<deny own="com.ex.A"/><allow own_prefix="com"/>', "com.ex.A", "owner"),
    ("deny_star", '<allow own="com.ex.A"/><deny own="*"/>', "com.ex.A", "AccessDenied"),
    ("empty", '<allow own=""/>', "com.ex.A", "AccessDenied"),
    ("invalid_before_policy", "", "org", "InvalidArgs"),
    ("unique_before_policy", "", ":1.7", "InvalidArgs"),
    ("driver_before_policy", "", DRIVER, "InvalidArgs"),
    ("driver_not_even_with", '<allow own="*"/>', DRIVER, "InvalidArgs"),
]


class Own(Judged):
    @rows(OWN)
    def test_own(self, rules, name, outcome):
        client = self.bus(policy=policy(rules, WITHOUT_OWN)).client()
        self.assertEqual(self.owns(client, name), outcome)

    def test_denied_cannot_queue(self):
        need_root()
        bus = self.bus(policy=policy("") + '<policy user="daemon"><deny own="com.ex.A"/></policy>')
        root, alice = bus.client(), bus.client(ALICE)
        self.assertEqual(self.owns(root, "com.ex.A"), "owner")
        self.assertEqual(self.owns(alice, "com.ex.A"), "AccessDenied")
        self.assertEqual(root.driver("ListQueuedOwners", "s", "com.ex.A"), ([root.name],))

    def test_policy_is_asked_before_the_limit(self):
        bus = self.bus(policy=policy('<deny own="com.ex.B"/>'), limits={"max_names_per_connection": 2})
        client = bus.client()
        self.assertEqual(self.owns(client, "com.ex.A"), "owner")
        self.assertEqual(self.owns(client, "com.ex.B"), "AccessDenied")
        self.assertEqual(self.owns(client, "com.ex.C"), "LimitsExceeded")

    def test_owner_may_release_what_it_may_no_longer_own(self):
        bus = self.bus(policy=policy(""))
        client = bus.client()
        client.request_name("com.ex.A")
        bus.configure(policy=policy('<deny own="*"/>'))
        client.driver("ReloadConfig")
        self.assertEqual(client.owner("com.ex.A"), client.name)
        self.assertEqual(client.release_name("com.ex.A"), 1)
        self.assertEqual(self.owns(client, "com.ex.A"), "AccessDenied")


def group_of(name):
    return grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name


# (label, default rules, mandatory rules, users that get in)
CONNECT = [
    ("nothing", "", "", {"root"}),
    ("all", '<allow user="*"/>', "", {"root", "daemon", "bin"}),
    ("one", '<allow user="daemon"/>', "", {"root", "daemon"}),
    ("by_number", '<allow user="1"/>', "", {"root", "daemon"}),
    ("last_wins", '<allow user="*"/><deny user="daemon"/>', "", {"root", "bin"}),
    ("last_wins_again", '<deny user="daemon"/><allow user="*"/>', "", {"root", "daemon", "bin"}),
    ("mandatory_wins", '<allow user="*"/>', '<deny user="bin"/>', {"root", "daemon"}),
    ("mandatory_allows", '<deny user="*"/>', '<allow user="bin"/>', {"bin"}),
    ("root_too", '<allow user="*"/><deny user="root"/>', "", {"daemon", "bin"}),
    ("deny_all", '<deny user="*"/>', "", set()),
    ("all_groups", '<allow group="*"/>', "", {"root", "daemon", "bin"}),
    ("group", '<allow group="daemon"/>', "", {"root", "daemon"}),
    ("deny_group", '<allow user="*"/><deny group="daemon"/>', "", {"root", "bin"}),
    ("group_by_number", '<allow group="1"/>', "", {"root", "daemon"}),
    ("unknown_user", '<allow user="no-such-user"/>', "", {"root"}),
    ("unknown_group", '<allow group="no-such-group"/>', "", {"root"}),
    ("deny_unknown_user", '<allow user="*"/><deny user="no-such-user"/>', "", {"root", "daemon", "bin"}),
]


class Connect(BusTest):
    def gets_in(self, bus, uid, **more):
        client = bus.raw(uid, **more)
        try:
            client.auth(uid).hello()
        except Closed:
            return False
        return True

    @rows(CONNECT)
    def test_users(self, default, mandatory, wanted):
        need_root()
        text = '<policy context="default">%s%s</policy>' % (WITHOUT_USER, default)
        bus = self.bus(policy=text + '<policy context="mandatory">%s</policy>' % mandatory)
        users = {"root": 0, "daemon": ALICE, "bin": BOB}
        self.assertEqual({name for name, uid in users.items() if self.gets_in(bus, uid)}, wanted)

    def test_refused_after_authentication(self):
        """The bus says OK, then closes."""
        need_root()
        client = self.bus(policy=policy("", WITHOUT_USER)).raw(ALICE)
        client.send_raw(b"\0")
        answer = client.say(b"AUTH EXTERNAL " + str(ALICE).encode().hex().encode())
        self.assertTrue(answer.startswith(b"OK "))
        client.begin()
        self.assertTrue(client.is_closed())

    def test_user_without_an_entry(self):
        need_root()
        bus = self.bus()
        self.assertEqual(self.gets_in(bus, STRANGER), self.wanted(True))

    def test_user_without_an_entry_has_to_be_allowed(self):
        need_root()
        bus = self.bus(policy=policy("", WITHOUT_USER + '<allow user="daemon"/>'))
        self.assertFalse(self.gets_in(bus, STRANGER))

    def test_groups_of_the_kernel(self):
        """The groups that a process has decide, not those that its user could have."""
        need_root()
        bus = self.bus(policy=policy("", WITHOUT_USER + '<allow group="adm"/>'))
        adm = grp.getgrnam("adm").gr_gid
        self.assertEqual(self.gets_in(bus, ALICE, groups=[adm]), self.wanted(True))
        self.assertFalse(self.gets_in(bus, CAROL))

    @rows([
        ("user_over_default", '<policy user="daemon"><allow user="*"/></policy>'),
        ("group_over_default", '<policy group="daemon"><allow group="*"/></policy>'),
    ])
    def test_not_in_policies_of_users(self, block):
        with self.assertRaises(AssertionError):
            self.bus(policy=policy("") + block)
