// The real server: a process with its own data folder and port, to be stopped, killed, frozen and restarted.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LAN } from './browsers';
import { somePort } from './port';

const PROGRAM = process.env.TEAHOUSE_BIN ?? resolve(__dirname, '../../target/release/teahouse');

/** Flags by name, without the dashes: `{ 'leave-grace': '1s' }`. */
export type Flags = Record<string, string>;

export class Teahouse {
  /** The server's log, across restarts. */
  log = '';
  private child?: ChildProcess;
  private ended?: Promise<number | null>;

  private constructor(
    private readonly data: string,
    private readonly flags: Flags,
    private readonly port: number,
  ) {}

  /** Starts a server with an empty data folder. */
  static async open(flags: Flags = {}): Promise<Teahouse> {
    if (!existsSync(PROGRAM)) {
      throw new Error(`${PROGRAM} is missing: build it with \`cargo xtask build\`, or set TEAHOUSE_BIN`);
    }
    const data = await mkdtemp(join(tmpdir(), 'teahouse-'));
    for (;;) {
      const teahouse = new Teahouse(data, { ...flags }, somePort());
      try {
        await teahouse.start();
        return teahouse;
      } catch (error) {
        if (/address already in use/i.test(String(error))) continue;
        await rm(data, { recursive: true, force: true });
        throw error;
      }
    }
  }

  get url(): string {
    return this.urlAt('127.0.0.1');
  }

  /** The errors in the log. */
  get troubles(): string[] {
    return this.log.split('\n').filter(line => / ERROR |panicked/.test(line));
  }

  /** The same server under another name of this machine. */
  urlAt(hostname: string): string {
    return `http://${hostname}:${this.port}`;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the server at the same address with its existing data; `others` changes flags from now on. */
  async start(others: Flags = {}): Promise<void> {
    Object.assign(this.flags, others);
    const flags = Object.entries(this.flags).map(([name, value]) => `--${name}=${value}`);
    const child = spawn(PROGRAM, [`--listen=${this.host}`, `--host=${LAN}`, `--data=${this.data}`, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, NO_COLOR: '1' },
    });
    this.child = child;
    this.ended = new Promise(end => child.once('close', end));
    await new Promise<void>((open, fail) => {
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', text => {
        this.log += text;
        said += text;
        if (said.includes('the teahouse is open')) open();
      });
      child.once('error', fail);
      child.once('close', code => fail(new Error(`the server ended with ${code}: ${said}`)));
    });
  }

  /** Runs a subcommand on the data folder, beside the server; returns its output. */
  async work(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(PROGRAM, [...words, `--data=${this.data}`], { env: {} });
    return stdout;
  }

  /** Stops the server as an operator does; returns its exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  /** Kills the server before it can send or persist anything. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Freezes the server: its sockets stay open, but nothing answers. */
  freeze(): void {
    this.child!.kill('SIGSTOP');
  }

  thaw(): void {
    this.child!.kill('SIGCONT');
  }

  /** Kills the server and deletes its data. */
  async close(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child, ended } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    return ended!;
  }
}
