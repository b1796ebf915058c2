import { parseSigned, serializeSigned } from 'hono/utils/cookie';
import type { WebSettings } from '../settings.ts';
import { LONGEST_MS } from './sessions.ts';

/** The cookie that names a session: signed, never readable by scripts, never sent by what another site makes of us. */
export interface SessionCookie {
  /** The id that it names, where it is signed by us. */
  read(request: Request): Promise<string | undefined>;
  /** The header that makes the browser keep it. */
  write(id: string): Promise<string>;
  /** The header that makes the browser forget it. */
  clear(): Promise<string>;
}

export function createSessionCookie({ url, port }: Pick<WebSettings, 'url' | 'port'>, key: string): SessionCookie {
  const secure = url?.startsWith('https:') ?? false;
  // Browsers tell one host's cookies apart by name only, not by port. `__Host-` keeps neighbours from setting it.
  const name = secure ? '__Host-cml' : `cml_${port}`;
  const options = { path: '/', httpOnly: true, sameSite: 'Lax', secure } as const;
  return {
    async read({ headers }) {
      const cookies = headers.get('cookie');
      return cookies ? (await parseSigned(cookies, key, name))[name] || undefined : undefined;
    },
    write: (id) => serializeSigned(name, id, key, { ...options, maxAge: LONGEST_MS / 1_000 }),
    clear: () => serializeSigned(name, '', key, { ...options, maxAge: 0 }),
  };
}
