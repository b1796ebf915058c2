import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findImports, findViolations, packageOf, type SourceFile } from './architecture.ts';

const ROOT = join(import.meta.dirname, '..');

const project: SourceFile[] = ['src', 'commands', 'schedules', 'demo', 'bench', 'test'].flatMap(readSources);

function readSources(folder: string): SourceFile[] {
  // a folder that the project does not have (yet) has no files
  const isThere = readdirSync(ROOT).includes(folder);
  const names = isThere ? readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }) : [];
  return names
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `${folder}/${name}`)
    .filter((path) => path !== 'test/architecture.test.ts') // the breaks in it are quoted
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

describe('the house', () => {
  test('keeps its rules', () => {
    expect(project.length).toBeGreaterThan(20);
    expect(findViolations(project)).toEqual([]);
  });

  test('runs on packages that are installed with it', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const used = project
      .filter(({ path }) => /^(src|commands|schedules)\//.test(path))
      .flatMap(({ text }) => findImports(text))
      .map(({ specifier }) => packageOf(specifier ?? '.'))
      .filter((name) => name !== undefined);
    expect([...new Set(used)].filter((name) => !(name in dependencies))).toEqual([]);
  });
});

/** What the checker says of one made-up file. */
function judge(path: string, ...lines: string[]): string[] {
  return findViolations([{ path, text: `${lines.join('\n')}\n` }]);
}

