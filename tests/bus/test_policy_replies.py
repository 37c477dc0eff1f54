"""Replies and eavesdropping, as policy sees them: what is requested, by whom, and how long."""

from harness import ALICE, OPEN, SESSION, need_root, rows
from judged import LIFE, OWNED, RECEIVE, SEND
from judged import Judged, any_call, any_error, any_return, any_signal, policy
from wire import NO_REPLY, reply

PASSED, DENIED, LOST = "passed", "denied", "lost"
CALLS = '<allow %s_type="method_call"/>'
ALL = SEND + RECEIVE


def both(rules):
    return rules.replace("%s", "send") + rules.replace("%s", "receive")


# (label, rules for replies in one direction, fate of a requested return, of an unrequested one);
# calls pass, and in the other direction everything does
REPLIES = [
    ("allow", '<allow %s_type="method_return"/>', PASSED, DENIED),
    ("allow_true", '<allow %s_type="method_return" %s_requested_reply="true"/>', PASSED, DENIED),
    ("allow_false", '<allow %s_type="method_return" %s_requested_reply="false"/>', PASSED, PASSED),
    ("none", "", DENIED, DENIED),
    ("deny", '<allow %s_type="method_return" %s_requested_reply="false"/><deny %s_type="method_return"/>', PASSED, DENIED),
    (
        "deny_false",
        '<allow %s_type="method_return" %s_requested_reply="false"/>'
        '<deny %s_type="method_return" %s_requested_reply="false"/>',
        PASSED,
        DENIED,
    ),
    (
        "deny_true",
        '<allow %s_type="method_return" %s_requested_reply="false"/>'
        '<deny %s_type="method_return" %s_requested_reply="true"/>',
        DENIED,
        DENIED,
    ),
    ("allow_eavesdrop", '<allow %s_type="method_return" eavesdrop="true"/>', PASSED, PASSED),
    ("of_other_type", '<allow %s_type="error"/>', DENIED, DENIED),
]


