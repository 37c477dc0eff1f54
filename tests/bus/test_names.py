"""Names on the bus: who owns them, who waits, what everybody is told."""

from harness import BusTest, rows
from wire import CALL, DRIVER, DRIVER_PATH, RETURN, SIGNAL, call, reply, signal

ALLOW, REPLACE, NO_QUEUE = 1, 2, 4
OWNER, QUEUED, EXISTS, ALREADY = 1, 2, 3, 4
RELEASED, NOT_THERE, NOT_OWNER = 1, 2, 3
N = "com.ex.N"

# (label, flags of the first, flags of the second, answer to the second, queue after it)
# where the queue is the owner first, then who waits
SECOND = [
    ("plain", 0, 0, QUEUED, "12"),
    ("replace_not_allowed", 0, REPLACE, QUEUED, "12"),
    ("allow_not_wanted", ALLOW, 0, QUEUED, "12"),
    ("replaced", ALLOW, REPLACE, OWNER, "21"),
    ("replaced_not_queued", ALLOW | NO_QUEUE, REPLACE, OWNER, "2"),
    ("no_queue", 0, NO_QUEUE, EXISTS, "1"),
    ("no_queue_replace_not_allowed", 0, REPLACE | NO_QUEUE, EXISTS, "1"),
    ("no_queue_replaced", ALLOW, REPLACE | NO_QUEUE, OWNER, "21"),
    ("both_no_queue_replaced", ALLOW | NO_QUEUE, REPLACE | NO_QUEUE, OWNER, "2"),
    ("second_allows", 0, ALLOW, QUEUED, "12"),
    ("unknown_flags", 0, 0xFFFFFFF0, QUEUED, "12"),
]

NOT_NAMES = [
    ("empty", ""),
    ("one_element", "org"),
    ("driver", DRIVER),
    ("unique", ":1.0"),
    ("unique_of_nobody", ":1.999"),
    ("dot_first", ".com.ex"),
    ("dot_last", "com.ex."),
    ("two_dots", "com..ex"),
    ("digit_first", "com.1ex"),
    ("slash", "com.ex/a"),
    ("blank", "com.e x"),
    ("umlaut", "com.\u00e4x"),
    ("too_long", "a." + "b" * 254),
    ("colon_inside", "com:ex.a"),
]

GOOD_NAMES = [
    ("short", "a.b"),
    ("longest", "a." + "b" * 253),
    ("dash", "com.ex-a.b"),
    ("underscore", "_com._1"),
    ("dash_first", "-a.-b"),
    ("like_the_driver", "org.freedesktop.DBus.Local2"),
    ("below_the_driver", "org.freedesktop.DBus.Sub"),
    ("capitals", "COM.EX.N"),
]


