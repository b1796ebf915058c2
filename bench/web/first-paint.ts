import { request } from 'node:http';

export interface Paint {
  readonly path: string;
  /** What comes over the wire for the page and all that it is made with, its headers too; as a browser asks for it. */
  readonly bytes: number;
  readonly files: number;
}

/** As somebody sees the page for the first time. */
export async function measurePaint(origin: string, token: string, path: string): Promise<Paint> {
  const page = await fetchPlain(origin, path, token);
  const named = [...page.text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((hit) => hit[1] ?? '');
  const assets = await Promise.all([...new Set(named)].map((asset) => fetchPlain(origin, asset, token)));
  const bytes = [page, ...assets].reduce((sum, one) => sum + one.bytes, 0);
  return { path, bytes, files: 1 + assets.length };
}

/** Counted as it comes, still compressed. */
function fetchPlain(origin: string, path: string, token: string): Promise<{ text: string; bytes: number }> {
  const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip, deflate, br' };
  return new Promise((resolve, reject) => {
    const asking = request(`${origin}${path}`, { headers, agent: false });
    asking.once('error', reject);
    asking.once('response', (answer) => {
      const { socket } = answer;
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('error', reject);
      answer.once('end', () => {
        if (answer.statusCode !== 200) reject(new Error(`${path} was answered ${answer.statusCode}`));
        resolve({ text: Buffer.concat(pieces).toString(), bytes: socket.bytesRead });
      });
    });
    asking.end();
  });
}