class Replies(Judged):
    def pair(self, rules):
        bus = self.bus(policy=policy(rules))
        return bus.client(), bus.client()

    @rows([(d + "_" + row[0], d, *row[1:]) for d in ("send", "receive") for row in REPLIES])
    def test_return(self, direction, rules, requested, unrequested):
        other = {"send": "receive", "receive": "send"}[direction]
        everything = '<allow %s_type="method_call"/><allow %s_type="method_return" %s_requested_reply="false"/>'
        one, two = self.pair(
            everything.replace("%s", other)
            + CALLS.replace("%s", direction)
            + rules.replace("%s", direction)
            + LIFE
        )
        got = self.asked(one, two)
        self.assertEqual(self.answers(two, one, got), requested)
        self.assertEqual(self.fate(two, one, any_return(destination=one.name)), unrequested)

    def test_both_sides_have_to_agree(self):
        """One side that lets unrequested replies through is not enough."""
        loose = '<allow %s_type="*" %s_requested_reply="false"/>'
        for rules, wanted in (
            (loose.replace("%s", "send") + RECEIVE, DENIED),
            (SEND + loose.replace("%s", "receive"), DENIED),
            (both(loose), PASSED),
        ):
            one, two = self.pair(rules + LIFE)
            self.assertEqual(self.fate(one, two, any_return(destination=two.name)), wanted)
            self.assertEqual(self.fate(one, two, any_error(destination=two.name)), wanted)

    def test_allow_of_a_destination_allows_no_unrequested_reply(self):
        bus = self.bus(policy=OPEN)
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_return(destination=two.name)), DENIED)

    def test_deny_of_errors_spares_requested_ones(self):
        one, two = self.pair(ALL + '<deny send_type="error"/>')
        got = self.asked(one, two)
        self.assertEqual(self.fails(two, one, got), PASSED)
        self.assertEqual(self.fate(two, one, any_error(destination=one.name)), DENIED)

    @rows([("call", any_call), ("signal", any_signal)])
    def test_any_type_with_reply_serial_is_a_reply(self, make):
        one, two = self.pair(ALL)
        self.assertEqual(self.fate(one, two, make(destination=two.name, reply_serial=77)), DENIED)
        got = self.asked(two, one)
        message = make(destination=two.name, reply_serial=got.serial)
        self.assertEqual(self.fate(one, two, message), PASSED)
        # that was the answer
        self.assertEqual(self.answers(one, two, got), DENIED)

    def test_only_one_answer(self):
        one, two = self.pair(ALL)
        got = self.asked(one, two)
        self.assertEqual(self.answers(two, one, got), PASSED)
        self.assertEqual(self.answers(two, one, got), DENIED)
        self.assertEqual(self.fails(two, one, got), DENIED)

    def test_denied_answer_uses_up_the_call(self):
        one, two = self.pair(ALL + '<deny send_error="com.ex.Bad" send_requested_reply="true" send_type="error"/>')
        got = self.asked(one, two)
        self.assertEqual(self.fails(two, one, got, "com.ex.Bad"), DENIED)
        self.assertEqual(self.fails(two, one, got, "com.ex.Good"), DENIED)

    def test_denied_call_expects_nothing(self):
        for rules in (
            ALL + '<deny send_interface="com.ex.I"/>',
            ALL + '<deny receive_interface="com.ex.I" receive_type="method_call"/>',
        ):
            one, two = self.pair(rules)
            self.assertEqual(self.fate(one, two, any_call(destination=two.name, serial=0)), DENIED)
            serial = one.serial - 1
            guess = any_return(destination=one.name, reply_serial=serial)
            self.assertEqual(self.fate(two, one, guess), DENIED)

    def test_no_reply_expected(self):
        one, two = self.pair(ALL)
        got = self.asked(one, two, flags=NO_REPLY)
        self.assertEqual(self.answers(two, one, got), DENIED)

    @rows([("unique_unique", 0, 0), ("name_unique", 1, 0), ("unique_name", 0, 1), ("name_name", 1, 1)])
    def test_however_addressed(self, callee_by_name, caller_by_name):
        one, two = self.pair(ALL)
        two.request_name(OWNED)
        one.request_name("com.ex.Caller")
        got = self.asked(one, two, any_call(destination=OWNED if callee_by_name else two.name))
        answer = reply(got)
        answer.destination = "com.ex.Caller" if caller_by_name else one.name
        self.assertEqual(self.fate(two, one, answer), PASSED)

    def test_wrong_serial_callee_or_caller(self):
        bus = self.bus(policy=policy(ALL))
        one, two, three = bus.client(), bus.client(), bus.client()
        got = self.asked(one, two)
        wrong = reply(got)
        wrong.reply_serial += 1
        self.assertEqual(self.fate(two, one, wrong), DENIED)
        self.assertEqual(self.answers(three, one, got), DENIED)
        astray = reply(got)
        astray.destination = three.name
        self.assertEqual(self.fate(two, three, astray), DENIED)
        self.assertEqual(self.answers(two, one, got), PASSED)

    def test_too_many_calls(self):
        bus = self.bus(policy=policy(ALL), limits={"max_replies_per_connection": 3})
        one, two = bus.client(), bus.client()
        calls = [self.asked(one, two) for _ in range(3)]
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "LimitsExceeded")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name, flags=NO_REPLY)), PASSED)
        self.assertEqual(self.answers(two, one, calls[1]), PASSED)
        self.asked(one, two)

    @rows([("return", any_return), ("error", any_error), ("signal", any_signal), ("call", any_call)])
    def test_refusal_is_told_whatever_the_type(self, make):
        one, two = self.pair(ALL + '<deny send_destination="com.ex.Owned"/>')
        two.request_name(OWNED)
        for flags in (0, NO_REPLY):
            message = make(destination=OWNED, flags=flags)
            self.assertEqual(self.fate(one, two, message), DENIED)
            self.assertTrue(self.last.args[0].startswith("Rejected send message"), self.last)

    def test_refusal_by_the_receiver_is_told_too(self):
        one, two = self.pair(SEND + '<allow receive_type="signal"/>')
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), DENIED)
        self.assertEqual(self.fate(one, two, any_signal(destination=two.name)), PASSED)


class Missing(Judged):
    @rows([
        ("call", any_call(), "ServiceUnknown"),
        ("no_start", any_call(flags=2), "NameHasNoOwner"),
        ("signal", any_signal(), "ServiceUnknown"),
        ("denied_interface", any_call(interface="com.ex.Denied"), "ServiceUnknown"),
    ])
    def test_no_policy_is_asked_about_nobody(self, message, wanted):
        bus = self.bus(policy=policy(ALL + '<deny send_destination="com.ex.Nobody"/><deny send_interface="com.ex.Denied"/>'))
        client = bus.client()
        message.destination = "com.ex.Nobody"
        self.assertEqual(self.fate(client, client, message), wanted)

    def test_calls_to_oneself_are_judged(self):
        one = self.bus(policy=policy(ALL + '<deny receive_member="No" receive_interface="com.ex.I"/>')).client()
        self.assertEqual(self.fate(one, one, any_call(destination=one.name)), PASSED)
        self.assertEqual(self.fate(one, one, any_call(destination=one.name, member="No")), DENIED)


