"""Limits: each one hit with a small value, who pays, and that what was used is given back."""

import os
import time

from harness import ALICE, BOB, BusTest, need_root, rows
from wire import DRIVER, ERROR, FAULT, RETURN, CallError, Closed, call, reply, signal

I = "com.ex.I"


def gets_in(bus, uid=None):
    try:
        return bus.client(uid)
    except (Closed, ConnectionRefusedError):
        return None


class Counts(BusTest):
    def test_names(self):
        """The unique name is one of them."""
        client = self.bus(limits={"max_names_per_connection": 3}).client()
        for name in ("com.ex.A", "com.ex.B"):
            self.assertEqual(client.request_name(name), 1)
        self.refused("LimitsExceeded", client.request_name, "com.ex.C")
        client.release_name("com.ex.A")
        self.assertEqual(client.request_name("com.ex.C"), 1)

    def test_names_waited_for(self):
        bus = self.bus(limits={"max_names_per_connection": 2})
        one, two = bus.client(), bus.client()
        one.request_name("com.ex.A")
        self.assertEqual(two.request_name("com.ex.A"), 2)
        self.refused("LimitsExceeded", two.request_name, "com.ex.B")

    def test_names_of_others(self):
        bus = self.bus(limits={"max_names_per_connection": 2})
        for n in range(5):
            self.assertEqual(bus.client().request_name("com.ex.N%d" % n), 1)

    def test_matches(self):
        bus = self.bus(limits={"max_match_rules_per_connection": 3})
        one, two = bus.client(), bus.client()
        for rule in ("member='A'", "member='B'", "member='B'"):
            one.add_match(rule)
        self.refused("LimitsExceeded", one.add_match, "member='C'")
        two.add_match("member='C'")
        one.driver("RemoveMatch", "s", "member='B'")
        one.add_match("member='C'")
        self.refused("LimitsExceeded", one.add_match, "member='D'")

    @rows([("1024", 1024, False), ("1025", 1025, True), ("100000", 100000, True)])
    def test_length_of_a_match(self, length, refused):
        client = self.shared_bus().client()
        rule = "arg0='" + "x" * (length - 7) + "'"
        self.assertEqual(len(rule), length)
        if refused:
            self.refused("LimitsExceeded", client.add_match, rule)
        else:
            client.add_match(rule)

    def test_replies(self):
        bus = self.bus(limits={"max_replies_per_connection": 2})
        one, two, three = bus.client(), bus.client(), bus.client()
        for callee in (two, three):
            one.send(call(callee.name, "/", I, "M"))
        self.refused("LimitsExceeded", one.call, call(two.name, "/", I, "Over"))
        self.assertEqual(two.taken(member="Over"), [])
        # others have their own
        three.send(call(two.name, "/", I, "Other"))
        two.expect(member="Other")
        # an answer gives one back, and so does a callee that leaves
        two.send(reply(two.expect(member="M")))
        one.expect(type=RETURN)
        one.send(call(two.name, "/", I, "Again"))
        two.expect(member="Again")
        three.close()
        one.expect(type=ERROR, error=FAULT + "NoReply")
        one.send(call(two.name, "/", I, "Last"))
        two.expect(member="Last")

    def test_replies_of_the_bus_do_not_count(self):
        client = self.bus(limits={"max_replies_per_connection": 1}).client()
        serials = [client.send(call(DRIVER, "/", DRIVER, "GetId")) for _ in range(10)]
        for serial in serials:
            client.result(serial)


