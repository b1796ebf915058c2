import { readFile } from 'node:fs/promises';
import type { Scene } from './scene.ts';
import { shoot } from './shoot.ts';

// node dist/test/fakes/slack/picture/draw.js <scene.json> <picture.png> [<scene.json> <picture.png> ...]
const files = process.argv.slice(2);
for (let n = 0; n + 1 < files.length; n += 2) {
  const [from = '', to = ''] = files.slice(n, n + 2);
  await shoot(JSON.parse(await readFile(from, 'utf8')) as Scene, to);
}
