// A program that pushes into rooms with curl, as a shell script does.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Teahouse } from './teahouse';

export class Hook {
  private constructor(
    private readonly teahouse: Teahouse,
    readonly id: string,
    private readonly path: string,
  ) {}

  /** Creates a hook for a room, or for all rooms with `*`, while the server runs. */
  static async add(teahouse: Teahouse, name: string, room: string): Promise<Hook> {
    const answer = await teahouse.work('hook', 'add', `--name=${name}`, `--room=${room}`);
    const field = (field: string) => new RegExp(`^${field}: (.*)$`, 'm').exec(answer)![1];
    return new Hook(teahouse, field('id'), field('path'));
  }

  /** Pushes with these curl arguments; returns the status and the body of the response. */
  async push(...words: string[]): Promise<{ status: number; body: string }> {
    const url = `${this.teahouse.url}${this.path}`;
    const curl = ['--silent', '--show-error', '--noproxy', '*', '--write-out', '\n%{http_code}', ...words, url];
    const { stdout } = await promisify(execFile)('curl', curl);
    const end = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
  }

  async revoke(): Promise<void> {
    await this.teahouse.work('hook', 'revoke', this.id);
  }
}
