#!/usr/bin/python3
"""The service of test_clients, with python3-dbus."""

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib


class Oops(dbus.DBusException):
    _dbus_error_name = "com.ex.Error.Oops"


class Object(dbus.service.Object):
    @dbus.service.method("com.ex.Interface", in_signature="s", out_signature="s")
    def Echo(self, text):
        return text

    @dbus.service.method("com.ex.Interface", in_signature="ii", out_signature="i")
    def Add(self, one, two):
        return one + two

    @dbus.service.method("com.ex.Interface")
    def Fail(self):
        raise Oops("oops")

    @dbus.service.method("com.ex.Interface", in_signature="s")
    def Emit(self, text):
        self.Said(text)

    @dbus.service.signal("com.ex.Interface", signature="s")
    def Said(self, text):
        pass


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
name = dbus.service.BusName("com.ex.Service", bus)
served = Object(bus, "/com/ex/Object")
print("ready", flush=True)
GLib.MainLoop().run()
