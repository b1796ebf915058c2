import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { identify } from '../../src/process-identity.ts';
import type { Program } from '../../src/program.ts';
import { until } from './restic-world.ts';

const source = resolve(import.meta.dirname, '../../src/workspace/local/run-program.ts');

/**
 * Runs a program from another process of ours; killing that one is our own death. Node 20 does not read TypeScript: the
 * bundler under the test runner does it for that process too.
 */
export function liveOnceWith(program: Program, folder: string): ChildProcess {
  const server = {
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  };
  const script = `
    import { createServer } from 'vite';
    const server = await createServer(${JSON.stringify(server)});
    const { createLocalRunProgram } = await server.ssrLoadModule(${JSON.stringify(source)});
    await createLocalRunProgram()(${JSON.stringify(program)}, { folder: ${JSON.stringify(folder)} });
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
}

export async function die(life: ChildProcess): Promise<void> {
  life.kill('SIGKILL');
  await until(() => identify(life.pid ?? 0) === undefined);
}
