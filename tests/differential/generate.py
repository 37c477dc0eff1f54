"""generate - random but meaningful configurations and scripts: one seed, one case.

A configuration is a list of blocks, each a policy somewhere in the files; a script a list of actions:

    ["connect", SERIAL, CLIENT, IDENTITY, TAKES_FDS]
    ["close", SERIAL, CLIENT]
    ["send", SERIAL, CLIENT, {field of a message: value}]

Both are plain lists, so that shrinking can leave any part out; serials stay what they were. What
topics.py names is left out here, or written for the reference in other words.
"""

import copy
import os
import random
import xml.sax.saxutils

from wire import CALL, DRIVER, DRIVER_PATH, ERROR, NO_AUTO_START, NO_REPLY, PEER, PROPERTIES, RETURN, SIGNAL

# uid, primary gid, further groups of the identities of a script run by root
ROOT_IDENTITIES = [
    (0, 0, []),
    (1, 1, [29]),
    (2, 2, [44, 29]),
    (3, 3, [46, 44]),
    (65534, 65534, []),
]

USERS = ["root", "daemon", "bin", "sys", "nobody", "0", "1", "3", "65534"]
GROUPS = ["root", "daemon", "bin", "sys", "audio", "video", "29", "44", "46", "nogroup", "2"]
PRIMARY_GROUPS = ["root", "daemon", "bin", "sys", "nogroup", "1", "3"]
UNKNOWN = "no-such-one"

NAMES = ["com.ex.A", "com.ex.A.B", "com.ex.AB", "com.ex.C", "org.ex.D"]
SERVICES = ["org.ex.Act", "org.ex.Act.Sub"]
INTERFACES = ["com.ex.I", "com.ex.J"]
MEMBERS = ["M", "N"]
PATHS = ["/com/ex/P", "/com/ex/P/Q", "/"]
# a word, a path, a name below another one; match rules look for the shorter ones
BODIES = ["word", "/com/ex/", "com.ex", "word"]
ARGUMENTS = ["word", "/com/ex/P", "com.ex.A", "/com", "com.exx"]
ERRORS = ["com.ex.E", "com.ex.F", "org.freedesktop.DBus.Error.Failed"]
DRIVER_MEMBERS = ["Hello", "RequestName", "ReleaseName", "AddMatch", "RemoveMatch", "GetNameOwner"]
DRIVER_MEMBERS += ["NameHasOwner", "ListNames", "NameOwnerChanged", "NameAcquired", "Ping", "Get"]
DRIVER_ERRORS = ["org.freedesktop.DBus.Error." + e for e in ("AccessDenied", "ServiceUnknown", "NameHasNoOwner")]
TYPES = ["method_call", "method_return", "error", "signal"]

MESSAGE_KINDS = ("send", "receive")
# the attributes that keep a rule from wiping earlier ones in the reference
NARROWING = ("type", "path", "interface", "member", "error", "destination", "sender")

SHELL = '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"\n'
SHELL += ' "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">\n<busconfig>\n%s</busconfig>\n'

BASES = {
    "open": [
        ["allow", {"user": "*"}],
        ["allow", {"own": "*"}],
        ["allow", {"send_destination": "*"}],
        ["allow", {"receive_sender": "*"}],
    ],
    "session": [
        ["allow", {"user": "*"}],
        ["allow", {"own": "*"}],
        ["allow", {"send_destination": "*", "eavesdrop": "true"}],
        ["allow", {"eavesdrop": "true"}],
    ],
    "system": [
        ["allow", {"user": "*"}],
        ["deny", {"own": "*"}],
        ["deny", {"send_type": "method_call"}],
        ["allow", {"send_type": "signal"}],
        ["allow", {"send_requested_reply": "true", "send_type": "method_return"}],
        ["allow", {"send_requested_reply": "true", "send_type": "error"}],
        ["allow", {"receive_type": "method_call"}],
        ["allow", {"receive_type": "method_return"}],
        ["allow", {"receive_type": "error"}],
        ["allow", {"receive_type": "signal"}],
        ["allow", {"send_destination": DRIVER, "send_interface": DRIVER}],
        ["allow", {"send_destination": DRIVER, "send_interface": PROPERTIES}],
        ["deny", {"send_destination": DRIVER, "send_interface": DRIVER, "send_member": "UpdateActivationEnvironment"}],
    ],
    "quiet": [
        ["allow", {"user": "*"}],
        ["allow", {"own": "*"}],
        ["allow", {"send_destination": DRIVER}],
        ["allow", {"receive_sender": DRIVER}],
    ],
    "empty": [["allow", {"user": "*"}]],
}