class Connections(BusTest):
    def test_completed(self):
        bus = self.bus(limits={"max_completed_connections": 3})
        clients = [bus.client() for _ in range(3)]
        fourth = bus.raw().auth()
        try:
            fourth.hello()
            self.fail("one too many")
        except Closed:
            pass
        except Exception as error:
            self.assertIn("LimitsExceeded", str(error))
        clients.pop().close()
        while len(clients[0].driver("ListNames")[0]) > 3:
            pass
        self.assertTrue(gets_in(bus))

    def test_per_user(self):
        need_root()
        bus = self.bus(limits={"max_connections_per_user": 2})
        alice = [bus.client(ALICE), bus.client(ALICE)]
        third = bus.raw(ALICE)
        with self.assertRaises((Closed, CallError)):
            third.auth(ALICE)
            third.call(call(DRIVER, "/", DRIVER, "Hello"))
        bus.client(BOB)
        root = bus.client()
        alice[0].close()
        while root.driver("NameHasOwner", "s", alice[0].name)[0]:
            pass
        bus.client(ALICE)

    def test_one_after_another(self):
        """Who leaves before it comes again is one, however fast it does that."""
        bus = self.bus(limits={"max_connections_per_user": 2})
        stays = bus.client()
        for _ in range(100):
            bus.client().close()
        stays.sync()

    def test_incomplete(self):
        """Who has not authenticated yet waits for a place, and gets it."""
        bus = self.bus(limits={"max_incomplete_connections": 2})
        one = bus.client()
        silent = [bus.raw() for _ in range(2)]
        for client in silent:
            client.send_raw(b"\0")
            client.say(b"AUTH")
        late = bus.raw()
        late.send_raw(b"\0AUTH\r\n")
        one.sync()
        silent[0].close()
        self.assertTrue(late.line().startswith(b"REJECTED"))

    def test_silent_connections_time_out(self):
        """However many say nothing, somebody who speaks gets in soon."""
        bus = self.bus(limits={"max_incomplete_connections": 64, "auth_timeout": 700})
        one = bus.client()
        silent = [bus.raw() for _ in range(64)]
        for client in silent[::2]:
            client.send_raw(b"\0AUTH EXT")
        start = time.monotonic()
        self.assertTrue(gets_in(bus))
        self.assertLess(time.monotonic() - start, 5)
        one.sync()

    def test_auth_timeout(self):
        bus = self.bus(limits={"auth_timeout": 300})
        one = bus.client()
        kinds = [b"", b"\0", b"\0AUTH EXT", b"\0AUTH EXTERNAL\r\n", b"\0AUTH\r\n"]
        for start in kinds:
            client = bus.raw()
            client.send_raw(start)
            begun = time.monotonic()
            self.assertTrue(client.is_closed(5), start)
            self.assertGreater(time.monotonic() - begun, 0.2)
        one.sync()

    def test_auth_timeout_ends_with_authentication(self):
        bus = self.bus(limits={"auth_timeout": 300})
        client = bus.client()
        waiting = bus.raw().auth()
        self.assertFalse(client.is_closed(0.8))
        client.sync()
        waiting.close()

    def test_one_who_drips(self):
        """A byte now and then does not put off the end."""
        bus = self.bus(limits={"auth_timeout": 500})
        client = bus.raw()
        start = time.monotonic()
        line = b"\0AUTH EXTERNAL" + b" " * 100
        for at in range(len(line)):
            if not client.send_raw(line[at : at + 1]) or client.is_closed(0.05):
                break
        self.assertLess(time.monotonic() - start, 4)

    def test_flood(self):
        """Hundreds that connect at once and leave; one who stays is served."""
        bus = self.bus()
        one = bus.client()
        for _ in range(5):
            flood = [bus.raw() for _ in range(60)]
            for at, client in enumerate(flood):
                client.send_raw([b"", b"\0", b"\0AUTH EXTERNAL\r\n", b"x"][at % 4])
            one.sync()
            for client in flood:
                client.close()
                bus.clients.remove(client)
        one.sync()
        bus.client().sync()


