"""Rules on trial: what they would have refused is let through and recorded, and nothing else changes.
By section, by file, by restriction, and --permissive for the whole bus."""

import itertools
import time
import unittest

from harness import ALICE, BOB, IS_REFERENCE, OPEN, need_root, rows
from judged import LIFE, OTHER, RECEIVE, SEND, Judged, any_call, any_return, any_signal, policy

TRIAL = '<policy %s mode="permissive">%s</policy>'
DENY_CALL = '<deny send_interface="com.ex.I" send_member="M"/>'


class Trial(Judged):
    def records(self, bus, seconds=5.0):
        """The records so far; waits for the first one."""
        deadline = time.monotonic() + seconds
        while True:
            lines = [line for line in bus.text().splitlines() if "res=" in line and "judge=" in line]
            if lines or time.monotonic() > deadline:
                return lines
            time.sleep(0.02)

    def tried(self, bus, *words):
        """There is one record, of a trial, with these words."""
        time.sleep(0.05)
        lines = self.records(bus)
        self.assertEqual(len(lines), 1, lines)
        for word in ("permissive=1", "res=success", *words):
            self.assertIn(word, lines[0])

    def untold(self, bus):
        time.sleep(0.1)
        self.assertEqual(self.records(bus, 0), [])


@unittest.skipIf(IS_REFERENCE, "knows no trials")
class Sections(Trial):
    @rows([
        ("default", 'context="default"'),
        ("mandatory", 'context="mandatory"'),
        ("user", 'user="%d"' % ALICE),
        ("group", 'group="%d"' % ALICE),
        ("console", 'at_console="false"'),
    ])
    def test_send(self, who):
        need_root()
        bus = self.bus(policy=policy(SEND + RECEIVE) + TRIAL % (who, DENY_CALL))
        alice, root = bus.client(ALICE), bus.client()
        self.assertEqual(self.fate(alice, root, any_call(destination=root.name)), "passed")
        self.tried(bus, "uid=%d" % ALICE, DENY_CALL, "member=", "M")

    def test_send_again_and_again(self):
        """From the cache: let through and told of each time."""
        bus = self.bus(policy=policy(SEND + RECEIVE) + TRIAL % ('context="mandatory"', DENY_CALL))
        one, two = bus.client(), bus.client()
        for _ in range(5):
            self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        deadline = time.monotonic() + 8
        while self.count(bus) < 5:
            self.assertLess(time.monotonic(), deadline, bus.text())
            time.sleep(0.05)

    def count(self, bus):
        """Folded records count for as many as they stand for."""
        total = 0
        for line in self.records(bus, 0):
            self.assertIn("permissive=1", line)
            words = dict(w.split("=", 1) for w in line.split() if "=" in w)
            total += int(words.get("repeats", "0").strip('"')) if "repeats" in words else 1
        return total

    def test_receive(self):
        rules = '<deny receive_interface="com.ex.I"/>'
        bus = self.bus(policy=policy(SEND + RECEIVE) + TRIAL % ('context="mandatory"', rules))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        self.tried(bus, rules)

    def test_own(self):
        rules = '<deny own="%s"/>' % OTHER
        bus = self.bus(policy=OPEN + TRIAL % ('context="default"', rules))
        self.assertEqual(self.owns(bus.client(), OTHER), "owner")
        self.tried(bus, rules, OTHER)

    def test_connect(self):
        need_root()
        rules = '<deny user="%d"/>' % ALICE
        bus = self.bus(policy=OPEN + TRIAL % ('context="mandatory"', rules))
        bus.client(ALICE).sync()
        self.tried(bus, rules)

    def test_see(self):
        bus = self.bus(policy=OPEN + TRIAL % ('context="default"', '<deny see="%s"/>' % OTHER))
        one, two = bus.client(), bus.client()
        one.request_name(OTHER)
        self.assertIn(OTHER, two.driver("ListNames")[0])
        self.assertEqual(two.owner(OTHER), one.name)
        self.untold(bus)

    def test_file(self):
        text = '<busconfig mode="permissive"><policy context="default"><deny own="%s"/></policy></busconfig>' % OTHER
        bus = self.bus(policy=OPEN, tail="<includedir>@/parts</includedir>", files={"parts/a.conf": text})
        self.assertEqual(self.owns(bus.client(), OTHER), "owner")
        self.tried(bus, "a.conf:1")

    def test_restriction(self):
        need_root()
        rule = '<restrict own="%s" user="daemon" mode="permissive"/>' % OTHER
        bus = self.bus(policy=OPEN + rule)
        self.assertEqual(self.owns(bus.client(BOB), OTHER), "owner")
        self.tried(bus, rule, "differs in user")

    def test_restriction_beside_one_in_force(self):
        need_root()
        rules = '<restrict own="%s" user="daemon" mode="permissive"/><restrict own="%s" user="bin"/>' % (OTHER, OTHER)
        bus = self.bus(policy=OPEN + rules)
        self.assertEqual(self.owns(bus.client(ALICE), OTHER), "AccessDenied")
        self.assertEqual(self.owns(bus.client(BOB), OTHER), "owner")

    def test_broadcast_is_quiet(self):
        """As the refusal of a broadcast would be."""
        bus = self.bus(policy=policy(SEND + RECEIVE) + TRIAL % ('context="mandatory"', '<deny send_type="signal"/>'))
        one, two = bus.client(), bus.client().add_match("type='signal'")
        self.assertEqual(self.fate(one, two, any_signal()), "passed")
        self.untold(bus)

    def test_what_it_says_nothing_of(self):
        bus = self.bus(policy=policy(SEND + RECEIVE) + TRIAL % ('context="mandatory"', DENY_CALL))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name, member="N")), "passed")
        self.untold(bus)


