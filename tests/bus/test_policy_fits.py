"""When a rule about messages fits: each attribute, present, absent and with '*'."""

import os

import wire
from harness import rows
from judged import I, LIFE, OTHER, OWNED, QUEUED, RECEIVE, SEND
from judged import Judged, any_call, any_error, any_return, any_signal, policy

PASSED, DENIED = "passed", "denied"

CALL, SIGNAL, RETURN, ERROR = any_call, any_signal, any_return, any_error
BARE = dict(interface=None)

# Rules are tried as send rules after an allow of everything received, and as receive rules after an
# allow of everything sent. (label, rules with %s for the direction, message, its fields, fate)
BOTH = [
    # 1: '*' as the whole value is as if the attribute was absent
    ("star_interface", '<allow %s_interface="*"/>', CALL, {}, PASSED),
    ("star_type", '<allow %s_type="*"/>', CALL, {}, PASSED),
    ("star_path", '<allow %s_path="*"/>', CALL, {}, PASSED),
    ("star_member", '<allow %s_interface="*" %s_member="*"/>', CALL, {}, PASSED),
    ("star_error", '<allow %s_error="*"/>', CALL, {}, PASSED),
    ("star_inside", '<allow %s_interface="com.ex.*"/>', CALL, {}, DENIED),
    ("star_inside_path", '<allow %s_path="/com/*"/>', CALL, {}, DENIED),
    # 2: type
    ("type_call", '<allow %s_type="method_call"/>', CALL, {}, PASSED),
    ("type_call_no_signal", '<allow %s_type="method_call"/>', SIGNAL, {}, DENIED),
    ("type_signal", '<allow %s_type="signal"/>', SIGNAL, {}, PASSED),
    ("type_signal_no_call", '<allow %s_type="signal"/>', CALL, {}, DENIED),
    ("type_return_no_call", '<allow %s_type="method_return"/>', CALL, {}, DENIED),
    ("type_error_no_call", '<allow %s_type="error"/>', CALL, {}, DENIED),
    ("type_return", '<allow %s_type="method_return" %s_requested_reply="false"/>', RETURN, {}, PASSED),
    ("type_error", '<allow %s_type="error" %s_requested_reply="false"/>', ERROR, {}, PASSED),
    ("type_error_no_return", '<allow %s_type="error" %s_requested_reply="false"/>', RETURN, {}, DENIED),
    # 3: path, member and error are only compared where the message has them
    ("path", '<allow %s_path="/com/ex/P"/>', CALL, {}, PASSED),
    ("path_other", '<allow %s_path="/com/ex/P"/>', CALL, dict(path="/com/ex/Q"), DENIED),
    ("path_is_no_prefix", '<allow %s_path="/com/ex"/>', CALL, {}, DENIED),
    ("path_no_child", '<allow %s_path="/com/ex/P"/>', CALL, dict(path="/com/ex/P/C"), DENIED),
    ("path_deny", '<allow %s_type="*"/><deny %s_path="/com/ex/P"/>', CALL, {}, DENIED),
    ("path_deny_other", '<allow %s_type="*"/><deny %s_path="/com/ex/P"/>', CALL, dict(path="/x"), PASSED),
    ("path_absent_allow", '<allow %s_path="/x" %s_requested_reply="false"/>', RETURN, {}, PASSED),
    ("path_absent_deny", '<allow %s_type="*" %s_requested_reply="false"/><deny %s_path="/x"/>', RETURN, {}, DENIED),
    ("member", '<allow %s_interface="com.ex.I" %s_member="M"/>', CALL, {}, PASSED),
    ("member_other", '<allow %s_interface="com.ex.I" %s_member="M"/>', CALL, dict(member="N"), DENIED),
    ("member_of_path", '<allow %s_path="/com/ex/P" %s_member="M"/>', CALL, {}, PASSED),
    ("member_of_path_other", '<allow %s_path="/com/ex/P" %s_member="M"/>', CALL, dict(member="N"), DENIED),
    ("member_deny", '<allow %s_type="*"/><deny %s_interface="com.ex.I" %s_member="M"/>', CALL, {}, DENIED),
    ("member_deny_other", '<allow %s_type="*"/><deny %s_interface="com.ex.I" %s_member="M"/>', CALL, dict(member="N"), PASSED),
    ("member_case", '<allow %s_interface="com.ex.I" %s_member="m"/>', CALL, {}, DENIED),
    ("error_deny_hits_calls", '<allow %s_type="*"/><deny %s_error="com.ex.E"/>', CALL, {}, DENIED),
    ("error_deny_hits_signals", '<allow %s_type="*"/><deny %s_error="com.ex.E"/>', SIGNAL, {}, DENIED),
    ("error_deny", '<allow %s_type="*" %s_requested_reply="false"/><deny %s_error="com.ex.E"/>', ERROR, {}, DENIED),
    ("error_deny_other", '<allow %s_type="*" %s_requested_reply="false"/><deny %s_error="com.ex.F"/>', ERROR, {}, PASSED),
    ("error_allow_fits_calls", '<allow %s_error="com.ex.E"/>', CALL, {}, PASSED),
    ("error_allow", '<allow %s_error="com.ex.E" %s_requested_reply="false"/>', ERROR, {}, PASSED),
    ("error_allow_other", '<allow %s_error="com.ex.F" %s_requested_reply="false"/>', ERROR, {}, DENIED),
    # 4: a message without interface is hit by every deny and by no allow
    ("interface", '<allow %s_interface="com.ex.I"/>', CALL, {}, PASSED),
    ("interface_other", '<allow %s_interface="com.ex.J"/>', CALL, {}, DENIED),
    ("interface_prefix", '<allow %s_interface="com.ex"/>', CALL, {}, DENIED),
    ("interface_longer", '<allow %s_interface="com.ex.I.J"/>', CALL, {}, DENIED),
    ("interface_absent_allow", '<allow %s_interface="com.ex.I"/>', CALL, BARE, DENIED),
    ("interface_absent_deny", '<allow %s_type="*"/><deny %s_interface="com.ex.I"/>', CALL, BARE, DENIED),
    ("interface_absent_deny_other", '<allow %s_type="*"/><deny %s_interface="com.ex.J"/>', CALL, BARE, DENIED),
    ("interface_absent_no_rule", '<allow %s_type="*"/>', CALL, BARE, PASSED),
    ("interface_absent_member_fits", '<allow %s_type="*"/><deny %s_interface="com.ex.I" %s_member="M"/>', CALL, BARE, DENIED),
    ("interface_absent_member_other", '<allow %s_type="*"/><deny %s_interface="com.ex.I" %s_member="N"/>', CALL, BARE, PASSED),
    ("interface_absent_star", '<allow %s_interface="*"/>', CALL, BARE, PASSED),
    ("interface_deny_return", '<allow %s_type="*" %s_requested_reply="false"/><deny %s_interface="com.ex.I"/>', RETURN, {}, DENIED),
    # 5: nothing in a value is checked for sense
    ("value_without_sense", '<allow %s_type="*"/><deny %s_interface="not an interface!"/>', CALL, {}, PASSED),
    ("path_without_sense", '<allow %s_type="*"/><deny %s_path="no path"/>', CALL, {}, PASSED),
    ("empty_interface", '<allow %s_type="*"/><deny %s_interface=""/>', CALL, {}, PASSED),
    # several attributes: all have to fit
    ("all", '<allow %s_type="method_call" %s_interface="com.ex.I" %s_member="M" %s_path="/com/ex/P"/>', CALL, {}, PASSED),
    ("all_but_type", '<allow %s_type="signal" %s_interface="com.ex.I" %s_member="M" %s_path="/com/ex/P"/>', CALL, {}, DENIED),
    ("all_but_path", '<allow %s_type="method_call" %s_interface="com.ex.I" %s_member="M" %s_path="/"/>', CALL, {}, DENIED),
    # 13: log changes nothing
    ("log_allow", '<allow %s_interface="com.ex.I" log="true"/>', CALL, {}, PASSED),
    ("log_deny", '<allow %s_type="*"/><deny %s_interface="com.ex.I" log="true"/>', CALL, {}, DENIED),
    ("log_false", '<allow %s_interface="com.ex.I" log="false"/>', CALL, {}, PASSED),
]

