// A plain-door client other than a browser: a WebSocket without a subprotocol, lines in and out (RFC 6455).

import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Teahouse } from './teahouse';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class PlainClient {
  /** Everything the server sent, one entry per frame. */
  readonly lines: string[] = [];
  private bytes = Buffer.alloc(0);

  private constructor(
    private readonly teahouse: Teahouse,
    readonly cookie: string,
    private readonly socket: Duplex,
  ) {
    socket.on('data', bytes => this.receive(bytes));
    // A killed server resets its connections; only what arrived before matters.
    socket.on('error', () => {});
  }

  /** Logs in with the form, and connects. */
  static async connect(teahouse: Teahouse, nickname: string, path: string): Promise<PlainClient> {
    return PlainClient.open(teahouse, path, await logIn(teahouse, nickname));
  }

  /** Connects with the cookie of an existing login. */
  static async open(teahouse: Teahouse, path: string, cookie: string): Promise<PlainClient> {
    const response = await upgrade(teahouse, path, { Cookie: cookie });
    if (!response.socket) throw new Error(`${path} answered ${response.status}`);
    return new PlainClient(teahouse, cookie, response.socket);
  }

  say(text: string): void {
    this.transmit(TEXT, Buffer.from(text));
  }

  async logOut(): Promise<void> {
    await fetch(`${this.teahouse.url}/logout`, { method: 'POST', headers: { cookie: this.cookie }, redirect: 'manual' });
  }

  close(): void {
    this.socket.destroy();
  }

  private transmit(kind: number, payload: Buffer): void {
    const length =
      payload.length < 126
        ? Buffer.from([0x80 | payload.length])
        : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 0xff]);
    const mask = randomBytes(4);
    const masked = payload.map((byte, index) => byte ^ mask[index % 4]);
    this.socket.write(Buffer.concat([Buffer.from([0x80 | kind]), length, mask, masked]));
  }

  private receive(bytes: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    for (;;) {
      if (this.bytes.length < 2) return;
      let [start, length] = [2, this.bytes[1] & 0x7f];
      if (length === 126) {
        if (this.bytes.length < 4) return;
        [start, length] = [4, this.bytes.readUInt16BE(2)];
      } else if (length === 127) {
        if (this.bytes.length < 10) return;
        [start, length] = [10, Number(this.bytes.readBigUInt64BE(2))];
      }
      if (this.bytes.length < start + length) return;
      const kind = this.bytes[0] & 0x0f;
      const payload = this.bytes.subarray(start, start + length);
      this.bytes = this.bytes.subarray(start + length);
      if (kind === TEXT) this.lines.push(...payload.toString().split('\n'));
      if (kind === PING) this.transmit(PONG, payload);
      if (kind === CLOSE) this.transmit(CLOSE, payload);
    }
  }
}

/** Logs in with the form; returns the cookie. */
export async function logIn(teahouse: Teahouse, nickname: string): Promise<string> {
  const response = await fetch(`${teahouse.url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ nickname }),
    redirect: 'manual',
  });
  const cookie = response.headers.get('set-cookie');
  if (response.status !== 303 || !cookie) throw new Error(`${nickname} was not let in: ${response.status}`);
  return cookie.split(';')[0];
}

/** Requests a WebSocket upgrade. Returns the status, and the socket if the upgrade succeeded. */
export function upgrade(
  teahouse: Teahouse,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; socket?: Duplex }> {
  return new Promise((resolve, reject) => {
    const asked = request(teahouse.url + path, {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        ...headers,
      },
    });
    asked.on('upgrade', (response: IncomingMessage, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ status: response.statusCode!, socket });
    });
    asked.on('response', response => {
      response.resume();
      resolve({ status: response.statusCode! });
    });
    asked.on('error', reject);
    asked.end();
  });
}
