#!/usr/bin/env python3
"""Prints the latest messages of a room and each new one, and sends each line of standard input to it. Needs nothing but Python 3.9.

TEAHOUSE_TOKEN=th_… python3 client.py http://127.0.0.1:3000 lobby
"""
import http.client, json, os, sys, threading, time, urllib.error, urllib.parse, urllib.request, uuid

server, room = sys.argv[1:]
url = f"{server}/api/rooms/{urllib.parse.quote(room, safe='')}"
token = {"Authorization": "Bearer " + os.environ["TEAHOUSE_TOKEN"]}


def request(path, headers, body=None):
    return urllib.request.urlopen(urllib.request.Request(url + path, body, token | headers))


def send_lines():
    for line in sys.stdin:
        headers = {"Content-Type": "text/plain", "Idempotency-Key": str(uuid.uuid4())}
        while not sent(headers, line.encode()):
            time.sleep(1)


def sent(headers, body):
    """Sends a message; returns False if it must be tried again, which the key makes harmless."""
    try:
        request("/messages", headers, body)
    except urllib.error.HTTPError as error:
        print(error.read().decode(), file=sys.stderr)
        return error.code not in (429, 503)
    except (OSError, http.client.HTTPException):
        return False
    return True


threading.Thread(target=send_lines, daemon=True).start()
position, event = {}, None
while True:
    try:
        for line in request("/events?backlog=10", position):
            field, _, value = line.decode().strip().partition(": ")
            if field == "event":
                event = value
            elif field == "id":
                position = {"Last-Event-ID": value}  # after a broken connection the stream resumes here
            elif field == "data" and event == "message":
                message = json.loads(value)
                print(f"{message['user']['name']}: {message['text']}", flush=True)
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())
    except (OSError, http.client.HTTPException):
        pass
    time.sleep(1)
