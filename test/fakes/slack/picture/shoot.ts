import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { scenePage } from './page.ts';
import type { Scene } from './scene.ts';

const WIDTH = 720;

/** Draws the scene with Debian's Chromium (`apt-get install chromium fonts-lato`) and writes a PNG, so many times as fine as shown. */
export async function shoot(scene: Scene, toFile: string, fineness = 2): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slack-picture-'));
  const page = join(folder, 'page.html');
  try {
    await writeFile(page, scenePage(scene));
    const common = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      `--user-data-dir=${folder}/profile`,
    ];
    const look = await execa('chromium', [...common, `--window-size=${WIDTH},800`, '--dump-dom', `file://${page}`]);
    const height = Number(/<title>(\d+)<\/title>/.exec(look.stdout)?.[1]);
    if (!(height > 0)) throw new Error(`Chromium did not lay out ${page}`);
    const size = [`--window-size=${WIDTH},${height}`, `--force-device-scale-factor=${fineness}`];
    await execa('chromium', [...common, ...size, `--screenshot=${toFile}`, `file://${page}`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
