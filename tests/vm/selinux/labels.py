"""labels - connections whose process has a label of its own."""


def label(type):
    """A whole label of small.cil's policy."""
    return "system_u:system_r:%s:s0" % type


def become(type):
    """What a process does to get the label: its sockets are created with it from then on."""

    def change():
        with open("/proc/self/attr/current", "wb", buffering=0) as file:
            file.write(label(type).encode())

    return change


def client(bus, type, **more):
    """A connection that has said Hello, of a process with this type."""
    return bus.client(before=become(type), **more)