def is_wiping(rule):
    """Whether the reference drops earlier rules at this one."""
    attributes = rule[1]
    kinds = {name.split("_")[0] for name in attributes} & set(MESSAGE_KINDS)
    if not kinds and "eavesdrop" not in attributes:
        return False
    if "send_destination_prefix" in attributes:
        return False
    values = [attributes.get("%s_%s" % (kind, name), "*") for kind in kinds for name in NARROWING]
    return all(value == "*" for value in values)


def for_reference(rules):
    """The topic "wiping"."""
    for rule in rules:
        if not is_wiping(rule):
            yield rule
            continue
        kind = "send" if any(name.startswith("send_") for name in rule[1]) else "receive"
        for type in TYPES:
            yield [rule[0], {**rule[1], kind + "_type": type}]


def rule_text(rule):
    quoted = ("%s=%s" % (name, xml.sax.saxutils.quoteattr(value)) for name, value in rule[1].items())
    return "  <%s %s/>\n" % (rule[0], " ".join(quoted))


def policy_text(block, rules):
    return "<policy %s>\n%s</policy>\n" % (block["who"], "".join(map(rule_text, rules)))


def policy_for_reference(block, rules):
    return policy_text(block, list(for_reference(rules)))


class Case:
    """blocks: [{"who": attributes of <policy>, "rules": [[allow or deny, {attribute: value}]],
    "place": main, include, nested, dir or folder}]; limits: {name: value}; services: names that can be
    started; user: whom the bus runs as; literal: the reference gets the same text."""

    def __init__(self, blocks, script, limits=None, services=(), user=None, literal=False):
        self.blocks = blocks
        self.script = script
        self.limits = limits or {}
        self.services = list(services)
        self.user = user
        self.literal = literal

    def copy(self):
        return copy.deepcopy(self)

    def plain(self):
        return {name: getattr(self, name) for name in ("blocks", "script", "limits", "services", "user", "literal")}

    def block_files(self, at, block, reference, files):
        """What stands in the main file for this block; the others are added to files."""
        reference = reference and not self.literal
        write = policy_for_reference if reference else policy_text
        text = write(block, block["rules"])
        if block["place"] == "main":
            return text
        if block["place"] == "include":
            files["inc-%d.conf" % at] = SHELL % text
            return '<include ignore_missing="%s">inc-%d.conf</include>\n' % (("no", "yes")[at % 2], at)
        if block["place"] == "nested":
            files["in/deep-%d.conf" % at] = SHELL % text
            files["in/inc-%d.conf" % at] = SHELL % ("<include>deep-%d.conf</include>\n" % at)
            return "<include>in/inc-%d.conf</include>\n" % at
        # a folder: what does not end in .conf is no part of it
        files["dir-%d/90.conf.bak" % at] = SHELL % policy_text({"who": 'context="mandatory"'}, [["deny", {"own": "*"}]])
        rules = block["rules"]
        parts = [rules[:1], rules[1:]] if block["place"] == "folder" else [rules]
        names = ["dir-%d/%s.conf" % (at, name) for name in ("10-b", "9-a")[: len(parts)]]
        for name, part in reversed(list(zip(names, parts))):
            files[name] = SHELL % write(block, part)
        if reference and len(parts) > 1:
            return "".join("<include>%s</include>\n" % name for name in names)
        return "<includedir>dir-%d</includedir>\n" % at

    def files(self, folder, reference):
        files = {}
        text = "<type>session</type>\n<listen>unix:path=%s/bus</listen>\n<auth>EXTERNAL</auth>\n" % folder
        if self.user:
            text += "<user>%s</user>\n" % self.user
        if self.services:
            text += "<servicedir>%s/services</servicedir>\n" % folder
        for name, value in self.limits.items():
            text += '<limit name="%s">%d</limit>\n' % (name, value)
        for name in self.services:
            # it never connects: some client of the script takes the name in its stead
            entry = "[D-BUS Service]\nName=%s\nExec=/bin/sleep 60\n"
            files["services/%s.service" % name] = entry % name
        for at, block in enumerate(self.blocks):
            text += self.block_files(at, block, reference, files)
        files["bus.conf"] = SHELL % text
        return files