describe('the checker', () => {
  test.each([
    ['src/backup/story.ts', "import { main } from '../main.ts';", 'rank 7'],
    ['src/backup/story.ts', "import type { Request } from '../restore/plan.ts';", 'rank 3'],
    ['src/mover/mover.ts', "import type { Chat } from '../chat/chat.ts';", 'rank 1'],
    ['src/records/part.ts', "export { chat } from '../chat/chat.ts';", 'rank 1'],
    ['src/errors.ts', "const chat = await import('../src/chat/chat.ts');", 'rank 1'],
    ['src/errors.ts', "type Chat = typeof import('./chat/chat.ts');", 'rank 1'],
    ['src/operation/runner.ts', "import {\n  type A,\n  b,\n} from '../approval/rules.ts';", 'rank 2'],
    ['src/orchestrator/door.ts', "import '../../commands/backup.ts';", 'rank 5'],
    ['src/config.ts', "import { main } from './main.ts';", 'rank 7'],
    ['commands/backup.ts', "import { page } from '../src/web/page.ts';", 'rank 5'],
    ['commands/backup.ts', "import { judge } from '../test/walker.ts';", 'no room'],
  ])('catches an import that goes up or sideways: %s', (path, line, word) => {
    expect(judge(path, line)).toEqual([expect.stringContaining(word)]);
  });

  test('lets imports go down and stay in their room', () => {
    expect(
      judge('src/backup/story.ts', "import { a } from './plan.ts';", "import { b } from '../mover/mover.ts';"),
    ).toEqual([]);
    expect(judge('commands/backup.ts', "import { a } from '../src/chat/command.ts';")).toEqual([]);
    expect(judge('src/main.ts', "const { a } = await import('./mover/restic/mover.ts');")).toEqual([]);
    expect(judge('src/main-serve.ts', "import { a } from './main/doors.ts';")).toEqual([]);
    expect(judge('src/records/part.ts', "import { a } from '../errors.ts';")).toEqual([]);
  });

  test('catches an adapter that someone else knows', () => {
    const line = "import { createLocalPlatform } from './local/platform.ts';";
    expect(judge('src/workspace/platform.ts', line)).toEqual([expect.stringContaining('known to main and to itself')]);
    expect(judge('src/workspace/cdp/platform.ts', "import { a } from '../local/service.ts';")).toHaveLength(1);
    expect(judge('src/config.ts', "import { a } from './mover/restic/copy.ts';")).toHaveLength(1);
    expect(judge('src/chat/command.ts', "import { a } from './terminal/render.ts';")).toHaveLength(1);
    expect(judge('src/config.ts', "import { resticSettings } from './mover/restic/settings.ts';")).toEqual([]);
    expect(judge('src/backup/story.ts', "import { a } from '../chat/messages/words.ts';")).toEqual([]);
  });

  test.each([
    ['src/catalog/catalog.ts', 'lowdb/node'],
    ['src/main.ts', 'yaml'],
    ['commands/backup.ts', 'commander'],
    ['src/orchestrator/door.ts', 'hono/streaming'],
    ['src/main.ts', '@hono/node-server'],
    ['src/orchestrator/door.ts', 'node-cron'],
    ['src/chat/terminal/server.ts', '@slack/bolt'],
    ['src/workspace/local/platform.ts', '@kubernetes/client-node'],
    ['src/main.ts', 'pino'],
  ])('catches a library outside of its place: %s imports %s', (path, library) => {
    expect(judge(path, `import thing from '${library}';`)).toEqual([expect.stringContaining('which lives in')]);
  });

  test('lets a library be used in its place', () => {
    expect(judge('src/catalog/lowdb/backups.ts', "import { Low } from 'lowdb';")).toEqual([]);
    expect(judge('src/chat/command-line.ts', "import { Command } from 'commander';")).toEqual([]);
    expect(judge('src/log.ts', "import pino from 'pino';")).toEqual([]);
  });

  test('catches a computed import and a path without its ending', () => {
    expect(judge('src/main.ts', "const a = await import('./' + name);")).toEqual([expect.stringContaining('computed')]);
    expect(judge('src/main.ts', 'const a = await import(path);')).toEqual([expect.stringContaining('computed')]);
    expect(judge('src/main.ts', "import { a } from './config.js';")).toContainEqual(
      expect.stringContaining('with .ts'),
    );
  });

  test('catches a judge and a demo that know the product', () => {
    expect(judge('test/walker.ts', "import { walk } from '../src/mover/mover.ts';")).toHaveLength(1);
    expect(judge('test/walker.ts', "import { z } from 'zod';")).toHaveLength(1);
    expect(judge('demo/demo.ts', "import { main } from '../src/main.ts';")).toHaveLength(1);
  });

  test('catches restic arguments and the environment outside of their place', () => {
    expect(judge('src/workspace/local/run.ts', "const args = ['--password-file', file];")).toHaveLength(1);
    expect(judge('src/main.ts', "const env = { RESTIC_CACHE_DIR: '/x' };")).toHaveLength(1);
    expect(judge('src/mover/restic/copy.ts', "const args = ['--retry-lock', '2m'];")).toEqual([]);
    expect(judge('src/clock.ts', 'const zone = process.env.TZ;')).toHaveLength(1);
    expect(judge('src/clock.ts', "import { argv, env } from 'node:process';")).toHaveLength(1);
    expect(judge('src/config.ts', 'const home = process.env.HOME;')).toEqual([]);
  });

  test('catches long files, suppressions, default exports, barrels and empty names', () => {
    expect(judge('src/clock.ts', ...Array(301).fill('a;'))).toEqual(['src/clock.ts has 301 lines: the ceiling is 300']);
    expect(judge('src/clock.ts', ...Array(300).fill('a;'))).toEqual([]);
    expect(judge('test/clock.test.ts', ...Array(501).fill('a;'))).toHaveLength(1);
    expect(judge('src/clock.ts', '// biome-ignore lint/suspicious/noConsole: <explanation>')).toHaveLength(1);
    expect(judge('src/clock.ts', '// biome-ignore lint/suspicious/noConsole:')).toHaveLength(1);
    expect(judge('src/clock.ts', '// @ts-expect-error')).toHaveLength(1);
    expect(
      judge('src/clock.ts', '// biome-ignore lint/suspicious/noConsole: the answer goes to standard output'),
    ).toEqual([]);
    expect(judge('src/clock.ts', 'export default clock;')).toHaveLength(1);
    expect(judge('src/clock.ts', 'export { clock as default };')).toHaveLength(1);
    expect(judge('src/records/index.ts', "export * from './part.ts';")).toHaveLength(2);
    expect(judge('src/backup/time-utils.ts')).toEqual([expect.stringContaining('say what it does')]);
    expect(judge('src/backup/helpers/time.ts')).toHaveLength(1);
    expect(judge('src/backup/backupStory.ts')).toEqual([expect.stringContaining('kebab-case')]);
    expect(judge('src/extras/new.ts')).toEqual([expect.stringContaining('no room')]);
  });

  test('does not mistake comments, addresses and patterns for code', () => {
    expect(judge('src/errors.ts', "// import { main } from './main.ts';", "/* import('./main.ts') */")).toEqual([]);
    expect(judge('src/errors.ts', "const url = 'http://x'; import { main } from './main.ts';")).toHaveLength(1);
    expect(judge('src/errors.ts', 'const quote = /[\'"]/g;', "import { main } from './main.ts'; // it's")).toHaveLength(
      1,
    );
  });
});