# a rule in force, one on trial: (label, rules of the default section, rules on trial, what comes of it)
BOTH = [
    ("trial_denies_what_is_denied", "", '<deny send_interface="com.ex.I"/>', "denied"),
    ("trial_denies_what_is_allowed", SEND, '<deny send_interface="com.ex.I"/>', "passed"),
    ("trial_denies_all", "", '<deny send_destination="*"/>', "denied"),
    ("deny_before_is_in_force", SEND + DENY_CALL, '<deny send_interface="com.ex.I"/>', "denied"),
    ("trial_of_the_same", SEND + DENY_CALL, DENY_CALL, "denied"),
]


@unittest.skipIf(IS_REFERENCE, "knows no trials")
class InForce(Trial):
    """A denial on trial is no permission: what the rules in force refuse stays refused."""

    @rows([(a + "_" + c, b, who, d, e) for (a, b, d, e), (c, who) in itertools.product(
        BOTH, (("default", 'context="default"'), ("mandatory", 'context="mandatory"')))])
    def test_send(self, rules, who, trial, wanted):
        bus = self.bus(policy=policy(RECEIVE + rules) + TRIAL % (who, trial))
        one, two = bus.client(), bus.client()
        for _ in range(3):
            self.assertEqual(self.fate(one, two, any_call(destination=two.name)), wanted)

    def test_before_a_rule_in_force(self):
        """The last of the rules in force decides, wherever the one on trial stands."""
        for blocks in itertools.permutations([
            TRIAL % ('context="default"', '<deny own="%s"/>' % OTHER),
            '<policy context="default"><deny own="%s"/></policy>' % OTHER,
        ]):
            bus = self.bus(policy=OPEN + "".join(blocks))
            self.assertEqual(self.owns(bus.client(), OTHER), "AccessDenied")

    def test_restrictions_bind(self):
        need_root()
        bus = self.bus(policy=OPEN + TRIAL % ('context="default"', '<deny own="*"/>') + '<restrict own="%s" user="daemon"/>' % OTHER)
        self.assertEqual(self.owns(bus.client(BOB), OTHER), "AccessDenied")

    def test_other_side_binds(self):
        bus = self.bus(policy=policy(SEND) + TRIAL % ('context="default"', '<deny send_type="method_call"/>'))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "denied")

    def test_what_it_allows_is_allowed(self):
        """Only what refuses is on trial."""
        bus = self.bus(policy=policy(RECEIVE) + TRIAL % ('context="default"', '<deny send_destination="*"/><allow send_interface="com.ex.I"/>'))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name, interface="com.ex.J")), "denied")

    def test_limits_bind(self):
        bus = self.bus(policy=OPEN + TRIAL % ('context="default"', '<deny own="*"/>'), limits={"max_names_per_connection": 3})
        client = bus.client()
        got = [self.owns(client, "com.ex.N%d" % i) for i in range(4)]
        self.assertEqual(got, ["owner", "owner", "LimitsExceeded", "LimitsExceeded"])

    def test_reload_ends_the_trial(self):
        trial = TRIAL % ('context="mandatory"', DENY_CALL)
        bus = self.bus(policy=policy(SEND + RECEIVE) + trial)
        one, two = bus.client(), bus.client()
        message = any_call(destination=two.name)
        self.assertEqual(self.fate(one, two, message), "passed")
        bus.configure(policy=policy(SEND + RECEIVE) + trial.replace("permissive", "enforcing"))
        one.driver("ReloadConfig")
        self.assertEqual(self.fate(one, two, message), "denied")


