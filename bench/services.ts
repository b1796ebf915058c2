import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MARK } from './world.ts';

/** A tiny HTTP server that ends at once when it is told to. */
export const serviceProgram = fileURLToPath(new URL('../test/chaos/services/bystander.js', import.meta.url));

/** Two of the same services without the product: what stopping and starting them alone takes. */
export interface BareServices {
  /** Stops one after the other, starts them the other way round; answers how long until all are ready, in ms. */
  stopAndStart(): Promise<number>;
}

const LOOK_MS = 5;

export async function startBareServices(folder: string, mark: string): Promise<BareServices> {
  const ports = await freePorts(2);
  const begin = async (port: number): Promise<ChildProcess> => {
    const environment = { PORT: String(port), DIARY: join(folder, 'bare-diary.jsonl'), [MARK]: mark };
    const child = spawn(process.execPath, [serviceProgram], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: 'ignore',
    });
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`the service on port ${port} ended with ${child.exitCode}`);
      await wait(LOOK_MS);
    }
    return child;
  };
  const running: ChildProcess[] = [];
  for (const port of ports) running.push(await begin(port));
  return {
    async stopAndStart() {
      const beganAt = performance.now();
      for (const child of running.splice(0)) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      for (const port of ports.toReversed()) running.unshift(await begin(port));
      return performance.now() - beganAt;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`)).ok;
  } catch {
    return false;
  }
}

/** Held together until all are known, so that no port comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === 'object' && address ? address.port : 0;
    }),
  );
}
