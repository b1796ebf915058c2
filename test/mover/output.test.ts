import { expect, it } from 'vitest';
import { unreadableItems } from '../../src/mover/restic/output.ts';

const said = (item: string, message: string) =>
  JSON.stringify({ message_type: 'error', error: { message }, during: 'archival', item });

it('tells what has vanished from what cannot be read', () => {
  const lines = [
    said('/d/gone', 'lstat /d/gone: no such file or directory'),
    said('/d/closed', 'open /d/closed: permission denied'),
    said('/d/both', 'read /d/both: input/output error'),
    said('/d/both', 'open /d/both: no such file or directory'),
    'Warning: at least one source file could not be read',
  ];
  expect(unreadableItems(lines)).toEqual([
    { path: '/d/gone', hasVanished: true },
    { path: '/d/closed', hasVanished: false },
    { path: '/d/both', hasVanished: false },
  ]);
});