class Times(BusTest):
    def test_reply(self):
        """A call that nobody answers is answered by the bus, and then no more by the callee."""
        bus = self.bus(limits={"reply_timeout": 300})
        one, two = bus.client(), bus.client()
        start = time.monotonic()
        serial = one.send(call(two.name, "/", I, "M"))
        got = two.expect(member="M")
        answer = one.answer(serial)
        took = time.monotonic() - start
        self.assertEqual((answer.error, answer.sender), (FAULT + "NoReply", DRIVER))
        self.assertTrue(0.2 < took < 3, took)
        two.send(reply(got))
        self.assertEqual(two.answer(two.serial).error, FAULT + "AccessDenied")

    def test_reply_in_time(self):
        bus = self.bus(limits={"reply_timeout": 300})
        one, two = bus.client(), bus.client()
        serial = one.send(call(two.name, "/", I, "M"))
        two.send(reply(two.expect(member="M")))
        one.result(serial)
        time.sleep(0.5)
        one.sync()
        self.assertEqual(one.inbox, [])

    def test_never_by_default(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        serial = one.send(call(two.name, "/", I, "M"))
        time.sleep(0.5)
        two.send(reply(two.expect(member="M")))
        one.result(serial)

    @rows([("whole_header", 40), ("half_header", 10)])
    def test_pending_fds(self, size):
        """A message with descriptors has to be complete in time."""
        bus = self.bus(limits={"pending_fd_timeout": 300})
        one, two = bus.client(), bus.client()
        with open("/dev/null", "rb") as null:
            raw = call(two.name, "/", I, "M", unix_fds=1, serial=9).pack()
            start = time.monotonic()
            one.send_raw(raw[:size], [null.fileno()])
            self.assertTrue(one.is_closed(5))
            self.assertGreater(time.monotonic() - start, 0.2)
        two.sync()

    def test_pending_fds_that_drip(self):
        """More bytes do not buy more time without end."""
        bus = self.bus(limits={"pending_fd_timeout": 500})
        one, two = bus.client(), bus.client()
        with open("/dev/null", "rb") as null:
            raw = call(two.name, "/", I, "M", "ay", (bytes(100),), unix_fds=1, serial=9).pack()
            one.send_raw(raw[:30], [null.fileno()])
            start = time.monotonic()
            for at in range(30, len(raw)):
                if not one.send_raw(raw[at : at + 1]) or one.is_closed(0.05):
                    break
            self.assertLess(time.monotonic() - start, 4)
            self.assertTrue(one.is_closed(3))
        two.sync()

    def test_half_message_without_fds_may_wait(self):
        bus = self.bus(limits={"pending_fd_timeout": 200, "auth_timeout": 200})
        one, two = bus.client(), bus.client()
        raw = call(two.name, "/", I, "M", serial=9).pack()
        one.send_raw(raw[:-5])
        self.assertFalse(one.is_closed(0.6))
        one.send_raw(raw[-5:])
        two.expect(member="M")


class Sizes(BusTest):
    def test_message(self):
        """A message over the size is the end of its sender."""
        bus = self.bus(limits={"max_message_size": 20000})
        one, two = bus.client(), bus.client()
        one.send(call(two.name, "/", I, "M", "ay", (bytes(19000),)))
        two.expect(member="M")
        one.send_raw(call(two.name, "/", I, "M", "ay", (bytes(20001),), serial=99).pack(), read=False)
        self.assertTrue(one.is_closed())
        self.assertEqual(two.taken(member="M"), [])

    def test_message_announced_too_large(self):
        """It is not waited for."""
        bus = self.bus(limits={"max_message_size": 20000})
        one, two = bus.client(), bus.client()
        one.send_raw(call(two.name, "/", I, "M", "ay", (bytes(1 << 20),), serial=99).pack()[:200], read=False)
        self.assertTrue(one.is_closed())
        two.sync()

    @rows([("3", 3), ("4", 4), ("5", 5)])
    def test_fds_of_a_message(self, limit):
        """Odd and even."""
        bus = self.bus(limits={"max_message_unix_fds": limit})
        one, two = bus.client(), bus.client()
        with open("/dev/null", "rb") as null:
            files = [null.fileno()] * (limit + 1)
            one.send(call(two.name, "/", I, "M", fds=files[:limit]))
            for fd in two.expect(member="M").fds:
                os.close(fd)
            one.send_raw(call(two.name, "/", I, "M", unix_fds=limit + 1, serial=99).pack(), files)
            self.assertTrue(one.is_closed())
        self.assertEqual(two.taken(member="M"), [])

    def test_queue_of_a_receiver(self):
        """Who does not read costs its callers an error; broadcasts to it are dropped. It keeps living."""
        bus = self.bus(limits={"max_outgoing_bytes": 300000})
        one, lazy, other = bus.client(), bus.client(), bus.client()
        lazy.add_match("member='S'")
        other.add_match("member='S'")
        body = bytes(50000)
        fates = []
        for n in range(40):
            serial = one.send(call(lazy.name, "/", I, "M", "uay", (n, body), flags=1))
            one.sync()
            told = [m for m in one.inbox if m.reply_serial == serial]
            one.inbox = []
            fates.append(told[0].error if told else None)
        self.assertEqual(set(fates), {None, FAULT + "LimitsExceeded"})
        self.assertEqual(fates, sorted(fates, key=bool), "refused first, then passed")
        one.send(signal("/", I, "S", "ay", (body,)))
        other.expect(member="S")
        self.assertEqual(other.driver("NameHasOwner", "s", lazy.name), (True,))
        passed = fates.count(None)
        for n in range(passed):
            self.assertEqual(lazy.expect(member="M").args[0], n)
        # there is room again
        lazy.sync()
        serial = one.send(call(lazy.name, "/", I, "Again", "ay", (body,)))
        lazy.send(reply(lazy.expect(member="Again")))
        one.result(serial)

    def test_broadcasts_to_who_does_not_read(self):
        bus = self.bus(limits={"max_outgoing_bytes": 200000})
        one, lazy, other = bus.client(), bus.client(), bus.client()
        for client in (lazy, other):
            client.add_match("member='S'")
        for n in range(60):
            one.send(signal("/", I, "S", "uay", (n, bytes(30000))))
            self.assertEqual(other.expect(member="S").args[0], n)
        one.sync()
        self.assertEqual([m for m in one.inbox if m.type == ERROR], [])
        lazy.sync()
        got = [m.args[0] for m in lazy.taken(member="S")]
        self.assertEqual(got, list(range(len(got))))
        self.assertLess(len(got), 60)

    def test_queued_fds(self):
        """Descriptors that wait for a receiver are bounded too."""
        bus = self.bus(limits={"max_outgoing_unix_fds": 20})
        one, lazy = bus.client(), bus.client()
        fates = []
        with open("/dev/null", "rb") as null:
            # bytes first, so that the socket is full and what follows has to wait
            for n in range(20):
                one.send(signal("/", I, "Fill", "ay", (bytes(100000),), destination=lazy.name))
            for n in range(10):
                serial = one.send(signal("/", I, "S", destination=lazy.name, fds=[null.fileno()] * 5))
                one.sync()
                fates.append([m.error for m in one.inbox if m.reply_serial == serial])
        self.assertEqual(fates[:3], [[]] * 3)
        self.assertEqual(fates[-1], [FAULT + "LimitsExceeded"])
        lazy.sync()
        for message in lazy.taken(member="S"):
            self.assertEqual(len(message.fds), 5)
            for fd in message.fds:
                os.close(fd)

    def test_incoming_bytes(self):
        """A client over its limit is not read until there is room; nothing is lost."""
        bus = self.bus(limits={"max_incoming_bytes": 100000})
        one, two = bus.client(), bus.client()
        for n in range(50):
            one.send(signal("/", I, "S", "uay", (n, bytes(20000)), destination=two.name))
            if n >= 3:
                self.assertEqual(two.expect(member="S").args[0], n - 3)
        one.sync()
        self.assertEqual([m.args[0] for m in two.taken(member="S")], [47, 48, 49])

    def test_zero(self):
        """Limits of nothing do not hinder Hello."""
        bus = self.bus(limits={"max_match_rules_per_connection": 0, "max_replies_per_connection": 0})
        client = bus.client()
        self.refused("LimitsExceeded", client.add_match, "")
        self.refused("LimitsExceeded", client.call, call(client.name, "/", I, "M"))

    def test_reload(self):
        """Other limits count from then on."""
        bus = self.bus(limits={"max_match_rules_per_connection": 1})
        client = bus.client().add_match("member='A'")
        self.refused("LimitsExceeded", client.add_match, "member='B'")
        bus.configure(limits='<limit name="max_match_rules_per_connection">2</limit>')
        client.driver("ReloadConfig")
        client.add_match("member='B'")
        self.refused("LimitsExceeded", client.add_match, "member='C'")
