// Prints the latest messages of a room and each new one, and sends each line of standard input to it. Needs nothing but Node.js 20.
//
// TEAHOUSE_TOKEN=th_… node client.mjs http://127.0.0.1:3000 lobby
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const [server, room] = process.argv.slice(2);
const url = `${server}/api/rooms/${encodeURIComponent(room)}`;
const token = { authorization: `Bearer ${process.env.TEAHOUSE_TOKEN}` };

const second = () => new Promise(resolve => setTimeout(resolve, 1000));

async function send(body) {
  const headers = { ...token, 'content-type': 'text/plain', 'idempotency-key': randomUUID() };
  for (;;) {
    // The key makes it harmless to try again.
    const response = await fetch(`${url}/messages`, { method: 'POST', headers, body }).catch(() => undefined);
    if (response && !response.ok) console.error(await response.text());
    if (response && ![429, 503].includes(response.status)) return;
    await second();
  }
}

let sending = Promise.resolve();
createInterface({ input: process.stdin }).on('line', line => {
  sending = sending.then(() => send(line));
});

let position = {};
for (;;) {
  try {
    const response = await fetch(`${url}/events?backlog=10`, { headers: { ...token, ...position } });
    if (!response.ok) {
      console.error(await response.text());
      process.exit(1);
    }
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map(line => line.split(/: (.*)/s)));
        if (fields.id) position = { 'last-event-id': fields.id }; // after a broken connection the stream resumes here
        if (fields.event !== 'message') continue;
        const message = JSON.parse(fields.data);
        console.log(`${message.user.name}: ${message.text}`);
      }
    }
  } catch {
    // The connection broke.
  }
  await second();
}
