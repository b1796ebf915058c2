import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commands } from '../../commands/commands.ts';
import { deployerCommands } from '../../commands/deployer.ts';
import { readCommand } from '../../src/chat/read-command.ts';
import { showVersion, VERSION } from '../../src/main-version.ts';
import { restic } from '../e2e/bench.ts';

const words = [...deployerCommands, ...commands];

test.each([['--version'], ['-V'], ['version'], ['--version', '--json']])('%s %s asks for the version', (...line) => {
  expect(readCommand(words, line).command.word).toBe('version');
});

test('the version is the package’s, with those of restic and Node', async () => {
  expect(JSON.parse(await readFile('package.json', 'utf8')).version).toBe(VERSION);
  const { text, json } = await showVersion({ environment: { CML_RESTIC: restic } });
  expect(json).toEqual({
    version: VERSION,
    restic: expect.stringMatching(/^0\.\d+\.\d+$/),
    node: process.versions.node,
  });
  expect(text).toMatch(/^cml-backup .* \(restic 0\.\d.*, Node \d/);
});

test('a missing restic is said, and is no reason to fail', async () => {
  const PATH = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    const answer = await showVersion({ environment: { CML_RESTIC: '/nowhere/restic' } });
    expect(answer).toMatchObject({ text: expect.stringContaining('no usable restic'), json: { restic: null } });
  } finally {
    process.env.PATH = PATH;
  }
});
