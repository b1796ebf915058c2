/**
 * Loaded into the process that is measured, with `--import`: writes what its event loop was held up by into a file, every
 * second and at the end.
 */
import { writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Names the file. */
const PLACE = 'CML_BENCH_LOOP';
const EVERY_MS = 1_000;

const place = process.env[PLACE];
if (place !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const account = () => JSON.stringify({ p50: delay.percentile(50), p99: delay.percentile(99), max: delay.max });
  // Not by us: on a busy disk that would hold up the very loop that is looked at.
  const write = async () => {
    await writeFile(`${place}.new`, account());
    await rename(`${place}.new`, place);
  };
  const writeAgain = () => void write().finally(() => setTimeout(writeAgain, EVERY_MS).unref());
  writeAgain();
  process.on('exit', () => writeFileSync(place, account()));
  // Begin of what is measured: what loading took does not count.
  process.on('SIGUSR2', () => delay.reset());
}
