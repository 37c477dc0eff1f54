"""proofs - a smallest case for each topic: the buses have to differ on it, or the topic is stale.

Three have none: the order of a directory, the time that reloading takes, and what a bus tells of
its own process are different from one run to the next.
"""

import generate
from generate import BASES, Case
from wire import CALL, DRIVER, DRIVER_PATH, NO_REPLY, RETURN

# to the identities of generate.py: a uid, and a group, that no database has
IDENTITIES = [*generate.ROOT_IDENTITIES, (61001, 61001, []), (1, 1, [61100])]
ROOT, DAEMON, STRANGER, GROUPED = 0, 1, len(IDENTITIES) - 2, len(IDENTITIES) - 1
WITHOUT = ("includedir order", "reloading", "credentials of the driver")

SERVICE = generate.SERVICES[0]


def script(*actions):
    """Actions in short: ("connect", client, identity), ("close", client), (client, {field: value})."""
    out = []
    for serial, action in enumerate(actions, 1):
        if action[0] == "connect":
            out.append(["connect", serial, *action[1:3], action[3] if len(action) > 3 else True])
        elif action[0] == "close":
            out.append(["close", serial, action[1]])
        else:
            out.append(["send", serial, *action])
    return out


def block(who, *rules, place="main"):
    return {"who": who, "rules": list(rules), "place": place}


def driver(who, member, signature=None, args=(), **more):
    fields = {"type": CALL, "destination": DRIVER, "path": DRIVER_PATH, "interface": DRIVER, "member": member}
    return who, {**fields, "signature": signature, "args": list(args), **more}


def call(who, target, **more):
    return who, {"type": CALL, "destination": target, "path": "/", "interface": "com.ex.I", "member": "M", **more}


OPEN = block('context="default"', *BASES["open"])
DENY_I = ["deny", {"send_interface": "com.ex.I"}]
ONE, TWO = ("connect", 0, ROOT), ("connect", 1, DAEMON)
PAIR = script(ONE, TWO, call(1, "@0"))
STATS = {"interface": "org.freedesktop.DBus.Debug.Stats"}
FROM_ONE = "type='signal',interface='com.ex.I',sender=':1.1'"

PROOFS = {
    "removing rules with path_namespace": Case(
        [OPEN],
        script(
            ONE,
            driver(0, "AddMatch", "s", ["path_namespace='/com/ex/P'"]),
            driver(0, "RemoveMatch", "s", ["path_namespace='/com/ex/Q'"]),
        ),
    ),
    "wiping": Case([OPEN, block('context="default"', ["deny", {"send_broadcast": "true"}])], PAIR, literal=True),
    "broken file in an includedir": Case(
        [OPEN, block('user="daemon"', DENY_I, ["allow", {"x": ""}], place="dir")], PAIR
    ),
    "groups of connect rules": Case(
        [OPEN, block('context="default"', ["deny", {"user": "*"}], ["allow", {"group": "audio"}])], script(TWO)
    ),
    "uid without passwd entry": Case([OPEN], script(("connect", 0, STRANGER))),
    "group without an entry": Case(
        [OPEN, block('group="61100"', DENY_I)], script(ONE, ("connect", 1, GROUPED), call(1, "@0"))
    ),
    "numbers that are not decimal": Case([OPEN, block('user="0x1"', DENY_I)], PAIR),
    "StartServiceByName": Case(
        [OPEN, block('user="daemon"', ["deny", {"send_destination": SERVICE}])],
        script(TWO, driver(1, "StartServiceByName", "su", [SERVICE, 0])),
        services=[SERVICE],
    ),
    "no reply wanted of the driver": Case([OPEN], script(ONE, driver(0, "GetId", flags=NO_REPLY))),
    "statistics": Case([OPEN], script(TWO, driver(1, "GetConnectionStats", "s", [":1.77"], **STATS))),
    "a call that was not delivered": Case(
        [OPEN],
        script(
            ONE,
            ("connect", 1, DAEMON, False),
            call(0, "@1", fds=1),
            (1, {"type": RETURN, "destination": "@0", "reply_serial": 3}),
        ),
    ),
    "rules about who has gone": Case(
        [OPEN],
        script(
            ONE,
            TWO,
            driver(1, "AddMatch", "s", ["interface='com.ex.I'"]),
            driver(0, "AddMatch", "s", [FROM_ONE]),
            ("close", 1),
            driver(0, "RemoveMatch", "s", [FROM_ONE]),
        ),
    ),
}
