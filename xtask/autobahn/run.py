"""Runs the cases of Autobahn's test suite against a WebSocket server that echoes, and writes what came of each as JSON.

The suite on PyPI is written for Python 2, which is no more. Its cases, and how they judge, are taken as they are; this is
what runs them on Autobahn's library of today: it reads their sources so that text is bytes, as it was in Python 2, each
character one byte, and is the connection that they speak on, in the place of the suite's fuzzing.py.
"""

import importlib.util
import json
import pathlib
import re
import sys
import time
import types

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet import reactor

# Compression, which is not offered, with a negotiation of its own; and what the suite itself has put aside.
LEFT_OUT = ["case12_x_x", "case9_9_1"]

# How long all cases may take together, in seconds.
PATIENCE = 600


def octets(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def characters(data):
    return data.decode("latin-1")


class TextValidator(Utf8Validator):
    def validate(self, text):
        return super().validate(octets(text))


def cases():
    """The suite's cases, in its order, by their numbers."""
    package = pathlib.Path(importlib.util.find_spec("autobahntestsuite").submodule_search_locations[0])
    listing = (package / "case" / "__init__.py").read_text("latin-1")
    names = {
        "__name__": "cases",
        "xrange": range,
        "Utf8Validator": TextValidator,
        "binascii": types.SimpleNamespace(b2a_hex=lambda text: octets(text).hex()),
    }

    def take(text, path):
        # The cases share one space of names; what they import of each other and of Python is there.
        text = re.sub(r"^from (case\w*|autobahn\.websocket\.utf8validator) import .*$", "", text, flags=re.M)
        text = re.sub(r"^import binascii$", "", text, flags=re.M)
        text = re.sub(r"^( *)print\b(.*)$", r"\1print(\2)", text, flags=re.M)
        # A class that names `object` before what is derived from it has no order of bases, and needs none.
        text = text.replace("(object, Case, )", "(Case, )")
        # Whole numbers divided were a whole number.
        text = text.replace("len(self.payload) / self", "len(self.payload) // self")
        exec(compile(text, str(path), "exec"), names)

    modules = ["case"] + re.findall(r"^from (case\d\w*) import \*", listing, flags=re.M)
    for module in modules:
        if module not in LEFT_OUT:
            path = package / "case" / f"{module}.py"
            take(path.read_text("latin-1"), path)
    # Equal is equal; in Python 3 what is pickled tells one text from another that is the same.
    names["Case"].compare = lambda self, one, other: one == other
    categories = {"CaseSubCategories": {}, "Case12_X_X": [], "Case13_X_X": []}
    categories |= {"Case12_X_X_CaseSubCategories": {}, "Case13_X_X_CaseSubCategories": {}}
    names |= categories
    take(listing[listing.index("Cases = []") :], package / "case" / "__init__.py")
    return {case.__name__[len("Case") :].replace("_", "."): case for case in names["Cases"]}


class Fuzzer(WebSocketClientProtocol):
    """The connection of one case, as the suite's cases know it."""

    def connectionMade(self):
        self.connectionWasOpen = False
        self.createWirelog = False
        self.txFrameStats = {}
        self.runCase = self.factory.case(self)
        super().connectionMade()

    def connectionLost(self, reason):
        super().connectionLost(reason)
        self.runCase.onConnectionLost(self.failedByMe)
        self.factory.ended(self)

    def onOpen(self):
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload, isBinary):
        self.runCase.onMessage(characters(payload), isBinary)

    def onPong(self, payload):
        self.runCase.onPong(characters(payload))

    def onClose(self, wasClean, code, reason):
        self.runCase.onClose(wasClean, code, reason)

    def logTxFrame(self, frameHeader, payload, repeatLength, chopsize, sync):
        self.txFrameStats[frameHeader.opcode] = self.txFrameStats.get(frameHeader.opcode, 0) + 1

    def logRxFrame(self, frameHeader, payload):
        pass

    def enableWirelog(self, enable):
        pass

    def sendFrame(self, opcode, payload=b"", **how):
        super().sendFrame(opcode, octets(payload), **how)

    def sendMessage(self, payload, isBinary=False, **how):
        super().sendMessage(octets(payload), isBinary, **how)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(octets(payload), sync)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, None if reasonUtf8 is None else octets(reasonUtf8), isReply)

    def continueLater(self, delay, then, tag=None):
        reactor.callLater(delay, self.unless_closed, then)

    def killAfter(self, delay):
        reactor.callLater(delay, self.unless_closed, self._fail_connection)

    def closeAfter(self, delay):
        reactor.callLater(delay, self.unless_closed, self.sendClose)

    def unless_closed(self, then):
        if self.state != self.STATE_CLOSED:
            then()


class Runner(WebSocketClientFactory):
    """One case after the other, each on a connection of its own."""

    protocol = Fuzzer
    noisy = False

    def __init__(self, url, wanted, report):
        super().__init__(url)
        self.setProtocolOptions(failByDrop=False)
        self.logFrames = True
        self.todo = list(wanted.items())
        self.report = report
        self.results = {}
        self.next()

    def next(self):
        if not self.todo:
            with open(self.report, "w") as file:
                json.dump(self.results, file, indent=1)
            reactor.stop()
            return
        self.name, self.case = self.todo.pop(0)
        self.began = time.monotonic()
        reactor.connectTCP(self.host, self.port, self)

    def ended(self, connection):
        case = connection.runCase
        self.results[self.name] = {
            "behavior": case.behavior,
            "behaviorClose": case.behaviorClose,
            "result": f"{case.result} {case.resultClose}",
            "remoteCloseCode": connection.remoteCloseCode,
            "seconds": round(time.monotonic() - self.began, 3),
        }
        reactor.callLater(0, self.next)

    def clientConnectionFailed(self, connector, reason):
        print(f"case {self.name}: {reason.getErrorMessage()}", file=sys.stderr)
        reactor.stop()


def main(url, report, *excluded):
    kept = {name: case for name, case in cases().items() if not name.startswith(excluded)}
    Runner(url, kept, report)
    reactor.callLater(PATIENCE, reactor.stop)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
