#!/usr/bin/python3
"""The service of test_clients, with Gio."""

from gi.repository import Gio, GLib

INTERFACE = """<node><interface name="com.ex.Interface">
  <method name="Echo"><arg type="s" direction="in"/><arg type="s" direction="out"/></method>
  <method name="Add"><arg type="i" direction="in"/><arg type="i" direction="in"/><arg type="i" direction="out"/></method>
  <method name="Fail"/>
  <method name="Emit"><arg type="s" direction="in"/></method>
  <signal name="Said"><arg type="s"/></signal>
</interface></node>"""


def called(connection, sender, path, interface, method, args, invocation):
    if method == "Echo":
        invocation.return_value(args)
    elif method == "Add":
        invocation.return_value(GLib.Variant("(i)", (args[0] + args[1],)))
    elif method == "Fail":
        invocation.return_dbus_error("com.ex.Error.Oops", "oops")
    else:
        connection.emit_signal(None, path, interface, "Said", args)
        invocation.return_value(None)


connection = Gio.bus_get_sync(Gio.BusType.SESSION)
info = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
connection.register_object("/com/ex/Object", info, called, None, None)
Gio.bus_own_name_on_connection(
    connection, "com.ex.Service", Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None
)
GLib.MainLoop().run()
