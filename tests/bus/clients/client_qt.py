#!/usr/bin/python3
"""The client of test_clients, with QtDBus."""

from PyQt5.QtCore import QCoreApplication, QObject, QTimer, pyqtSlot
from PyQt5.QtDBus import QDBus, QDBusConnection, QDBusMessage


class Listener(QObject):
    heard = False

    @pyqtSlot(str)
    def said(self, text):
        print("said", text)
        self.heard = True
        app.quit()


def ask(method, *args):
    message = QDBusMessage.createMethodCall("com.ex.Service", "/com/ex/Object", "com.ex.Interface", method)
    message.setArguments(list(args))
    return bus.call(message, QDBus.BlockWithGui)


app = QCoreApplication([])
bus = QDBusConnection.sessionBus()
listener = Listener()
bus.connect("com.ex.Service", "/com/ex/Object", "com.ex.Interface", "Said", listener.said)
print("echo", ask("Echo", "h\u00e4llo").arguments()[0])
print("sum", ask("Add", 2, 3).arguments()[0])
failed = ask("Fail")
print("error", failed.errorName(), failed.errorMessage())
ask("Emit", "now")
if not listener.heard:
    QTimer.singleShot(10000, app.quit)
    app.exec()
