"""topics - where dbus-warden is meant to differ from dbus-daemon in what these tests could see.

Each has a reason, and the one thing that is done about it: either the generator leaves the topic out,
or the reference is given another configuration of the same meaning. Everything that is not named
here has to agree exactly.
"""

LEFT_OUT, REWRITTEN = "left out", "rewritten for the reference"

TOPICS = {
    "wiping": (
        REWRITTEN,
        "dbus-daemon drops all earlier rules at one that names no type, path, interface, member, error or "
        "peer; such a rule is written for it as four, one for each type of message",
    ),
    "includedir order": (
        REWRITTEN,
        "dbus-daemon reads an includedir in the order of the directory, we sorted; where there are several "
        "files it gets them as <include>s in that order",
    ),
    "broken file in an includedir": (
        LEFT_OUT,
        "dbus-daemon drops all of it, we keep the denies that were read before the fault",
    ),
    "groups of connect rules": (
        LEFT_OUT,
        "dbus-daemon asks the user database, we the kernel; such rules only name groups of which both say "
        "the same: primary ones",
    ),
    "uid without passwd entry": (LEFT_OUT, "dbus-daemon refuses it always, we judge it like any other"),
    "group without an entry": (LEFT_OUT, "dbus-daemon ignores its rules, by number too"),
    "a call that was not delivered": (
        LEFT_OUT,
        "for the descriptors that the callee does not take: dbus-daemon awaits a reply to it all the same; "
        "such calls want none, where somebody takes no descriptors",
    ),
    "rules about who has gone": (
        LEFT_OUT,
        "dbus-daemon takes away match rules that name a connection by its unique name when that one ends, "
        "if it had match rules itself; ours stay until they are removed",
    ),
    "removing rules with path_namespace": (
        LEFT_OUT,
        "dbus-daemon does not compare that key: it removes a rule about another namespace",
    ),
    "numbers that are not decimal": (LEFT_OUT, "as users and groups; dbus-daemon reads octal and hexadecimal"),
    "StartServiceByName": (
        LEFT_OUT,
        "for names with a service: we refuse it to who could send that name no method call at all",
    ),
    "no reply wanted of the driver": (
        LEFT_OUT,
        "the specification says that no reply is sent; dbus-daemon sends it for its own methods",
    ),
    "statistics": (LEFT_OUT, "ours are for root and the owner of the bus, whatever the policy says"),
    "credentials of the driver": (LEFT_OUT, "ours are a superset"),
    "reloading": (
        LEFT_OUT,
        "our answer to ReloadConfig comes when another process has read the files, dbus-daemon does nothing "
        "else meanwhile",
    ),
}
