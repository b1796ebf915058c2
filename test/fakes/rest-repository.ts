import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';

const TYPES = ['data', 'index', 'keys', 'locks', 'snapshots'];
const LIST = 'application/vnd.x.restic.rest.v2';

export interface RestRepository {
  /** What restic calls its location. */
  readonly location: string;
  close(): Promise<void>;
}

/**
 * A repository that programs reach from anywhere, as pods do, kept as files in a folder.
 * Source: restic doc/REST_backend.rst. `host` is this machine as they call it; with one, all of its addresses are served.
 */
export async function serveRepository(folder: string, host?: string): Promise<RestRepository> {
  const server = createServer((request, response) => {
    answer(folder, request, response).catch(() => {
      response.statusCode = 500;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host === undefined ? '127.0.0.1' : '0.0.0.0', resolve));
  return {
    location: `rest:http://${host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here');
  const [type = '', name = ''] = pathname.split('/').filter(Boolean);
  if (request.method === 'POST' && searchParams.get('create') === 'true') {
    for (const each of TYPES) await mkdir(join(folder, each), { recursive: true });
    return void response.end();
  }
  if (type !== 'config' && !TYPES.includes(type)) return void response.writeHead(400).end();
  const path = join(folder, type, name);
  if (type !== 'config' && name === '') return list(path, response);
  if (request.method === 'POST') {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, await buffer(request));
    await rename(`${path}.new`, path);
    return void response.end();
  }
  if (!existsSync(path)) return void response.writeHead(404).end();
  if (request.method === 'DELETE') {
    await rm(path);
    return void response.end();
  }
  await give(path, request, response);
}

async function list(folder: string, response: ServerResponse): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const files = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })));
  response.writeHead(200, { 'content-type': LIST }).end(JSON.stringify(files));
}

async function give(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { size } = await stat(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(size - 1, last ? Number(last) : size - 1);
  response.writeHead(first === undefined ? 200 : 206, {
    'content-length': Math.max(0, end - start + 1),
    'content-range': `bytes ${start}-${end}/${size}`,
  });
  if (request.method === 'HEAD' || size === 0) return void response.end();
  createReadStream(path, { start, end }).pipe(response);
}
