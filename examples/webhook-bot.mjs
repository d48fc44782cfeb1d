// A bot that counts the characters of each question. Needs nothing but Node.js 20.
//
// TEAHOUSE_SECRET=… PORT=8000 node webhook-bot.mjs
//
// and in the file for --config:
//
//   [[bot]]
//   name = "Counter"
//   [bot.webhook]
//   url = "http://127.0.0.1:8000/"
//   secret_env = "TEAHOUSE_SECRET"
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

function isGenuine(headers, body) {
  const timestamp = headers['teahouse-timestamp'] ?? '';
  const digest = createHmac('sha256', process.env.TEAHOUSE_SECRET).update(`${timestamp}.`).update(body).digest('hex');
  const [expected, given] = [Buffer.from(`v1=${digest}`), Buffer.from(headers['teahouse-signature'] ?? '')];
  const isRecent = Math.abs(Date.now() / 1000 - timestamp) < 300;
  return isRecent && expected.length === given.length && timingSafeEqual(expected, given);
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isGenuine(request.headers, body)) {
    response.writeHead(403).end();
    return;
  }
  const { text, user } = JSON.parse(body);
  const answer = { text: `${user.name}: ${[...text].length}` };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
server.listen(process.env.PORT ?? 8000, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
