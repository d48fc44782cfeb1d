"""A chat room as a tutorial of Tornado writes it: a set of handlers, and a loop over write_message."""

import asyncio
import sys

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket


class Room(tornado.websocket.WebSocketHandler):
    members = set()

    def open(self):
        # What Tornado's documentation advises for small messages.
        self.set_nodelay(True)
        self.members.add(self)

    def on_message(self, message):
        for member in self.members:
            member.write_message(message)

    def on_close(self):
        self.members.discard(self)


async def main():
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(tornado.web.Application([("/room", Room)]))
    server.add_sockets(sockets)
    host, port = sockets[0].getsockname()
    print(f"the room is open: ws://{host}:{port}", file=sys.stderr, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
