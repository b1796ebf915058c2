import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stored } from '../store.ts';
import type { Behaviour } from './world.ts';

/** Writes a line to a file of its volume every so often, so that a cut that is not quiet shows. */
export function writesTo(volume: string, file: string, everyMs = 5): Behaviour {
  let count = 0;
  return {
    works: {
      everyMs,
      work(directories, pod) {
        count += 1;
        const directory = directories[volume];
        if (directory !== undefined) appendFileSync(join(directory, file), `${pod.metadata.name} ${count}\n`);
      },
    },
  };
}

/** Number of the schema that the database's program knows: the tag of its image, else 1. */
function versionOf(pod: Stored): number {
  return Number(/:v?(\d+)/.exec(pod.spec.containers[0].image)?.[1] ?? 1);
}

export const SCHEMA_FILE = 'SCHEMA';

/**
 * Behaves to its data directory as PostgreSQL does: refuses an empty one, one that others may write to (0770 after `fsGroup`:
 * seen), and one whose schema a newer version has migrated; a newer version migrates what it starts on.
 */
export function actsAsDatabase(volume = 'data', folder = '.'): Behaviour {
  const dataOf = (directories: Readonly<Record<string, string>>) => join(directories[volume] ?? '/nowhere', folder);
  return {
    refuses(directories, pod) {
      const data = dataOf(directories);
      if (!existsSync(join(data, 'PG_VERSION'))) return `data directory ${data} is empty or not a database`;
      const mode = statSync(data).mode & 0o7777;
      if (mode !== 0o700 && mode !== 0o750)
        return `data directory "${data}" has invalid permissions (${mode.toString(8)})`;
      const schema = schemaAt(data);
      if (schema > versionOf(pod)) return `schema ${schema} is newer than this program (${versionOf(pod)})`;
      return undefined;
    },
    starts(directories, pod) {
      const data = dataOf(directories);
      if (schemaAt(data) < versionOf(pod)) writeFileSync(join(data, SCHEMA_FILE), `${versionOf(pod)}\n`);
    },
  };
}

function schemaAt(data: string): number {
  const file = join(data, SCHEMA_FILE);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}