# (label, rules, destination: attribute of the receiver or a name, fate). The receiver owns OWNED and waits
# for QUEUED, which somebody else owns; OTHER belongs to that one.
DESTINATIONS = [
    ("owned", '<allow send_destination="com.ex.Owned"/>', OWNED, PASSED),
    ("owned_through_unique", '<allow send_destination="com.ex.Owned"/>', "unique", PASSED),
    ("queued_through_unique", '<allow send_destination="com.ex.Queued"/>', "unique", PASSED),
    ("queued_through_owned", '<allow send_destination="com.ex.Queued"/>', OWNED, PASSED),
    ("other", '<allow send_destination="com.ex.Other"/>', "unique", DENIED),
    ("nobody", '<allow send_destination="com.ex.Nobody"/>', OWNED, DENIED),
    ("part", '<allow send_destination="com.ex"/>', OWNED, DENIED),
    ("star", '<allow send_destination="*"/>', OWNED, PASSED),
    ("star_inside", '<allow send_destination="com.ex.*"/>', OWNED, DENIED),
    ("unique", '<allow send_destination=":1.1"/>', "unique", PASSED),
    ("unique_through_name", '<allow send_destination=":1.1"/>', OWNED, PASSED),
    ("unique_of_another", '<allow send_destination=":1.0"/>', "unique", DENIED),
    ("deny_owned", '<allow send_destination="*"/><deny send_destination="com.ex.Owned"/>', "unique", DENIED),
    ("deny_queued", '<allow send_destination="*"/><deny send_destination="com.ex.Queued"/>', OWNED, DENIED),
    ("deny_other", '<allow send_destination="*"/><deny send_destination="com.ex.Other"/>', OWNED, PASSED),
    ("deny_with_interface", '<allow send_destination="*"/><deny send_destination="com.ex.Owned" send_interface="com.ex.J"/>', OWNED, PASSED),
    ("prefix_itself", '<allow send_destination_prefix="com.ex.Owned"/>', OWNED, PASSED),
    ("prefix", '<allow send_destination_prefix="com.ex"/>', OWNED, PASSED),
    ("prefix_short", '<allow send_destination_prefix="com"/>', "unique", PASSED),
    ("prefix_of_queued", '<allow send_destination_prefix="com.ex.Queued"/>', "unique", PASSED),
    ("prefix_within_word", '<allow send_destination_prefix="com.ex.Own"/>', OWNED, DENIED),
    ("prefix_longer", '<allow send_destination_prefix="com.ex.Owned.Sub"/>', OWNED, DENIED),
    ("prefix_dot", '<allow send_destination_prefix="com.ex."/>', OWNED, DENIED),
    ("prefix_star", '<allow send_destination_prefix="*"/>', OWNED, DENIED),
    ("prefix_deny", '<allow send_destination="*"/><deny send_destination_prefix="com.ex"/>', "unique", DENIED),
    ("prefix_deny_other", '<allow send_destination="*"/><deny send_destination_prefix="com.exe"/>', "unique", PASSED),
]