class Rules:
    """Random rules."""

    def __init__(self, random):
        self.random = random

    def some(self, chance):
        return self.random.random() < chance

    def name(self, with_driver=True):
        roll = self.random.random()
        if roll < 0.1:
            return "*"
        if roll < 0.2 and with_driver:
            return DRIVER
        if roll < 0.25:
            return ":1.%d" % self.random.randrange(7)
        if roll < 0.3:
            return self.random.choice(["com.ex", "com.ex.*", "org.ex.Unowned", ""])
        return self.random.choice(NAMES + SERVICES)

    def field(self, values, driver_values):
        if self.some(0.07):
            return "*"
        return self.random.choice(driver_values if self.some(0.15) else values)

    def truth(self):
        return self.random.choice(["true", "false"])

    def message_rule(self, kind):
        out = {}

        def put(name, value):
            out["%s_%s" % (kind, name)] = value

        if self.some(0.4):
            put("type", self.random.choice(TYPES + ["*"]))
        if self.some(0.45):
            if kind == "receive":
                put("sender", self.name())
            elif self.some(0.3):
                put("destination_prefix", self.random.choice(["com.ex", "com.ex.A", "com", "org.ex", "*", DRIVER]))
            else:
                put("destination", self.name())
        if self.some(0.15):
            put("error", self.field(ERRORS, DRIVER_ERRORS))
        else:
            if self.some(0.35):
                put("interface", self.field(INTERFACES, [DRIVER, PEER, PROPERTIES]))
            if self.some(0.25):
                put("path", self.field(PATHS, [DRIVER_PATH]))
            if (kind + "_interface" in out or kind + "_path" in out) and self.some(0.35):
                put("member", self.field(MEMBERS, DRIVER_MEMBERS))
        if self.some(0.15 if out.get(kind + "_type") in ("method_call", "signal") else 0.3):
            put("requested_reply", self.truth())
        self.extras(kind, out)
        return out

    def extras(self, kind, out):
        if self.some(0.15):
            out["eavesdrop"] = self.truth()
        if kind == "send" and self.some(0.12):
            is_peer = out.get("send_destination", "*") != "*"
            out["send_broadcast"] = "false" if is_peer else self.truth()
        if self.some(0.08):
            out["min_fds"] = str(self.random.randrange(4))
        if self.some(0.08):
            out["max_fds"] = str(self.random.randrange(4))
        if not any(name.startswith(kind) for name in out):
            if kind == "receive" and "eavesdrop" in out:
                return
            out["%s_%s" % (kind, "destination" if kind == "send" else "sender")] = "*"

    def own_rule(self):
        if self.some(0.4):
            return {"own_prefix": self.random.choice(["com.ex", "com.ex.A", "com", "org.ex.Act", "*"])}
        return {"own": self.name()}

    def connect_rule(self):
        if self.some(0.4):
            return {"group": self.random.choice(PRIMARY_GROUPS + ["*", UNKNOWN])}
        return {"user": self.random.choice(USERS + ["*", "*", UNKNOWN])}

    def rule(self, may_connect):
        effect = self.random.choice(["allow", "deny"])
        roll = self.random.random()
        if may_connect and roll < 0.04:
            attributes = self.connect_rule()
        elif roll < 0.17:
            attributes = self.own_rule()
        else:
            attributes = self.message_rule("send" if roll < 0.62 else "receive")
        if self.some(0.05):
            attributes["log"] = self.truth()
        names = list(attributes)
        self.random.shuffle(names)
        return [effect, {name: attributes[name] for name in names}]

    def wild_rule(self):
        """Any attributes together, and values that none of them takes: whether the bus starts."""
        out = {}
        for _ in range(self.random.randrange(3)):
            out.update(self.random.choice([self.own_rule, self.connect_rule])())
        for kind in self.random.sample(MESSAGE_KINDS, self.random.choice([0, 1, 1, 2])):
            out.update(self.message_rule(kind))
        odd = ["send_member", "receive_error", "receive_broadcast", "at_console", "context", "send_type"]
        odd += ["min_fds", "eavesdrop", "send_broadcast", "receive_sender_prefix", "log", "send_requested_reply"]
        values = ["true", "yes", "", "*", "-1", "com.ex.I", "99999999999", "0x1", "2", " 2"]
        out[self.random.choice(odd)] = self.random.choice(values)
        return [self.random.choice(["allow", "deny"]), out]

    WILD_POLICIES = [
        "", 'context="Default"', 'context=""', 'at_console="yes"', 'user="root" group="root"', 'user="*"',
        'context="default" user="root"', 'user=""', 'group="*"', 'log="true"', 'context="mandatory" at_console="true"',
    ]  # fmt: skip

    def who(self):
        """Attributes of a policy, and whether connect rules may stand in it."""
        roll = self.random.random()
        if roll < 0.35:
            return 'context="default"', True
        if roll < 0.5:
            return 'context="mandatory"', True
        if roll < 0.58:
            return 'at_console="%s"' % self.truth(), True
        if roll < 0.78:
            return 'user="%s"' % self.random.choice(USERS + [UNKNOWN]), False
        return 'group="%s"' % self.random.choice(GROUPS + [UNKNOWN]), False

    def block(self, sizes=(1, 1, 2, 3, 4)):
        who, may_connect = self.who()
        rules = [self.rule(may_connect) for _ in range(self.random.choice(sizes))]
        places = ["main"] * 8 + ["include", "nested", "dir", "folder"]
        return {"who": who, "rules": rules, "place": self.random.choice(places)}

    def blocks(self):
        base = self.random.choice(["open", "open", "open", "session", "session", "system", "quiet", "empty"])
        out = [{"who": 'context="default"', "rules": copy.deepcopy(BASES[base]), "place": "main"}]
        out += [self.block() for _ in range(self.random.choice([1, 2, 3, 4, 5, 7, 9]))]
        if base in ("quiet", "empty") and self.some(0.85):
            more = [["allow", {kind + "_type": t}] for kind in MESSAGE_KINDS for t in TYPES]
            out.insert(1, {"who": 'context="default"', "rules": more, "place": "main"})
        if self.some(0.15):
            # so many that looking rules up is another thing than walking them
            out.insert(self.random.randrange(len(out)), self.block((30, 60, 120)))
        if self.some(0.08):
            at = self.random.randrange(1, len(out))
            out[at]["place"] = "main"
            if self.some(0.8):
                out[at]["rules"].append(self.wild_rule())
            else:
                out[at]["who"] = self.random.choice(self.WILD_POLICIES)
        return out


