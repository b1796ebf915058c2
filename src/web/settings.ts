import { z } from 'zod';
import { isLoopback } from './auth/loopback.ts';
import { oidcSettings } from './auth/oidc/settings.ts';
import { isNetwork } from './auth/visitor-address.ts';

/** `web:` in cml.yaml; without it there is no page. */
const settings = z.strictObject({
  /** 0 for any that is free. */
  port: z.number().int().min(0).max(65_535).default(8_443),
  host: z.string().min(1).default('127.0.0.1'),
  /** How people reach the page, where something stands in front of it; https there means that all else is refused. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  /** Whose `X-Forwarded-For` is believed: addresses or networks of what stands in front of it. */
  trustProxy: z
    .array(z.string().refine(isNetwork, 'must be an address or a network, such as 10.0.0.7 or 10.0.0.0/8'))
    .default([]),
  oidc: oidcSettings.optional(),
});

/** Tokens and cookies of people never travel in the clear. */
export const webSettings = settings.refine(({ host, url }) => isLoopback(host) || url?.startsWith('https://'), {
  path: ['host'],
  error:
    'is an address that others can reach: that takes something in front of it that speaks https, named by web.url; without it only this machine may, by 127.0.0.1',
});
export type WebSettings = z.infer<typeof webSettings>;
