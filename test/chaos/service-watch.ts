import { get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** A time in which not every service answered; moments in ms, `upAt` absent while it lasts. */
export interface Down {
  readonly downAt: number;
  upAt?: number;
}

/** Looks from outside at what the services answer, independent of what the product says about them. */
export interface ServiceWatch {
  /** The downs that lasted into the time since then. */
  downsSince(moment: number): Down[];
  isUp(): boolean;
  end(): Promise<void>;
}

const PAUSE_MS = 80;
const PATIENCE_MS = 5_000;

export function watchServices(urls: readonly string[]): ServiceWatch {
  const downs: Down[] = [];
  let current: Down | undefined;
  let isEnded = false;
  const watching = watch();

  async function watch(): Promise<void> {
    while (!isEnded) {
      const isUp = await allAnswer(urls);
      const now = Date.now();
      if (isUp && current) current.upAt = now;
      if (isUp) current = undefined;
      else if (!current) {
        current = { downAt: now };
        downs.push(current);
      }
      await wait(PAUSE_MS);
    }
  }

  return {
    downsSince: (moment) => downs.filter(({ upAt }) => upAt === undefined || upAt >= moment),
    isUp: () => current === undefined,
    async end() {
      isEnded = true;
      await watching;
    },
  };
}

export async function allAnswer(urls: readonly string[]): Promise<boolean> {
  return (await Promise.all(urls.map(answers))).every(Boolean);
}

export async function noneAnswers(urls: readonly string[]): Promise<boolean> {
  return !(await Promise.all(urls.map(answers))).some(Boolean);
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = get(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
  });
}
