"""judged - what a policy does to messages between two clients, told in a word."""

from harness import BusTest
from wire import CALL, DRIVER, ERROR, FAULT, RETURN, SIGNAL, Message, call, failure, reply
from wire import signal

I = "com.ex.I"
OWNED, QUEUED, OTHER = "com.ex.Owned", "com.ex.Queued", "com.ex.Other"

# what lets clients live; rules about messages between them come after it
LIFE = """
  <allow user="*"/>
  <allow own="*"/>
  <allow send_destination="org.freedesktop.DBus"/>
  <allow receive_sender="org.freedesktop.DBus"/>
"""
SEND = '<allow send_type="method_call"/><allow send_type="signal"/><allow send_type="method_return"/><allow send_type="error"/>'
RECEIVE = SEND.replace("send_", "receive_")


def policy(rules, life=LIFE, context='context="default"', more=""):
    return '<policy context="default">%s</policy><policy %s>%s</policy>%s' % (life, context, rules, more)


def any_call(**more):
    return Message(**{"type": CALL, "path": "/com/ex/P", "interface": I, "member": "M", **more})


def any_signal(**more):
    return any_call(type=SIGNAL, **more)


def any_return(**more):
    return Message(**{"type": RETURN, "reply_serial": 77, **more})


def any_error(**more):
    return Message(**{"type": ERROR, "reply_serial": 77, "error": "com.ex.E", **more})


class Judged(BusTest):
    """Sends messages and says what became of them."""

    def fate(self, sender, receiver, message):
        """'passed', 'denied' (the sender got AccessDenied), 'lost', or the name of another error."""
        message.serial = 0
        serial = sender.send(message)
        sender.sync()
        receiver.sync()
        came = [m for m in receiver.inbox if m.serial == serial and m.sender == sender.name]
        receiver.inbox = [m for m in receiver.inbox if m not in came]
        told = [m for m in sender.inbox if m.reply_serial == serial and m.sender == DRIVER]
        sender.inbox = [m for m in sender.inbox if m not in told]
        self.assertLessEqual(len(came) + len(told), 1, "both passed and refused")
        self.last = (came + told or [None])[0]
        if came:
            return "passed"
        if told:
            name = told[0].error.removeprefix(FAULT)
            return "denied" if name == "AccessDenied" else name
        return "lost"

    def asked(self, caller, callee, message=None, **more):
        """A call that arrives, as the callee sees it."""
        message = message or any_call(destination=callee.name, **more)
        self.assertEqual(self.fate(caller, callee, message), "passed")
        return self.last

    def answers(self, callee, caller, got, signature=None, args=()):
        return self.fate(callee, caller, reply(got, signature, args))

    def fails(self, callee, caller, got, name="com.ex.E"):
        return self.fate(callee, caller, failure(got, name))

    def owns(self, client, name):
        """'owner' or the name of the error."""
        serial = client.send(call(DRIVER, "/", DRIVER, "RequestName", "su", (name, 0)))
        answer = client.answer(serial)
        if answer.type == ERROR:
            return answer.error.removeprefix(FAULT)
        return {1: "owner", 2: "queued", 3: "exists", 4: "owner"}[answer.args[0]]


def broadcast(**more):
    return signal("/com/ex/P", I, "M", **more)
