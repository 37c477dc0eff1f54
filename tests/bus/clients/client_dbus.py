#!/usr/bin/python3
"""The client of test_clients, with python3-dbus."""

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
loop = GLib.MainLoop()
proxy = dbus.SessionBus().get_object("com.ex.Service", "/com/ex/Object", introspect=False)
service = dbus.Interface(proxy, "com.ex.Interface")


def said(text):
    print("said", text)
    loop.quit()


service.connect_to_signal("Said", said)
print("echo", service.Echo("h\u00e4llo"))
print("sum", service.Add(dbus.Int32(2), dbus.Int32(3)))
try:
    service.Fail()
except dbus.DBusException as error:
    print("error", error.get_dbus_name(), error.get_dbus_message())
service.Emit("now")
GLib.timeout_add_seconds(10, loop.quit)
loop.run()