# the same for receive_sender: the sender owns OWNED, waits for QUEUED
SENDERS = [
    ("owned", '<allow receive_sender="com.ex.Owned"/>', PASSED),
    ("queued", '<allow receive_sender="com.ex.Queued"/>', PASSED),
    ("other", '<allow receive_sender="com.ex.Other"/>', DENIED),
    ("nobody", '<allow receive_sender="com.ex.Nobody"/>', DENIED),
    ("star", '<allow receive_sender="*"/>', PASSED),
    ("part", '<allow receive_sender="com.ex"/>', DENIED),
    ("deny_owned", '<allow receive_sender="*"/><deny receive_sender="com.ex.Owned"/>', DENIED),
    ("deny_queued", '<allow receive_sender="*"/><deny receive_sender="com.ex.Queued"/>', DENIED),
    ("deny_other", '<allow receive_sender="*"/><deny receive_sender="com.ex.Other"/>', PASSED),
    ("deny_driver", '<allow receive_sender="*"/><deny receive_sender="org.freedesktop.DBus" receive_interface="com.ex.I"/>', PASSED),
]

# (label, rules, count of fds, fate)
FDS = [
    ("max_0", '<allow %s_interface="com.ex.I" max_fds="0"/>', 0, PASSED),
    ("max_0_with_1", '<allow %s_interface="com.ex.I" max_fds="0"/>', 1, DENIED),
    ("min_1", '<allow %s_interface="com.ex.I" min_fds="1"/>', 0, DENIED),
    ("min_1_with_1", '<allow %s_interface="com.ex.I" min_fds="1"/>', 1, PASSED),
    ("range_below", '<allow %s_interface="com.ex.I" min_fds="2" max_fds="3"/>', 1, DENIED),
    ("range_low", '<allow %s_interface="com.ex.I" min_fds="2" max_fds="3"/>', 2, PASSED),
    ("range_high", '<allow %s_interface="com.ex.I" min_fds="2" max_fds="3"/>', 3, PASSED),
    ("range_above", '<allow %s_interface="com.ex.I" min_fds="2" max_fds="3"/>', 4, DENIED),
    ("deny_min", '<allow %s_interface="com.ex.I"/><deny %s_interface="com.ex.I" min_fds="1"/>', 1, DENIED),
    ("deny_min_without", '<allow %s_interface="com.ex.I"/><deny %s_interface="com.ex.I" min_fds="1"/>', 0, PASSED),
]

