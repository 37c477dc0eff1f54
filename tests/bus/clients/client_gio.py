#!/usr/bin/python3
"""The client of test_clients, with Gio."""

from gi.repository import Gio, GLib

loop = GLib.MainLoop()
service = Gio.DBusProxy.new_for_bus_sync(
    Gio.BusType.SESSION, 0, None, "com.ex.Service", "/com/ex/Object", "com.ex.Interface", None
)


def signalled(proxy, sender, name, args):
    print(name.lower(), args[0])
    loop.quit()


service.connect("g-signal", signalled)
print("echo", service.Echo("(s)", "h\u00e4llo"))
print("sum", service.Add("(ii)", 2, 3))
try:
    service.Fail()
except GLib.Error as error:
    name = Gio.DBusError.get_remote_error(error)
    print("error", name, error.message.rpartition(": ")[2])
service.Emit("(s)", "now")
GLib.timeout_add_seconds(10, loop.quit)
loop.run()
