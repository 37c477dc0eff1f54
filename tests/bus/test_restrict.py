"""<restrict>: a name is for whom it says, whatever rules allow; after a reload too, and in the queue."""

import grp
import unittest

from harness import ALICE, BOB, IS_REFERENCE, OPEN, need_root, rows
from judged import Judged
from wire import DRIVER

NAME, BELOW, BESIDE = "com.ex.Guarded", "com.ex.Guarded.Below", "com.ex.Guarded2"
GROUP = grp.getgrnam("mail").gr_gid


def has_labels():
    try:
        with open("/proc/self/attr/current", "rb") as file:
            return bool(file.read())
    except OSError:
        return False


def restrict(what, own='own="%s"' % NAME):
    return "<restrict %s %s/>" % (own, what)


@unittest.skipIf(IS_REFERENCE, "knows no <restrict>")
class Restrict(Judged):
    def reload(self, bus, policy):
        bus.configure(policy=policy)
        bus.client().driver("ReloadConfig")

    @rows([
        ("user", 'user="daemon"', "owner", "AccessDenied"),
        ("user_number", 'user="%d"' % ALICE, "owner", "AccessDenied"),
        ("group", 'group="%d"' % GROUP, "owner", "AccessDenied"),
        ("user_and_group", 'user="daemon" group="%d"' % GROUP, "owner", "AccessDenied"),
        ("user_and_other_group", 'user="daemon" group="12345"', "AccessDenied", "AccessDenied"),
        ("unknown_user", 'user="nobody-at-all"', "AccessDenied", "AccessDenied"),
        ("unknown_group_right_user", 'user="daemon" group="nobody-at-all"', "AccessDenied", "AccessDenied"),
        ("no_label", 'label="*"', "AccessDenied", "AccessDenied"),
        ("no_unit", 'user="daemon" unit="*"', "AccessDenied", "AccessDenied"),
    ])
    def test_who(self, what, of_alice, of_bob):
        """All that is asked for must hold, of the user as of root; what is unknown does not."""
        need_root()
        if "label" in what and has_labels():
            self.skipTest("there are labels here")
        bus = self.bus(policy=OPEN + restrict(what))
        alice, bob = bus.client(ALICE, groups=[GROUP]), bus.client(BOB)
        self.assertEqual(self.owns(bob, NAME), of_bob)
        self.assertEqual(self.owns(bus.client(), NAME), "AccessDenied")
        self.assertEqual(self.owns(alice, NAME), of_alice)
        for name in (BELOW, BESIDE, "com.ex"):
            self.assertEqual(self.owns(bob, name), "owner")

    def test_prefix(self):
        need_root()
        bus = self.bus(policy=OPEN + restrict('user="daemon"', 'own_prefix="%s"' % NAME))
        alice, bob = bus.client(ALICE), bus.client(BOB)
        for name, wanted in ((NAME, "AccessDenied"), (BELOW, "AccessDenied"), (BELOW + ".x", "AccessDenied"), (BESIDE, "owner")):
            self.assertEqual(self.owns(bob, name), wanted)
        self.assertEqual((self.owns(alice, NAME), self.owns(alice, BELOW)), ("owner", "owner"))

    def test_each_of_several(self):
        need_root()
        rules = restrict('user="daemon"', 'own_prefix="com.ex"') + restrict('group="%d"' % GROUP)
        bus = self.bus(policy=OPEN + rules)
        for uid, groups, wanted in ((ALICE, [], "AccessDenied"), (BOB, [GROUP], "AccessDenied"), (ALICE, [GROUP], "owner")):
            self.assertEqual(self.owns(bus.client(uid, groups=groups), NAME), wanted)

    def test_opens_nothing(self):
        """Who meets it still needs an allow, and a mandatory deny stays one."""
        need_root()
        closed = OPEN.replace('<allow own="*"/>', "")
        mandatory = '<policy context="mandatory"><deny own="%s"/></policy>' % NAME
        for policy in (closed, OPEN + mandatory):
            bus = self.bus(policy=policy + restrict('user="daemon"'))
            self.assertEqual(self.owns(bus.client(ALICE), NAME), "AccessDenied")

    def test_refusal_is_recorded(self):
        need_root()
        bus = self.bus(policy=OPEN + restrict('user="daemon"'))
        text = self.refused("AccessDenied", bus.client(BOB).request_name, NAME)
        self.assertNotIn(bus.folder, text)
        bus.line("denied own", NAME, restrict('user="daemon"'), "differs in user", "uid=%d" % BOB)

    def test_mandatory_allow_is_no_way_round(self):
        need_root()
        mandatory = '<policy context="mandatory"><allow own="*"/></policy>'
        bus = self.bus(policy=OPEN + mandatory + restrict('user="daemon"'))
        self.assertEqual(self.owns(bus.client(BOB), NAME), "AccessDenied")

    def waiting(self, bus):
        """An owner, bob and then alice who wait for the name."""
        owner, bob, alice = bus.client(), bus.client(BOB), bus.client(ALICE)
        self.assertEqual([self.owns(c, NAME) for c in (owner, bob, alice)], ["owner", "queued", "queued"])
        return owner, bob, alice

    def test_reload_empties_the_queue(self):
        """Who may not own the name any more does not come to it when the owner goes."""
        need_root()
        bus = self.bus(policy=OPEN)
        owner, bob, alice = self.waiting(bus)
        self.reload(bus, OPEN + restrict('user="daemon"'))
        queue = owner.driver("ListQueuedOwners", "s", NAME)[0]
        self.assertEqual(queue, [owner.name, alice.name])
        owner.release_name(NAME)
        self.assertEqual(bob.owner(NAME), alice.name)
        self.assertEqual(bob.sync().taken(member="NameAcquired"), [])
        alice.expect(member="NameAcquired", args=(NAME,))

    def test_reload_without_revoke(self):
        need_root()
        bus = self.bus(policy=OPEN)
        bob = bus.client(BOB)
        bob.request_name(NAME)
        self.reload(bus, OPEN + restrict('user="daemon"'))
        self.assertEqual(bob.owner(NAME), bob.name)
        bus.line(NAME, "uid=%d" % BOB, "differs in user")
        bob.release_name(NAME)
        self.assertEqual(self.owns(bob, NAME), "AccessDenied")

    def test_reload_with_revoke(self):
        need_root()
        bus = self.bus(policy=OPEN)
        bob, alice = bus.client(BOB), bus.client(ALICE)
        bob.request_name(NAME)
        self.assertEqual(self.owns(alice, NAME), "queued")
        watcher = bus.client().add_match("type='signal',member='NameOwnerChanged',arg0='%s'" % NAME)
        self.reload(bus, OPEN + restrict('user="daemon" revoke="yes"'))
        bob.expect(member="NameLost", args=(NAME,))
        alice.expect(member="NameAcquired", args=(NAME,))
        watcher.expect(member="NameOwnerChanged", args=(NAME, bob.name, alice.name))
        self.assertEqual(bob.owner(NAME), alice.name)
        self.assertEqual(self.owns(bob, NAME), "AccessDenied")
        bus.line(NAME, "uid=%d" % BOB, "differs in user", "res=failed")

    def test_reload_with_one_that_revokes(self):
        """Beside one that does not, and that is written of more names."""
        need_root()
        bus = self.bus(policy=OPEN)
        bob = bus.client(BOB)
        bob.request_name(NAME)
        self.reload(bus, OPEN + restrict('user="daemon"', 'own_prefix="com.ex"') + restrict('user="daemon" revoke="yes"'))
        bob.expect(member="NameLost", args=(NAME,))
        self.assertFalse(bob.driver("NameHasOwner", "s", NAME)[0])

    def test_reload_gives_nobody_a_name(self):
        """Who was refused is not in a queue."""
        need_root()
        bus = self.bus(policy=OPEN + restrict('user="sys"'))
        bob = bus.client(BOB)
        self.assertEqual(self.owns(bob, NAME), "AccessDenied")
        self.reload(bus, OPEN)
        self.assertFalse(bob.driver("NameHasOwner", "s", NAME)[0])
        self.assertEqual(self.owns(bob, NAME), "owner")

    def test_broken_file_restricts_as_far_as_it_was_read(self):
        need_root()
        text = "<busconfig>%s<x/></busconfig>" % restrict('user="daemon"')
        bus = self.bus(policy=OPEN, tail="<includedir>@/parts</includedir>", files={"parts/a.conf": text})
        self.assertEqual(self.owns(bus.client(BOB), NAME), "AccessDenied")
        self.assertEqual(self.owns(bus.client(ALICE), NAME), "owner")

    def test_of_nothing_does_not_start(self):
        for own in ('own="*"', 'own_prefix=""', 'own_prefix="com.ex."', 'own="com"', 'own=":1.1"'):
            with self.assertRaises(AssertionError) as caught:
                self.bus(policy=OPEN + restrict('user="daemon"', own))
            self.assertIn("this would restrict nothing", str(caught.exception))

    def test_driver_name(self):
        bus = self.bus(policy=OPEN + restrict('user="daemon"', 'own_prefix="org"'))
        self.assertEqual(bus.client().owner(DRIVER), DRIVER)


if __name__ == "__main__":
    unittest.main()
