// A local model service for a bot. It speaks just enough of OpenAI's chat completions to stream an answer,
// and sends each piece when the test says so.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class ModelService {
  private readonly asked: Answer[] = [];
  private readonly waiting: ((answer: Answer) => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  static async open(): Promise<ModelService> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', piece => (body += piece));
      request.on('end', () => {
        if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
          response.writeHead(404).end();
          return;
        }
        service.isAsked(new Answer(response, JSON.parse(body) as Question));
      });
    });
    const service = new ModelService(server, await mkdtemp(join(tmpdir(), 'teahouse-bots-')));
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    return service;
  }

  /** Writes a configuration with one bot of this name that uses this service; returns the file's path. */
  async configuration(name: string): Promise<string> {
    const path = join(this.folder, 'teahouse.toml');
    const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
    await writeFile(path, `[[bot]]\nname = "${name}"\n[bot.openai]\nurl = "${url}"\nmodel = "leaf"\n`);
    return path;
  }

  /** Waits for the next question; returns the answer to write. */
  async nextQuestion(): Promise<Answer> {
    return this.asked.shift() ?? new Promise(resolve => this.waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(closed => this.server.close(closed));
    await rm(this.folder, { recursive: true, force: true });
  }

  private isAsked(answer: Answer): void {
    const waiting = this.waiting.shift();
    if (waiting) waiting(answer);
    else this.asked.push(answer);
  }
}

type Question = { messages: { role: string; content: string }[]; stream?: boolean };

export class Answer {
  /** Whether the client has disconnected before the end. */
  isUnwanted = false;

  constructor(
    private readonly response: ServerResponse,
    readonly question: Question,
  ) {
    response.on('close', () => (this.isUnwanted = !response.writableFinished));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  }

  /** The text of the last message in the question. */
  get asked(): string {
    return this.question.messages.at(-1)!.content;
  }

  /** Sends a piece of the answer. */
  say(content: string): void {
    this.event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  }

  /** Ends the answer. */
  end(): void {
    this.event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    this.response.end('data: [DONE]\n\n');
  }

  private event(data: object): void {
    this.response.write(`data: ${JSON.stringify({ id: 'c-1', object: 'chat.completion.chunk', ...data })}\n\n`);
  }
}
