#!/bin/sh
# Prints the latest messages of a room and each new one as JSON, and sends each line of standard input to it. Needs curl.
#
# TEAHOUSE_TOKEN=th_… sh client.sh http://127.0.0.1:3000 lobby
url="$1/api/rooms/$2"
token="Authorization: Bearer $TEAHOUSE_TOKEN"
curl --fail-with-body --silent --no-buffer --header "$token" "$url/events?backlog=10" | while read -r field value; do
  case "$field $event" in
    event:*) event=$value ;;
    'data: message') printf '%s\n' "$value" ;;
  esac
done &
while read -r line; do
  curl --fail-with-body --silent --output /dev/null --header "$token" --header 'Content-Type: text/plain' \
    --retry 5 --header "Idempotency-Key: $$-$(date +%s%N)" --data-raw "$line" "$url/messages"
done
wait