@unittest.skipIf(IS_REFERENCE, "knows no --permissive")
class Permissive(Trial):
    """The whole bus on trial."""

    def permissive(self, **more):
        return self.bus(args=("--nofork", "--permissive"), **more)

    def test_send(self):
        bus = self.permissive(policy=policy(RECEIVE + SEND + DENY_CALL))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        self.tried(bus, DENY_CALL)

    def test_no_rule(self):
        bus = self.permissive(policy=policy(RECEIVE))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        self.tried(bus, "no rule matched")

    def test_both_sides(self):
        bus = self.permissive(policy=policy(""))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")

    def test_own_and_connect(self):
        need_root()
        bus = self.permissive(policy=policy("", LIFE.replace('<allow own="*"/>', '<deny user="daemon"/>')))
        self.assertEqual(self.owns(bus.client(ALICE), OTHER), "owner")
        lines = self.records(bus)
        self.assertTrue(all("permissive=1" in line for line in lines), lines)
        self.assertTrue(any('<deny user=\\"daemon\\"/>' in l or '<deny user="daemon"/>' in l for l in lines), lines)

    def test_restriction(self):
        need_root()
        bus = self.permissive(policy=OPEN + '<restrict own="%s" user="daemon"/>' % OTHER)
        self.assertEqual(self.owns(bus.client(BOB), OTHER), "owner")
        self.tried(bus, "<restrict own=")

    def test_reload_revokes_nothing(self):
        need_root()
        bus = self.permissive(policy=OPEN)
        bob = bus.client(BOB)
        bob.request_name(OTHER)
        bus.configure(policy=OPEN + '<restrict own="%s" user="daemon" revoke="yes"/>' % OTHER)
        bob.driver("ReloadConfig")
        self.assertEqual(bob.owner(OTHER), bob.name)

    def test_still_reload_after_reload(self):
        bus = self.permissive(policy=policy(RECEIVE + SEND + DENY_CALL))
        one, two = bus.client(), bus.client()
        one.driver("ReloadConfig")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")

    def test_limits_bind(self):
        bus = self.permissive(limits={"max_names_per_connection": 2})
        client = bus.client()
        self.assertEqual([self.owns(client, "com.ex.N%d" % i) for i in range(2)], ["owner", "LimitsExceeded"])

    def test_privileged_methods_stay_so(self):
        """What only root may is no matter of the policy."""
        need_root()
        bus = self.permissive()
        alice = bus.client(ALICE)
        self.refused("AccessDenied", alice.driver, "BecomeMonitor", "asu", [], 0, interface="org.freedesktop.DBus.Monitoring")
        self.refused("AccessDenied", alice.driver, "UpdateActivationEnvironment", "a{ss}", {})

    def test_unrequested_reply(self):
        """Whose reply nobody waits for is refused by rules as anything: let through here."""
        bus = self.permissive(policy=policy(SEND + RECEIVE))
        one, two = bus.client(), bus.client()
        self.assertEqual(self.fate(one, two, any_return(destination=two.name)), "passed")

    def test_names_stay_hidden_from_nobody(self):
        bus = self.permissive(policy=OPEN + '<policy context="default"><deny see="%s"/></policy>' % OTHER)
        one, two = bus.client(), bus.client()
        one.request_name(OTHER)
        self.assertIn(OTHER, two.driver("ListNames")[0])
        self.untold(bus)


if __name__ == "__main__":
    unittest.main()
