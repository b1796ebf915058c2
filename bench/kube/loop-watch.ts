/**
 * Loaded into the process that is measured, with `--import`: writes what its event loop was held up by into a file, every
 * second and at the end.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Names the file. */
const PLACE = 'CML_BENCH_LOOP';
const EVERY_MS = 1_000;

const place = process.env[PLACE];
if (place !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const write = () =>
    writeFileSync(place, JSON.stringify({ p50: delay.percentile(50), p99: delay.percentile(99), max: delay.max }));
  setInterval(write, EVERY_MS).unref();
  process.on('exit', write);
  // Begin of what is measured: what loading took does not count.
  process.on('SIGUSR2', () => delay.reset());
}
