// A Redis for one test: a process with its own folder and port, to be killed, frozen and restarted there.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './port';

/** Syncs every write before it answers. */
export const DURABLE = 'appendonly yes\nappendfsync always\nsave ""\n';

export class Redis {
  /** Whether this Redis was ever away, in which case the nodes may have logged errors. */
  wasAway = false;
  private child?: ChildProcess;
  private ended?: Promise<unknown>;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
  ) {}

  /** Starts a Redis with these settings, in the format of redis.conf. */
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

  /** The address in the form that `--store` takes. */
  get url(): string {
    return `redis://${this.host}`;
  }

  /** Starts Redis at the same address with its persisted data. */
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

  /** Kills Redis before it can send or persist anything. */
  async kill(): Promise<void> {
    this.wasAway = true;
    await this.end();
  }

  /** Freezes Redis: its sockets stay open, but nothing answers. */
  freeze(): void {
    this.wasAway = true;
    this.child!.kill('SIGSTOP');
  }

  thaw(): void {
    this.child!.kill('SIGCONT');
  }

  /** Stops Redis and deletes its data. */
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
