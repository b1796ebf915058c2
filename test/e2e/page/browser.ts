import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { freePort } from '../../workspace/local/bench.ts';
import { answers, asBob, type Begun, type Bench, type BenchWish, makeBench, restic } from '../bench.ts';
import { until } from '../processes.ts';

const CHROMIUM = '/usr/bin/chromium';
/** Without it the tests of the page in a browser are skipped by name. */
export const hasBrowser = existsSync(CHROMIUM);

/** So many KiB are written to the repository in a second: else a small workspace is copied before anybody can look. */
const UPLOAD_KIB = 6_000;

type State = NonNullable<BrowserContextOptions['storageState']>;

/** A real server whose page is looked at by real browsers. */
export interface PageBench extends Bench {
  readonly origin: string;
  /** What browsers complained of: refused scripts, errors of scripts. Must stay empty. */
  readonly troubles: string[];
  /** A page of somebody who is logged in, in a browser of their own. */
  as(person: 'alice' | 'bob', options?: BrowserContextOptions): Promise<Page>;
  /** The same of nobody. */
  stranger(options?: BrowserContextOptions): Promise<Page>;
  kill(): Promise<void>;
  /** Waits until it can be spoken to. */
  openServer(patienceMs?: number): Promise<void>;
}

export async function openPageBench(
  make: (at: Bench['at']) => BenchWish & { before?: () => Promise<void> },
): Promise<PageBench> {
  const port = await freePort();
  let before: (() => Promise<void>) | undefined;
  const bench = await makeBench((at) => {
    const { before: first, ...wish } = make(at);
    before = first;
    return { ...wish, more: { ...wish.more, web: { port } } };
  });
  await before?.();
  const slowRestic = bench.at('slow-restic');
  await writeFile(slowRestic, `#!/bin/sh\nRESTIC_PACK_SIZE=4 exec '${restic}' --limit-upload ${UPLOAD_KIB} "$@"\n`, {
    mode: 0o755,
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const origin = `http://127.0.0.1:${port}`;
  const troubles: string[] = [];
  const sessions = new Map<string, State>();
  let server: Begun | undefined;

  async function stranger(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: origin, ...options });
    watch(context, troubles);
    return context.newPage();
  }

  async function logIn(person: 'alice' | 'bob'): Promise<State> {
    const said = person === 'bob' ? bench.sayJson([...asBob.words, 'web'], asBob) : bench.sayJson(['web']);
    const page = await stranger();
    await page.goto((await said).answer.login);
    await page.getByRole('button', { name: `Log in as ${person}` }).click();
    await page.getByRole('heading', { level: 1, name: 'Workspaces' }).waitFor();
    const state = await page.context().storageState();
    await page.context().close();
    return state;
  }

  return {
    ...bench,
    ...{ origin, troubles, stranger },
    async as(person, options = {}) {
      const storageState = sessions.get(person) ?? (await logIn(person));
      sessions.set(person, storageState);
      return stranger({ storageState, ...options });
    },
    async kill() {
      server?.kill('SIGKILL');
      await server?.ended;
    },
    async openServer(patienceMs = 60_000) {
      server = bench.begin(['serve'], { environment: { CML_RESTIC: slowRestic } });
      await until('the server answers', () => answers(bench.at('cml-data/control.sock')), patienceMs);
    },
    async dispose() {
      await browser.close();
      await bench.dispose();
    },
  };
}

function watch(context: BrowserContext, troubles: string[]): void {
  context.on('console', (said) => {
    // That an answer is a refusal, or that a connection is cut off, is told of by the browser as well.
    const isExpected = /ERR_|Failed to (fetch|load resource)|network error/i.test(said.text());
    if (said.type() === 'error' && !isExpected) troubles.push(said.text());
  });
  context.on('weberror', (error) => troubles.push(error.error().message));
}
