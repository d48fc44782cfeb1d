// What docs/operations.md tells people to write into files, so that stories run the very same.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const MANUAL = resolve(__dirname, '../../docs/operations.md');

/**
 * The block that stands in the manual under the name of this file, with some of its words replaced. Each of them must be
 * there: one that is not would be a story about something else than the manual.
 */
export function fromManual(file: string, others: Record<string, string>): string {
  const blocks = [...readFileSync(MANUAL, 'utf8').matchAll(/^```\w+\n# (\S+)\n([^]*?)^```$/gm)];
  const [block, ...more] = blocks.filter(([, name]) => name === file);
  if (!block || more.length > 0) throw new Error(`docs/operations.md has not one block for ${file}`);
  // The longer ones first, so that none is replaced in a part of another.
  const words = Object.keys(others).sort((a, b) => b.length - a.length);
  const unknown = words.filter(word => !block[2].includes(word));
  if (unknown.length > 0) throw new Error(`${file} in docs/operations.md lacks ${unknown.join(', ')}`);
  const pattern = new RegExp(words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
  return block[2].replace(pattern, word => others[word]);
}

/** The settings of a block of environment variables, as flags. */
export function flagsFrom(environment: string): Record<string, string> {
  const lines = environment.split('\n').filter(line => line !== '');
  return Object.fromEntries(
    lines.map(line => {
      const [, name, value] = /^TEAHOUSE_([A-Z_]+)=(.*)$/.exec(line)!;
      return [name.toLowerCase().replaceAll('_', '-'), value];
    }),
  );
}
