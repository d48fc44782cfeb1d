// The load balancer of docs/operations.md: a real nginx, unprivileged, with its own folder and ports.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromManual } from './manual';
import { freePort } from './port';

/** Debian installs nginx where only root's PATH leads. */
const PROGRAM = ['/usr/sbin/nginx', '/sbin/nginx'].find(existsSync) ?? 'nginx';

/** If root runs the tests, nginx runs as nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export class LoadBalancer {
  private child?: ChildProcess;
  private ended?: Promise<unknown>;

  private constructor(
    private readonly folder: string,
    private readonly plainPort: number,
    private readonly port: number,
  ) {}

  /** Reserves an address, which the nodes must know before they start. Nothing listens there yet. */
  static async prepare(): Promise<LoadBalancer> {
    const folder = await mkdtemp(join(tmpdir(), 'teahouse-nginx-'));
    return new LoadBalancer(folder, await freePort(), await freePort());
  }

  /** The public https address. */
  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** The plain http address, for users who forget the s. */
  get plainUrl(): string {
    return `http://127.0.0.1:${this.plainPort}`;
  }

  /** Starts nginx in front of these two nodes, given as host and port. */
  async start(here: string, there: string): Promise<void> {
    await this.writeCertificate();
    await writeFile(this.file('nginx.conf'), this.configuration(here, there));
    for (const name of ['', ...(await readdir(this.folder))]) {
      if (NOBODY.uid) chownSync(this.file(name), NOBODY.uid, NOBODY.gid);
    }
    const child = spawn(PROGRAM, ['-e', this.file('error.log'), '-c', this.file('nginx.conf'), '-g', 'daemon off;'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...NOBODY,
    });
    this.child = child;
    this.ended = new Promise(end => child.once('close', end));
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', text => (said += text));
    let failed: unknown;
    child.once('error', error => (failed = error));
    while (!(await answers(this.plainUrl))) {
      if (failed || child.exitCode !== null) {
        throw new Error(`nginx did not start: ${failed ?? said}\n${await readFile(this.file('error.log'), 'utf8')}`);
      }
    }
  }

  /**
   * Stops nginx and returns its complaints about settings and files; nodes that are down are not included.
   */
  async close(): Promise<string[]> {
    const { child, ended } = this;
    let log = '';
    if (child && child.exitCode === null) {
      child.kill('SIGTERM');
      await ended;
      log = await readFile(this.file('error.log'), 'utf8');
    }
    await rm(this.folder, { recursive: true, force: true });
    // An ordinary user may not open as many files as the manual asks for.
    return log.split('\n').filter(line => /\[(warn|crit|alert|emerg)\]/.test(line) && !line.includes('setrlimit'));
  }

  private configuration(here: string, there: string): string {
    const asInManual = fromManual('/etc/nginx/nginx.conf', {
      'user www-data;': '',
      '/run/nginx.pid': this.file('pid'),
      '/var/log/nginx/error.log': this.file('error.log'),
      '/var/log/nginx/access.log': this.file('access.log'),
      '/etc/ssl/teahouse/fullchain.pem': this.file('certificate.pem'),
      '/etc/ssl/teahouse/key.pem': this.file('key.pem'),
      '10.0.0.11:3000': here,
      '10.0.0.12:3000': there,
      'listen 80;': `listen 127.0.0.1:${this.plainPort};`,
      'listen 443 ssl;': `listen 127.0.0.1:${this.port} ssl;`,
      'https://chat.example.org': this.url,
      'chat.example.org': '127.0.0.1',
    });
    // Paths that an ordinary user may write to.
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const paths = temporary.map(name => `    ${name}_temp_path ${this.file(name)};\n`);
    return asInManual.replace('http {\n', `http {\n${paths.join('')}`);
  }

  private async writeCertificate(): Promise<void> {
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', this.file('key.pem')];
    execFileSync('openssl', ['req', '-x509', '-days', '1', ...key, '-out', this.file('certificate.pem'), ...subject], {
      stdio: 'ignore',
    });
  }

  private file(name: string): string {
    return join(this.folder, name);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { redirect: 'manual' });
    return true;
  } catch {
    return false;
  }
}