class Request(BusTest):
    def test_own_and_release(self):
        client = self.bus().client()
        self.assertEqual(client.request_name(N), OWNER)
        self.assertEqual(client.owner(N), client.name)
        self.assertEqual(client.request_name(N), ALREADY)
        self.assertEqual(client.release_name(N), RELEASED)
        self.refused("NameHasNoOwner", client.owner, N)

    @rows(SECOND)
    def test_second(self, first_flags, second_flags, answer, queue):
        bus = self.shared_bus()
        first, second = bus.client(), bus.client()
        self.assertEqual(first.request_name(N, first_flags), OWNER)
        self.assertEqual(second.request_name(N, second_flags), answer)
        names = [{"1": first, "2": second}[who].name for who in queue]
        self.assertEqual(first.driver("ListQueuedOwners", "s", N), (names,))
        self.assertEqual(first.owner(N), names[0])
        for client in (first, second):
            wanted = RELEASED if client.name in names else NOT_OWNER if names else NOT_THERE
            self.assertEqual(client.release_name(N), wanted)
            names = [name for name in names if name != client.name]
        self.refused("NameHasNoOwner", first.driver, "ListQueuedOwners", "s", N)

    @rows(NOT_NAMES)
    def test_not_a_name(self, name):
        client = self.shared_bus().client()
        self.refused("InvalidArgs", client.request_name, name)
        self.refused("InvalidArgs", client.release_name, name)

    @rows(GOOD_NAMES)
    def test_good_name(self, name):
        client = self.shared_bus().client()
        self.assertEqual(client.request_name(name), OWNER)
        self.assertEqual(client.release_name(name), RELEASED)

    def test_own_unique_name(self):
        client = self.bus().client()
        self.refused("InvalidArgs", client.request_name, client.name)
        self.refused("InvalidArgs", client.release_name, client.name)

    def test_release_what_is_not_ours(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        self.assertEqual(two.release_name(N), NOT_OWNER)
        self.assertEqual(two.release_name("com.ex.Nobody"), NOT_THERE)
        self.assertEqual(two.owner(N), one.name)

    def test_queue_order(self):
        bus = self.bus()
        clients = [bus.client() for _ in range(5)]
        for client in clients:
            client.request_name(N)
        for _ in range(4):
            names = [client.name for client in clients]
            self.assertEqual(clients[-1].driver("ListQueuedOwners", "s", N), (names,))
            clients.pop(0).release_name(N)

    def test_waiting_one_leaves_the_queue(self):
        bus = self.bus()
        one, two, three = bus.client(), bus.client(), bus.client()
        for client in (one, two, three):
            client.request_name(N)
        self.assertEqual(two.release_name(N), RELEASED)
        self.assertEqual(one.driver("ListQueuedOwners", "s", N), ([one.name, three.name],))
        self.assertEqual(two.taken(member="NameLost"), [])

    def test_waiting_one_replaces_later(self):
        """Asking again changes the flags of who waits, and replaces if that is allowed now."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        self.assertEqual(two.request_name(N), QUEUED)
        self.assertEqual(one.request_name(N, ALLOW), ALREADY)
        self.assertEqual(two.request_name(N, REPLACE), OWNER)
        self.assertEqual(one.driver("ListQueuedOwners", "s", N), ([two.name, one.name],))

    def test_waiting_one_gives_up_waiting(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        self.assertEqual(two.request_name(N), QUEUED)
        self.assertEqual(two.request_name(N, NO_QUEUE), EXISTS)
        self.assertEqual(one.driver("ListQueuedOwners", "s", N), ([one.name],))

    def test_owner_leaves(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        two.request_name(N)
        one.close()
        two.expect(member="NameAcquired", args=(N,))
        self.assertEqual(two.owner(N), two.name)

    def test_waiting_one_leaves_the_bus(self):
        bus = self.bus()
        one, two, three = bus.client(), bus.client(), bus.client()
        for client in (one, two, three):
            client.request_name(N)
        three.add_match("member='NameOwnerChanged'")
        two.close()
        three.expect(member="NameOwnerChanged", args=(two.name, two.name, ""))
        self.assertEqual(one.driver("ListQueuedOwners", "s", N), ([one.name, three.name],))

    def test_messages_follow_the_name(self):
        bus = self.bus()
        one, two, caller = bus.client(), bus.client(), bus.client()
        one.request_name(N, ALLOW)
        caller.send(signal("/", "com.ex.I", "S", "s", ("one",), destination=N))
        caller.sync()
        two.request_name(N, REPLACE)
        caller.send(signal("/", "com.ex.I", "S", "s", ("two",), destination=N))
        self.assertEqual(one.expect(member="S").args, ("one",))
        got = two.expect(member="S")
        self.assertEqual((got.args, got.destination), (("two",), N))
        self.assertEqual(one.taken(member="S"), [])


class Told(BusTest):
    """What the concerned are told, in which order."""

    def events(self, client):
        """(member or 'reply', arguments) of what came, in order."""
        client.sync()
        out = []
        while client.inbox:
            message = client.inbox.pop(0)
            if message.type == SIGNAL:
                self.assertEqual((message.sender, message.interface), (DRIVER, DRIVER))
            out.append((message.member or "reply", *message.args))
        return out

    def ask(self, client, member, *args):
        """A call to the driver whose reply stays in the inbox."""
        client.send(call(DRIVER, DRIVER_PATH, DRIVER, member, "s" + "u" * (len(args) - 1), args))

    def setUp(self):
        bus = self.bus()
        self.one, self.two = bus.client(), bus.client()
        for client in (self.one, self.two):
            client.add_match("type='signal',member='NameOwnerChanged'")
            self.events(client)

    def test_acquire(self):
        self.ask(self.one, "RequestName", N, 0)
        self.assertEqual(
            self.events(self.one),
            [("NameOwnerChanged", N, "", self.one.name), ("NameAcquired", N), ("reply", OWNER)],
        )
        self.assertEqual(self.events(self.two), [("NameOwnerChanged", N, "", self.one.name)])

    def test_release(self):
        self.one.request_name(N)
        self.events(self.one)
        self.ask(self.one, "ReleaseName", N)
        self.assertEqual(
            self.events(self.one),
            [("NameLost", N), ("NameOwnerChanged", N, self.one.name, ""), ("reply", RELEASED)],
        )

    def test_queue_and_take_over(self):
        self.one.request_name(N)
        self.events(self.one), self.events(self.two)
        self.ask(self.two, "RequestName", N, 0)
        self.assertEqual(self.events(self.two), [("reply", QUEUED)])
        self.assertEqual(self.events(self.one), [])
        self.ask(self.one, "ReleaseName", N)
        changed = ("NameOwnerChanged", N, self.one.name, self.two.name)
        self.assertEqual(self.events(self.one), [("NameLost", N), changed, ("reply", RELEASED)])
        self.assertEqual(self.events(self.two), [changed, ("NameAcquired", N)])

    def test_replace(self):
        self.one.request_name(N, ALLOW)
        self.events(self.one), self.events(self.two)
        self.ask(self.two, "RequestName", N, REPLACE)
        changed = ("NameOwnerChanged", N, self.one.name, self.two.name)
        self.assertEqual(self.events(self.two), [changed, ("NameAcquired", N), ("reply", OWNER)])
        self.assertEqual(self.events(self.one), [("NameLost", N), changed])

    def test_disconnect(self):
        self.one.request_name(N)
        self.one.request_name("com.ex.O")
        self.events(self.two)
        name = self.one.name
        self.one.close()
        self.two.expect(member="NameOwnerChanged", args=(name, name, ""))
        # it was taken out; the well-known names came before it
        changed = sorted(m.args for m in self.two.taken(member="NameOwnerChanged"))
        self.assertEqual(changed, [(N, name, ""), ("com.ex.O", name, "")])

    def test_unique_name_goes_last(self):
        self.one.request_name(N)
        self.events(self.two)
        name = self.one.name
        self.one.close()
        self.assertEqual(self.two.expect(member="NameOwnerChanged").args, (N, name, ""))
        self.assertEqual(self.two.expect(member="NameOwnerChanged").args, (name, name, ""))

    def test_only_the_concerned_hear_of_acquiring(self):
        self.one.request_name(N)
        self.assertEqual(self.two.taken(member="NameAcquired"), [])
        self.one.release_name(N)
        self.assertEqual(self.two.taken(member="NameLost"), [])


class Ask(BusTest):
    @rows([
        ("GetNameOwner_unknown", "GetNameOwner", "com.ex.Nobody", None),
        ("GetNameOwner_invalid", "GetNameOwner", "org", None),
        ("GetNameOwner_empty", "GetNameOwner", "", None),
        ("GetNameOwner_unique_of_nobody", "GetNameOwner", ":1.999", None),
        ("GetNameOwner_driver", "GetNameOwner", DRIVER, DRIVER),
        ("GetNameOwner_unique", "GetNameOwner", "SELF", "SELF"),
        ("GetNameOwner_owned", "GetNameOwner", N, "SELF"),
        ("NameHasOwner_unknown", "NameHasOwner", "com.ex.Nobody", False),
        ("NameHasOwner_invalid", "NameHasOwner", "org", False),
        ("NameHasOwner_empty", "NameHasOwner", "", False),
        ("NameHasOwner_driver", "NameHasOwner", DRIVER, True),
        ("NameHasOwner_unique", "NameHasOwner", "SELF", True),
        ("NameHasOwner_owned", "NameHasOwner", N, True),
        ("ListQueuedOwners_unknown", "ListQueuedOwners", "com.ex.Nobody", None),
        ("ListQueuedOwners_invalid", "ListQueuedOwners", "org", None),
        ("ListQueuedOwners_driver", "ListQueuedOwners", DRIVER, [DRIVER]),
        ("ListQueuedOwners_unique", "ListQueuedOwners", "SELF", ["SELF"]),
        ("ListQueuedOwners_owned", "ListQueuedOwners", N, ["SELF"]),
    ])
    def test_about(self, member, name, wanted):
        client = self.shared_bus().client()
        client.request_name(N)
        own = {"SELF": client.name}
        if wanted is None:
            self.refused("NameHasNoOwner", client.driver, member, "s", name)
            return
        if isinstance(wanted, list):
            wanted = [own.get(item, item) for item in wanted]
        elif isinstance(wanted, str):
            wanted = own.get(wanted, wanted)
        self.assertEqual(client.driver(member, "s", own.get(name, name)), (wanted,))

    def test_list_names(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        two.request_name("com.ex.O")
        two.request_name(N)
        names = one.driver("ListNames")[0]
        self.assertEqual(sorted(names), sorted([DRIVER, one.name, two.name, N, "com.ex.O"]))

    def test_list_activatable_names_without_services(self):
        self.assertEqual(self.bus().client().driver("ListActivatableNames"), ([DRIVER],))

    @rows([
        ("unknown", "com.ex.Nobody", 0),
        ("unknown_with_flags", "com.ex.Nobody", 7),
        ("own_unique", ":1.0", 0),
        ("invalid", "org", 0),
        ("empty", "", 0),
        ("systemd", "org.freedesktop.systemd1", 0),
    ])
    def test_start_what_cannot_be_started(self, name, flags):
        client = self.bus().client()
        self.refused("ServiceUnknown", client.driver, "StartServiceByName", "su", name, flags)

    def test_start_what_runs_without_a_service_file(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        for name in (N, one.name, DRIVER):
            self.refused("ServiceUnknown", two.driver, "StartServiceByName", "su", name, 0)

    def test_call_through_a_name(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        serial = two.send(call(N, "/", "com.ex.I", "M"))
        got = one.expect(type=CALL)
        self.assertEqual((got.sender, got.destination), (two.name, N))
        one.send(reply(got, "s", ("done",)))
        answer = two.answer(serial)
        self.assertEqual((answer.type, answer.sender, answer.args), (RETURN, one.name, ("done",)))