EAVESDROPPER = "eavesdrop='true',type='%s'"


class Eavesdrop(Judged):
    def setup_spy(self, rules, kind="method_call", spy_uid=None):
        bus = self.bus(policy=rules)
        one, two, spy = bus.client(), bus.client(), bus.client(spy_uid)
        spy.add_match(EAVESDROPPER % kind)
        return one, two, spy

    def seen(self, one, two, spy, make=any_call):
        self.assertEqual(self.fate(one, two, make(destination=two.name)), PASSED)
        return bool(spy.taken(sender=one.name))

    @rows([("session", "session"), ("system", "system"), ("none", "other")])
    def test_only_by_the_privileged(self, kind):
        need_root()
        bus = self.bus(policy=SESSION, type=kind)
        bus.client().add_match("eavesdrop='true'")
        alice = bus.client(ALICE)
        self.refused("AccessDenied", alice.add_match, "eavesdrop='true'")
        alice.add_match("eavesdrop='false'")

    @rows([
        ("open", OPEN, False),
        ("session", SESSION, True),
        ("receive", policy(ALL + '<allow receive_type="*" eavesdrop="true"/>'), True),
        ("receive_interface", policy(ALL + '<allow receive_interface="com.ex.I" eavesdrop="true"/>'), True),
        ("receive_other", policy(ALL + '<allow receive_interface="com.ex.J" eavesdrop="true"/>'), False),
        ("eavesdrop_false", policy(ALL + '<allow receive_type="*" eavesdrop="false"/>'), False),
        ("send_only", policy(ALL + '<allow send_type="*" eavesdrop="true"/>'), False),
        ("denied", policy(ALL + '<allow receive_type="*" eavesdrop="true"/><deny receive_interface="com.ex.I" eavesdrop="true"/>'), False),
    ])
    def test_rule(self, rules, wanted):
        """One receive rule with eavesdrop is enough, and nothing else is."""
        one, two, spy = self.setup_spy(rules)
        self.assertEqual(self.seen(one, two, spy), wanted)

    def test_deny_spares_the_addressed(self):
        rules = policy(ALL + '<deny receive_interface="com.ex.I" eavesdrop="true"/>')
        one, two, spy = self.setup_spy(rules)
        self.assertFalse(self.seen(one, two, spy))

    def test_without_a_match_nothing_is_seen(self):
        bus = self.bus(policy=SESSION)
        one, two, spy = bus.client(), bus.client(), bus.client()
        spy.add_match("type='method_call'")
        self.assertFalse(self.seen(one, two, spy))

    def test_copy_goes_to_the_eavesdropper_as_a_receiver(self):
        """The sender may have to be allowed to send to the names of who listens."""
        rules = policy(ALL + '<allow receive_type="*" eavesdrop="true"/><deny send_destination="com.ex.Spy"/>')
        one, two, spy = self.setup_spy(rules)
        self.assertTrue(self.seen(one, two, spy))
        spy.request_name("com.ex.Spy")
        self.assertFalse(self.seen(one, two, spy))

    def test_reply_is_seen(self):
        one, two, spy = self.setup_spy(SESSION, "method_return")
        got = self.asked(one, two)
        self.assertEqual(self.answers(two, one, got, "s", ("x",)), PASSED)
        self.assertEqual([m.args for m in spy.taken(sender=two.name)], [("x",)])

    def test_requested_reply_is_unrequested_for_who_listens(self):
        rules = ALL + '<allow receive_type="method_call" eavesdrop="true"/>'
        one, two, spy = self.setup_spy(policy(rules), "method_return")
        got = self.asked(one, two)
        self.assertEqual(self.answers(two, one, got), PASSED)
        self.assertEqual(spy.taken(sender=two.name), [])

    def test_call_that_adds_the_match_is_seen_by_it(self):
        spy = self.bus(policy=SESSION).client()
        spy.add_match("eavesdrop='true',member='AddMatch'")
        self.assertEqual([m.member for m in spy.taken(member="AddMatch")], ["AddMatch"])

    def test_unicast_signal(self):
        one, two, spy = self.setup_spy(SESSION, "signal")
        self.assertTrue(self.seen(one, two, spy, any_signal))

    def test_addressed_one_gets_it_once(self):
        bus = self.bus(policy=SESSION)
        one, two = bus.client(), bus.client()
        two.add_match("eavesdrop='true'").add_match("eavesdrop='true',type='method_call'")
        one.send(any_call(destination=two.name))
        one.sync()
        self.assertEqual(len(two.taken(sender=one.name, member="M")), 1)
