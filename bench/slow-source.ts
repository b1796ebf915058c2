import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { MARK } from './world.ts';

const SOURCE = fileURLToPath(new URL('../../bench/latency-fs.c', import.meta.url));
/** One round trip, in milliseconds. */
export const LATENCY_MS = 0.5;
/**
 * How long the kernel believes attributes, in seconds. NFS begins with 3 for a file and doubles it with each look that
 * finds nothing changed, up to 60 (nfs(5): acregmin, acregmax); folders begin with 30.
 */
export const ATTRIBUTE_SECONDS = 10;

/** A folder seen over a connection with latency. */
export interface SlowSource {
  readonly point: string;
  /** Nothing of it is in any cache of the kernel's afterwards, as when a client has not looked for long. */
  forgetAttributes(): Promise<void>;
  end(): Promise<void>;
}

/** @throws Error that says what this machine lacks. */
export async function mountSlowSource(room: string, folder: string, mark: string): Promise<SlowSource> {
  const program = join(room, 'latency-fs');
  try {
    const { stdout } = await execa('pkg-config', ['--cflags', '--libs', 'fuse3']);
    await execa('cc', ['-O2', '-Wall', '-o', program, SOURCE, ...stdout.split(/\s+/).filter((word) => word !== '')]);
  } catch (cause) {
    throw new Error('the slow source could not be compiled: it needs cc, pkg-config and libfuse3-dev', { cause });
  }
  const point = join(room, 'slow');
  await mkdir(point);
  let server = await mount(program, folder, point, mark);
  const unmount = async () => {
    await execa('umount', [point]);
    if (server.exitCode === null) await once(server, 'exit');
  };
  return {
    point,
    async forgetAttributes() {
      await unmount();
      server = await mount(program, folder, point, mark);
    },
    end: unmount,
  };
}

async function mount(program: string, folder: string, point: string, mark: string): Promise<ChildProcess> {
  const timeouts = `attr_timeout=${ATTRIBUTE_SECONDS},entry_timeout=${ATTRIBUTE_SECONDS}`;
  const env = { PATH: process.env.PATH, SOURCE: folder, LATENCY_NS: String(LATENCY_MS * 1e6), [MARK]: mark };
  const options = ['-f', '-o', `${timeouts},max_threads=64,ro`, point];
  const server = spawn(program, options, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const outside = (await stat(join(point, '..'))).dev;
  while ((await stat(point)).dev === outside) {
    if (server.exitCode !== null) throw new Error(`the slow source could not be mounted: ${said.trim()}`);
    await wait(10);
  }
  return server;
}
