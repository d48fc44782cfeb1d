// A Redis of a story's own: one process with a folder and a port of its own, which can be killed, frozen and started
// again at the same address.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './port';

/** Syncs everything before it answers. */
export const DURABLE = 'appendonly yes\nappendfsync always\nsave ""\n';

export class Redis {
  /** Whether it was ever away, so that those who need it have a reason to complain. */
  wasAway = false;
  private child?: ChildProcess;
  private ended?: Promise<unknown>;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** Starts one with these settings, as they stand in its configuration. */
  static async open(settings = DURABLE): Promise<Redis> {
    const folder = await mkdtemp(join(tmpdir(), 'teahouse-redis-'));
    await writeFile(join(folder, 'redis.conf'), settings);
    const redis = new Redis(folder, await freePort());
    await redis.start();
    return redis;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Its address, as `--store` takes it. */
  get url(): string {
    return `redis://${this.host}`;
  }

  /** Starts it, where it was and with what it has kept. */
  async start(): Promise<void> {
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder, '--daemonize', 'no'];
    const child = spawn('redis-server', [join(this.folder, 'redis.conf'), ...own], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    this.ended = new Promise(end => child.once('close', end));
    await new Promise<void>((open, fail) => {
      let said = '';
      child.stdout!.setEncoding('utf8').on('data', text => {
        said += text;
        if (said.includes('Ready to accept connections')) open();
      });
      child.once('error', fail);
      child.once('close', code => fail(new Error(`redis-server ended with ${code}: ${said}`)));
    });
  }

  /** Ends it without a chance to say or keep anything. */
  async kill(): Promise<void> {
    this.wasAway = true;
    await this.end();
  }

  /** It hangs: its sockets stay, and nobody answers. */
  freeze(): void {
    this.wasAway = true;
    this.child!.kill('SIGSTOP');
  }

  thaw(): void {
    this.child!.kill('SIGCONT');
  }

  /** Ends it and forgets what it kept. */
  async close(): Promise<void> {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async end(): Promise<void> {
    const { child, ended } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await ended;
  }
}
