// Writes a `.br` and a `.gz` at maximum compression beside each file named on the command line.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

for (const path of process.argv.slice(2)) {
  const contents = readFileSync(path);
  write(
    `${path}.br`,
    brotliCompressSync(contents, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
      },
    }),
  );
  write(`${path}.gz`, gzipSync(contents, { level: 9 }));
}

// Renames at the end, so that an interrupted run leaves no partial file under the final name.
function write(path, contents) {
  writeFileSync(`${path}.part`, contents);
  renameSync(`${path}.part`, path);
}
