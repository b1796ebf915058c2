import { isIPv4 } from 'node:net';
import { z } from 'zod';

/** `web:` in cml.yaml; without it there is no page. */
const settings = z.strictObject({
  /** 0 for any that is free. */
  port: z.number().int().min(0).max(65_535).default(8_443),
  host: z.string().min(1).default('127.0.0.1'),
  /** How people reach the page, where something stands in front of it; https there means that all else is refused. */
  url: z.url({ protocol: /^https?$/ }).optional(),
});

/** Tokens and cookies of people never travel in the clear. */
export const webSettings = settings.refine(({ host, url }) => isLoopback(host) || url?.startsWith('https://'), {
  path: ['host'],
  error:
    'is an address that others can reach: that takes something in front of it that speaks https, named by web.url; without it only this machine may, by 127.0.0.1',
});
export type WebSettings = z.infer<typeof webSettings>;

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