class Script:
    """Random actions, with a rough idea of who owns what: whether the policy lets it be is not asked."""

    def __init__(self, random, identities, services):
        self.random = random
        self.identities = identities
        self.services = services
        self.actions = []
        self.serial = 0
        self.live = []
        self.clients = 0
        self.queues = {}
        self.calls = []
        self.rules = {}
        self.all_take_fds = self.some(0.5)
        self.rules_name_unique = True

    def some(self, chance):
        return self.random.random() < chance

    def add(self, kind, who, *more):
        self.serial += 1
        self.actions.append([kind, self.serial, who, *more])

    def send(self, who, **fields):
        self.add("send", who, {name: value for name, value in fields.items() if value is not None})

    def connect(self):
        who = self.clients
        self.clients += 1
        # root is somebody to be had from the start: most of what others may not, it may
        identity = 0 if who == 0 else self.random.randrange(len(self.identities))
        self.add("connect", who, identity, self.all_take_fds or self.some(0.6))
        self.live.append(who)

    def close(self):
        if len(self.live) < 3:
            return
        who = self.random.choice(self.live)
        self.live.remove(who)
        for queue in self.queues.values():
            if who in queue:
                queue.remove(who)
        self.add("close", who)

    def driver(self, who, member, signature=None, args=None, **more):
        fields = {"interface": DRIVER, "path": DRIVER_PATH, **more}
        self.send(who, type=CALL, destination=DRIVER, member=member, signature=signature, args=args, **fields)

    def request(self, who):
        wanted = [name for name, queue in self.queues.items() if queue]
        name = self.random.choice(wanted if wanted and self.some(0.4) else NAMES + self.services)
        if self.some(0.06):
            name = self.random.choice(["nodot", ":1.3", DRIVER, "com..ex", "", "com.ex.1x", "com.ex.Unruled"])
        elif self.some(0.8):
            queue = self.queues.setdefault(name, [])
            if who not in queue:
                queue.append(who)
        self.driver(who, "RequestName", "su", [name, self.random.choice([0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7])])
        if self.some(0.15):
            self.driver(self.random.choice(self.live), "ListQueuedOwners", "s", [name])

    def release(self, who):
        held = [name for name, queue in self.queues.items() if who in queue]
        others = NAMES + ["x", ":1.0", DRIVER]
        name = self.random.choice(held if held and self.some(0.75) else others)
        if name in held:
            self.queues[name].remove(who)
        self.driver(who, "ReleaseName", "s", [name])

    def match(self, who):
        parts = {"type": "signal"} if self.some(0.5) else {}
        if self.some(0.3):
            parts["interface"] = self.random.choice(INTERFACES + [DRIVER])
        if self.some(0.2):
            parts["member"] = self.random.choice(MEMBERS)
        if self.some(0.2):
            parts["sender"] = self.random.choice(NAMES + [DRIVER] + [":1.1", ":1.2"] * self.rules_name_unique)
        if self.some(0.1):
            parts["path"] = self.random.choice(PATHS)
        elif self.some(0.1):
            parts["path_namespace"] = self.random.choice(PATHS + ["/com"])
        if self.some(0.15):
            key, value = self.random.choice(list(zip(["arg0", "arg0path", "arg0namespace", "arg1"], BODIES)))
            parts[key] = value
        if self.some(0.07):
            parts["destination"] = self.random.choice([NAMES[0]] + [":1.1", ":1.3"] * self.rules_name_unique)
        if self.some(0.1):
            parts["type"] = self.random.choice(TYPES)
        if self.some(0.2):
            parts["eavesdrop"] = self.random.choice(["true", "true", "false"])
        text = ",".join("%s='%s'" % pair for pair in parts.items())
        # the topics "rules about who has gone" and "removing rules with path_namespace"
        old = [rule for rule in self.rules.get(who, []) if "':" not in rule and "path_namespace" not in rule]
        if self.some(0.2) and old:
            self.driver(who, "RemoveMatch", "s", [self.random.choice(old)])
            return
        self.rules.setdefault(who, []).append(text)
        self.driver(who, "AddMatch", "s", [text])

    def ask(self, who):
        """Questions to the driver, some of them wrong."""
        name = self.target(who)
        one = [("GetNameOwner", "s"), ("NameHasOwner", "s"), ("ListQueuedOwners", "s"), ("GetConnectionUnixUser", "s")]
        one += [("GetNameOwner", "s"), ("GetConnectionUnixUser", "u")]
        none = ["ListNames", "ListActivatableNames", "GetId", "Hello", "NoSuchMethod"]
        more = {}
        if self.some(0.3):
            more["interface"] = self.random.choice([None, None, "com.ex.I", "org.freedesktop.DBus.Introspectable"])
        if self.some(0.15):
            more["path"] = self.random.choice(PATHS)
        if self.some(0.1):
            self.driver(who, "Introspect", interface=self.random.choice([None, "org.freedesktop.DBus.Introspectable"]))
        elif self.some(0.1):
            self.driver(who, "Ping", interface=self.random.choice([None, PEER]))
        elif self.some(0.1):
            args = [self.random.choice([DRIVER, "com.ex.I"]), self.random.choice(["NoSuchProperty", "Nothing"])]
            self.driver(who, "Get", "ss", args, **{**more, "interface": PROPERTIES})
        elif self.some(0.06):
            self.driver(who, "UpdateActivationEnvironment", "a{ss}", [{}])
        elif self.some(0.3):
            self.driver(who, self.random.choice(none), **more)
        else:
            member, signature = self.random.choice(one)
            self.driver(who, member, signature, [name if signature == "s" else 3], **more)

    def target(self, who):
        """Where to: unique names, owned and unowned names, names of services, the driver, oneself."""
        roll = self.random.random()
        owned = [name for name, queue in self.queues.items() if queue]
        if roll < 0.4:
            return "@%d" % self.random.choice(self.live)
        if roll < 0.75 and owned:
            return self.random.choice(owned)
        if roll < 0.8:
            return "@%d" % who
        if roll < 0.83:
            return "@%d" % self.random.randrange(self.clients)
        if roll < 0.88:
            return DRIVER
        return self.random.choice(NAMES + self.services)

    def callee(self, target):
        """Who gets what is sent there, if anybody."""
        if target[0] == "@":
            return int(target[1:])
        queue = self.queues.get(target)
        return queue[0] if queue else None

    def headers(self, missing=0.2):
        out = {"path": self.random.choice(PATHS), "member": self.random.choice(MEMBERS)}
        if not self.some(missing):
            out["interface"] = self.random.choice(INTERFACES + ([DRIVER] if self.some(0.1) else []))
        return out

    def burden(self):
        """Descriptors, and a reply serial where none belongs."""
        out = {}
        if self.some(0.2):
            args = self.random.choices(ARGUMENTS, k=self.random.choice([1, 1, 2]))
            out.update(signature="s" * len(args), args=args)
        if self.some(0.12):
            out["fds"] = self.random.choice([1, 1, 2, 3])
        if self.some(0.03) and self.calls:
            out["reply_serial"] = self.random.choice(self.calls)[0]
        return out

    def call(self, who):
        target = self.target(who)
        flags = self.random.choice([0, 0, 0, NO_REPLY, NO_AUTO_START]) if target != DRIVER else 0
        burden = self.burden()
        # the topic "a call that was not delivered"
        if "fds" in burden and not self.all_take_fds:
            flags |= NO_REPLY
        if target == DRIVER:
            flags, burden = 0, {}
        self.send(who, type=CALL, destination=target, flags=flags, **self.headers(), **burden)
        callee = self.callee(target)
        if callee is not None:
            self.calls.append((self.serial, who, callee))

    def unicast(self, who):
        self.send(who, type=SIGNAL, destination=self.target(who), flags=NO_REPLY, **self.headers(0), **self.burden())

    def broadcast(self, who):
        self.send(who, type=SIGNAL, flags=NO_REPLY, **self.headers(0), **self.burden())

    def reply(self, _):
        """Answers to recent calls, also late, twice, and by somebody else."""
        if not self.calls:
            return
        serial, caller, callee = self.random.choice(self.calls[-6:] if self.some(0.9) else self.calls)
        if self.some(0.08):
            callee = self.random.choice(self.live)
        if callee not in self.live:
            return
        if self.some(0.08):
            serial = self.random.choice([serial + 1, 999999])
        target = "@%d" % caller
        held = [name for name, queue in self.queues.items() if queue and queue[0] == caller]
        if held and self.some(0.15):
            target = self.random.choice(held)
        fields = {"destination": target, "reply_serial": serial, "flags": NO_REPLY, **self.burden()}
        fields["reply_serial"] = serial
        if self.some(0.1):
            fields.update(self.headers(0.5))
        if self.some(0.08):
            # no answer, but it carries the serial of one
            fields.update({**self.headers(0), "type": self.random.choice([SIGNAL, SIGNAL, CALL])})
        elif self.some(0.35):
            fields.update(type=ERROR, error=self.random.choice(ERRORS + DRIVER_ERRORS[:1]))
        else:
            fields["type"] = RETURN
        self.send(callee, **fields)

    def exchange(self, who):
        self.call(who)
        self.reply(who)

    def stray(self, who):
        """Without destination, and no broadcast: what the reference's library answers by itself."""
        type = self.random.choice([CALL, CALL, RETURN, ERROR, SIGNAL])
        fields = self.headers(0)
        if type == SIGNAL or self.some(0.4):
            fields.update(interface=PEER, member=self.random.choice(["Ping", "GetMachineId", "M"]))
        if type in (RETURN, ERROR):
            fields["reply_serial"] = self.random.randrange(1, self.serial + 1)
        if type == ERROR:
            fields["error"] = self.random.choice(ERRORS)
        self.send(who, type=type, **fields)

    KINDS = {
        "exchange": 16, "call": 18, "reply": 14, "unicast": 10, "broadcast": 12, "request": 9, "release": 3,
        "match": 8, "ask": 9, "stray": 1.5, "close": 0.7, "connect": 1,
    }  # fmt: skip

    def make(self, size):
        for _ in range(self.random.randrange(3, 7)):
            self.connect()
        for _ in range(4):
            self.request(self.random.choice(self.live))
            self.match(self.random.choice(self.live))
        kinds, weights = zip(*self.KINDS.items())
        who = self.live[0]
        while len(self.actions) < size:
            kind = self.random.choices(kinds, weights)[0]
            if who not in self.live or self.some(0.65):
                who = self.random.choice(self.live)
            if kind == "connect" and len(self.live) < 8:
                self.connect()
            elif kind == "close":
                self.close()
            elif kind != "connect":
                getattr(self, kind)(who)
        return self.actions


def identities():
    """Whom scripts can be played as."""
    return ROOT_IDENTITIES if os.geteuid() == 0 else [(None, None, None)]


def case(seed, size):
    chance = random.Random(seed)
    rules = Rules(chance)
    blocks = rules.blocks()
    limits = {}
    if chance.random() < 0.15:
        name = chance.choice(["replies", "names", "match_rules"])
        limits["max_%s_per_connection" % name] = chance.randrange(1, 4)
    services = SERVICES if chance.random() < 0.35 else []
    user = "daemon" if chance.random() < 0.15 and os.geteuid() == 0 else None
    script = Script(chance, identities(), services)
    # the topic "rules about who has gone"
    script.rules_name_unique = "max_match_rules_per_connection" not in limits
    return Case(blocks, script.make(size), limits, services, user)
