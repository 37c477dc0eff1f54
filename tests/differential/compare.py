"""compare - a case on two buses: the first thing that a client heard on one of them alone."""

import json

import stage
from wire import CALL, DRIVER, ERROR, RETURN

# answers whose order means nothing, and those whose content is a bus' own
UNORDERED = ("ListNames", "ListActivatableNames")
OWN = ("GetId", "Introspect", "GetMachineId")


def comparable(event, asked):
    """An event without what is a bus' own affair."""
    if len(event) < 13 or event[2] not in (None, DRIVER):
        return event
    head, args = event[:-1], event[-1]
    if event[0] == ERROR:
        return head + ((),)
    member = asked.get(event[4]) if event[0] == RETURN else None
    if member in OWN:
        return head + ((),)
    if member in UNORDERED:
        return head + ((sorted(args[0]),),)
    return event


def played(bus, case, players, is_reference):
    asked = {a[1]: a[3].get("member") for a in case.script if a[0] == "send" and a[3]["type"] == CALL}
    out = stage.play(bus, case, players, is_reference)
    for who, events in out["heard"].items():
        out["heard"][who] = [comparable(event, asked) for event in events]
    return out


class Difference:
    """The first thing that differs: which client heard what, after which action."""

    def __init__(self, text, serial=0):
        self.text = text
        self.serial = serial


def serial_of(event, last):
    """Which action an event is due to, as far as it says so."""
    if event[0] == "pong":
        return event[1]
    if len(event) == 13:
        return event[3] or event[4] or last
    return last


def first_difference(who, ours, theirs):
    last = 0
    for at in range(max(len(ours), len(theirs))):
        one, other = (list[at] if at < len(list) else None for list in (ours, theirs))
        if one != other:
            text = "client %d heard\n    %s\n  and of the reference\n    %s" % (who, show(one), show(other))
            return Difference(text, min(serial_of(e, last) or last for e in (one, other) if e))
        last = serial_of(one, last)
    return None


def show(event):
    if event is None or len(event) < 13:
        return "nothing more" if event is None else " ".join(map(str, event))
    names = ("type flags sender serial reply_serial path interface member error destination signature fds args").split()
    return " ".join("%s=%s" % pair for pair in zip(names, event) if pair[1] not in (None, 0, ()))


def difference(case, bus, reference, players):
    """What the buses do not agree about, or None. players: an Identity for each of the case's."""
    theirs = played(reference, case, players, True)
    if theirs["wrong"]:
        return Difference("reference: " + theirs["wrong"])
    ours = played(bus, case, players, False)
    if ours["wrong"]:
        return Difference(ours["wrong"])
    if ours["starts"] != theirs["starts"]:
        told = (ours if theirs["starts"] else theirs)["log"]
        return Difference("only %s starts: %s" % ("the reference" if theirs["starts"] else "ours", told))
    found = []
    for who in sorted(set(ours["heard"]) | set(theirs["heard"])):
        one = first_difference(who, ours["heard"].get(who, []), theirs["heard"].get(who, []))
        if one:
            found.append(one)
    return min(found, key=lambda one: one.serial) if found else None


def described(label, case, found, identities):
    """A report to read, and the case as a line to keep."""
    lines = ["FAIL: %s" % label, "  " + found.text, "configuration:"]
    for name, text in sorted(case.files("FOLDER", False).items()):
        lines += ["-- " + name, text.rstrip()]
    lines.append("script:")
    for action in case.script:
        who = "%4d client %d" % (action[1], action[2])
        if action[0] == "send":
            kind = ("", "call", "return", "error", "signal")[action[3]["type"]]
            rest = " ".join("%s=%s" % (n, v) for n, v in action[3].items() if n != "type" and v not in (0, []))
            lines.append("%s %s %s" % (who, kind, rest))
        elif action[0] == "connect":
            identity = identities[action[3]]
            lines.append("%s connects as uid %s gid %s groups %s, fds: %s" % (who, *identity, action[4]))
        else:
            lines.append(who + " closes")
    lines += ["case: " + json.dumps(case.plain()), ""]
    return "\n".join(lines)