# (label, rules, who of OWNED's owner and a plain client gets a broadcast)
BROADCASTS = [
    ("all", SEND, "both"),
    ("deny_owned", SEND + '<deny send_destination="com.ex.Owned"/>', "plain"),
    ("deny_queued", SEND + '<deny send_destination="com.ex.Queued"/>', "plain"),
    ("allow_owned", '<allow send_destination="com.ex.Owned"/>', "owner"),
    ("allow_queued", '<allow send_destination="com.ex.Queued"/>', "owner"),
    ("deny_prefix", SEND + '<deny send_destination_prefix="com.ex"/>', "plain"),
    ("allow_prefix", '<allow send_destination_prefix="com"/>', "owner"),
    ("allow_broadcast", '<allow send_broadcast="true" send_interface="com.ex.I"/>', "both"),
    ("deny_broadcast", SEND + '<deny send_broadcast="true" send_interface="com.ex.I"/>', "none"),
    ("allow_no_broadcast", '<allow send_broadcast="false" send_interface="com.ex.I"/>', "none"),
    ("deny_no_broadcast", SEND + '<deny send_broadcast="false" send_interface="com.ex.I"/>', "both"),
]


def directed(direction, rules):
    return rules.replace("%s", direction)


class Fits(Judged):
    def fate_of(self, rules, message):
        bus = self.shared_bus(policy=policy(rules + LIFE))
        one, two = bus.client(), bus.client()
        message.destination = two.name
        return self.fate(one, two, message)

    @rows(BOTH)
    def test_send(self, rules, make, fields, wanted):
        message = make(**fields)
        self.assertEqual(self.fate_of(allow_unrequested("receive") + directed("send", rules), message), wanted)

    @rows(BOTH)
    def test_receive(self, rules, make, fields, wanted):
        message = make(**fields)
        self.assertEqual(self.fate_of(allow_unrequested("send") + directed("receive", rules), message), wanted)

    @rows(FDS)
    def test_send_fds(self, rules, count, wanted):
        with open("/dev/null", "rb") as null:
            message = any_call(fds=[null.fileno()] * count)
            self.assertEqual(self.fate_of(RECEIVE + directed("send", rules), message), wanted)
        for fd in self.last.fds:
            os.close(fd)

    @rows(FDS)
    def test_receive_fds(self, rules, count, wanted):
        with open("/dev/null", "rb") as null:
            message = any_call(fds=[null.fileno()] * count)
            self.assertEqual(self.fate_of(SEND + directed("receive", rules), message), wanted)
        for fd in self.last.fds:
            os.close(fd)


