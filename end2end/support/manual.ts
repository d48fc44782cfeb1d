// Configuration files as docs/operations.md gives them, so that the tests run exactly those.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const MANUAL = resolve(__dirname, '../../docs/operations.md');

/**
 * Returns the manual's block for this file, with some of its strings replaced. Throws if one of them does not
 * occur, because the test would then run something else than the manual.
 */
export function fromManual(file: string, others: Record<string, string>): string {
  const blocks = [...readFileSync(MANUAL, 'utf8').matchAll(/^```\w+\n# (\S+)\n([^]*?)^```$/gm)];
  const [block, ...more] = blocks.filter(([, name]) => name === file);
  if (!block || more.length > 0) throw new Error(`docs/operations.md has not one block for ${file}`);
  // Longest first, so that no string is replaced inside another.
  const words = Object.keys(others).sort((a, b) => b.length - a.length);
  const unknown = words.filter(word => !block[2].includes(word));
  if (unknown.length > 0) throw new Error(`${file} in docs/operations.md lacks ${unknown.join(', ')}`);
  const pattern = new RegExp(words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
  return block[2].replace(pattern, word => others[word]);
}

/** Turns a block of environment variables into flags. */
export function flagsFrom(environment: string): Record<string, string> {
  const lines = environment.split('\n').filter(line => line !== '');
  return Object.fromEntries(
    lines.map(line => {
      const [, name, value] = /^TEAHOUSE_([A-Z_]+)=(.*)$/.exec(line)!;
      return [name.toLowerCase().replaceAll('_', '-'), value];
    }),
  );
}
