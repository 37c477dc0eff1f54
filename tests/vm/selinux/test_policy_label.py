"""Rules that go by the label which the kernel gives a client: sections, and restrictions on names."""

import unittest

from harness import OPEN, BusTest, rows
from labels import changing_client, client
from wire import CallError, signal

NAME = "org.example.Guarded"
OWNER = 1
SYSTEM = {"type": "system", "head": "<user>messagebus</user>"}

SECTION = """
<policy context="default">
  <allow user="*"/>
  <allow send_destination="*"/>
  <allow receive_sender="*"/>
</policy>
<policy label="{label}"><allow own="org.example.Guarded"/></policy>
"""
RESTRICTION = OPEN + """<restrict own="org.example.Guarded" label="{label}"/>"""
GUARDS = (SECTION, RESTRICTION)

WHOLE = "system_u:system_r:trusted_t:s0"


class PolicyLabel(BusTest):
    def may_own(self, bus, type, **more):
        return self.is_owner(client(bus, type, **more))

    def is_owner(self, asking):
        try:
            self.assertEqual(asking.request_name(NAME), OWNER)
        except CallError as error:
            self.assertEqual(error.name, "org.freedesktop.DBus.Error.AccessDenied")
            return False
        asking.release_name(NAME)
        return True

    @rows(
        (
            ("type", "*:trusted_t:*", ["trusted_t"]),
            # a star is anything, also the rest of another type's name
            ("types", "*:trusted_t*", ["trusted_t", "trusted_too_t"]),
            ("whole", WHOLE, ["trusted_t"]),
            ("all", "*", ["trusted_t", "trusted_too_t", "untrusted_t"]),
            ("part", "trusted_t", []),
            ("beginning", "system_u:system_r:trusted_t", []),
            ("longer", WHOLE + ":c0", []),
            ("regular_expression", ".*trusted_t.*", []),
        )
    )
    def test_pattern(self, pattern, types):
        for guard in GUARDS:
            bus = self.bus(policy=guard.format(label=pattern), **SYSTEM)
            for type in ("trusted_t", "trusted_too_t", "untrusted_t"):
                with self.subTest(restriction=guard is RESTRICTION, type=type):
                    self.assertEqual(self.may_own(bus, type), type in types)

    def test_user_does_not_matter(self):
        """One uid with two labels, and root with the wrong one."""
        for guard in GUARDS:
            bus = self.bus(policy=guard.format(label="*:trusted_t:*"), **SYSTEM)
            self.assertTrue(self.may_own(bus, "trusted_t", uid=1))
            self.assertFalse(self.may_own(bus, "untrusted_t", uid=1))
            self.assertFalse(self.may_own(bus, "kernel_t"))

    def test_queue(self):
        for guard in GUARDS:
            bus = self.bus(policy=guard.format(label="*:trusted_t:*"), **SYSTEM)
            owner = client(bus, "trusted_t")
            self.assertEqual(owner.request_name(NAME, 1), OWNER)
            self.assertFalse(self.may_own(bus, "untrusted_t"))
            self.assertEqual(owner.driver("ListQueuedOwners", "s", NAME)[0], [owner.name])
            owner.close()
            self.assertFalse(self.may_own(bus, "untrusted_t"))

    def test_all_that_is_asked(self):
        bus = self.bus(policy=RESTRICTION.format(label='*:trusted_t:*" user="daemon'), **SYSTEM)
        self.assertTrue(self.may_own(bus, "trusted_t", uid=1))
        self.assertFalse(self.may_own(bus, "trusted_t", uid=2))
        self.assertFalse(self.may_own(bus, "untrusted_t", uid=1))

    def test_label_of_the_connection(self):
        """What a process becomes later is of no use: the socket keeps the label that it was made with."""
        for guard in GUARDS:
            bus = self.bus(policy=guard.format(label="*:trusted_t:*"), **SYSTEM)
            self.assertFalse(self.is_owner(changing_client(bus, "untrusted_t", "trusted_t")))
            self.assertTrue(self.is_owner(changing_client(bus, "trusted_t", "untrusted_t")))

    def test_section_speaks_of_messages(self):
        """A label's section is asked for the sender's rules to send."""
        policy = OPEN + """
            <policy label="*:untrusted_t:*"><deny send_interface="org.example.Secret"/></policy>"""
        bus = self.bus(policy=policy, **SYSTEM)
        trusted, untrusted = client(bus, "trusted_t"), client(bus, "untrusted_t")
        receiver = client(bus, "trusted_too_t").add_match("interface='org.example.Secret'")
        for sender in (untrusted, trusted):
            sender.send(signal("/x", "org.example.Secret", "M"))
            sender.sync()
        self.assertEqual([m.sender for m in receiver.taken(member="M")], [trusted.name])


if __name__ == "__main__":
    unittest.main()