def allow_unrequested(direction):
    """Everything, replies that nobody asked for too."""
    return "".join(
        '<allow %s_type="%s" %s_requested_reply="false"/>' % (direction, kind, direction)
        for kind in ("method_call", "method_return", "error", "signal")
    )


class Names(Judged):
    """Names count for who owns them or waits for them, however the message is addressed."""

    def trio(self, rules):
        """One plain client; one that owns OWNED and waits for QUEUED; the owner of QUEUED and OTHER."""
        bus = self.bus(policy=policy(rules))
        plain, owner, third = bus.client(), bus.client(), bus.client()
        third.request_name(QUEUED)
        third.request_name(OTHER)
        owner.request_name(OWNED)
        owner.request_name(QUEUED)
        return plain, owner, third

    @rows(DESTINATIONS)
    def test_destination(self, rules, destination, wanted):
        plain, owner, _ = self.trio(RECEIVE + rules)
        destination = owner.name if destination == "unique" else destination
        for make in (any_call, any_signal):
            self.assertEqual(self.fate(plain, owner, make(destination=destination)), wanted)

    @rows(SENDERS)
    def test_sender(self, rules, wanted):
        plain, owner, _ = self.trio(SEND + rules + LIFE)
        for make in (any_call, any_signal):
            self.assertEqual(self.fate(owner, plain, make(destination=plain.name)), wanted)

    def test_sender_by_unique_name(self):
        plain, owner, third = self.trio(SEND + '<allow receive_sender=":1.1"/>' + LIFE)
        self.assertEqual(owner.name, ":1.1")
        self.assertEqual(self.fate(owner, plain, any_call(destination=plain.name)), "passed")
        self.assertEqual(self.fate(third, plain, any_call(destination=plain.name)), "denied")

    def test_names_of_the_moment(self):
        """A name counts from when it is asked for until it is given back."""
        plain, owner, _ = self.trio(RECEIVE + '<allow send_destination="com.ex.Owned"/>')
        message = any_call(destination=owner.name)
        self.assertEqual(self.fate(plain, owner, message), "passed")
        owner.release_name(OWNED)
        self.assertEqual(self.fate(plain, owner, message), "denied")
        owner.request_name(OWNED)
        self.assertEqual(self.fate(plain, owner, message), "passed")

    @rows(BROADCASTS)
    def test_broadcast(self, rules, wanted):
        plain, owner, third = self.trio(RECEIVE + rules)
        for client in (plain, owner):
            client.add_match("type='signal',interface='%s'" % I)
        third.send(any_signal())
        self.assertEqual(third.taken(type=wire.ERROR), [])
        got = {name for name, client in (("plain", plain), ("owner", owner)) if client.taken(member="M")}
        self.assertEqual(got, {"both": {"plain", "owner"}, "none": set()}.get(wanted, {wanted}))

    @rows([
        ("allow_broadcast", '<allow send_broadcast="true" send_interface="com.ex.I"/>', DENIED),
        ("deny_broadcast", SEND + '<deny send_broadcast="true" send_interface="com.ex.I"/>', PASSED),
        ("allow_no_broadcast", '<allow send_broadcast="false" send_interface="com.ex.I"/>', PASSED),
        ("deny_no_broadcast", SEND + '<deny send_broadcast="false" send_interface="com.ex.I"/>', DENIED),
    ])
    def test_broadcast_rule_and_others(self, rules, wanted):
        """Calls and signals to one client are no broadcasts."""
        plain, owner, _ = self.trio(RECEIVE + rules)
        for make in (any_call, any_signal):
            self.assertEqual(self.fate(plain, owner, make(destination=owner.name)), wanted)
