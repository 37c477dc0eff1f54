#!/usr/bin/python3
"""The service of test_clients, with QtDBus."""

import signal

from PyQt5.QtCore import Q_CLASSINFO, QCoreApplication, QObject, pyqtSignal, pyqtSlot
from PyQt5.QtDBus import QDBusAbstractAdaptor, QDBusConnection, QDBusMessage


class Adaptor(QDBusAbstractAdaptor):
    Q_CLASSINFO("D-Bus Interface", "com.ex.Interface")

    Said = pyqtSignal(str)

    @pyqtSlot(str, result=str)
    def Echo(self, text):
        return text

    @pyqtSlot(int, int, result=int)
    def Add(self, one, two):
        return one + two

    @pyqtSlot(QDBusMessage)
    def Fail(self, message):
        message.setDelayedReply(True)
        QDBusConnection.sessionBus().send(message.createErrorReply("com.ex.Error.Oops", "oops"))

    @pyqtSlot(str)
    def Emit(self, text):
        self.Said.emit(text)


signal.signal(signal.SIGTERM, signal.SIG_DFL)
app = QCoreApplication([])
bus = QDBusConnection.sessionBus()
served = QObject()
adaptor = Adaptor(served)
bus.registerObject("/com/ex/Object", served)
if bus.registerService("com.ex.Service"):
    print("ready", flush=True)
app.exec()
