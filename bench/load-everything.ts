import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** These begin to work when they are imported; all that they would import is imported here as well. Assets are a browser's. */
const PROGRAMS = /(^|\/)(main|guard-main)\.js$|\/web\/assets\//;

/** Prints the resident bytes of a process that has loaded every file of the product. */
async function loadEverything(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const room of ['src', 'commands', 'schedules']) {
    for (const path of filesIn(join(root, room))) if (!PROGRAMS.test(path)) await import(path);
  }
  process.stdout.write(`${process.memoryUsage().rss}\n`);
}

function filesIn(folder: string): string[] {
  try {
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return found.filter((name) => name.endsWith('.js')).map((name) => join(folder, name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []; // a room that has not been built yet
    throw cause;
  }
}

await loadEverything();
