import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createAddressOf, isNetwork, visitorOf } from '../../../src/web/auth/visitor-address.ts';

async function addressOf(trusted: readonly string[], remoteAddress: string, forwarded?: string): Promise<string> {
  const read = createAddressOf(trusted);
  const app = new Hono().get('/', (context) => context.text(read(context)));
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const incoming = { socket: { remoteAddress, remotePort: 1, remoteFamily: 'IPv4' } };
  return (await app.request('/', { headers }, { incoming })).text();
}

test.each([
  ['nobody is trusted', [], '10.0.0.7', '9.9.9.9', '10.0.0.7'],
  ['the proxy is trusted', ['10.0.0.7'], '10.0.0.7', '9.9.9.9', '9.9.9.9'],
  ['the visitor wrote something first', ['10.0.0.7'], '10.0.0.7', '1.1.1.1, 9.9.9.9', '9.9.9.9'],
  ['there are two proxies', ['10.0.0.0/8'], '10.0.0.7', '1.1.1.1, 9.9.9.9, 10.1.1.1', '9.9.9.9'],
  ['somebody else pretends to be one', ['10.0.0.0/8'], '8.8.8.8', '9.9.9.9', '8.8.8.8'],
  ['all are proxies', ['10.0.0.0/8'], '10.0.0.7', '10.0.0.9', '10.0.0.9'],
  ['nothing is said', ['10.0.0.7'], '10.0.0.7', undefined, '10.0.0.7'],
  ['no address is said', ['10.0.0.7'], '10.0.0.7', '9.9.9.9, unknown', '10.0.0.7'],
  ['a port is said', ['10.0.0.7'], '10.0.0.7', '9.9.9.9:4711', '9.9.9.9'],
  ['it is of the new kind', ['fd00::/8'], 'fd00::7', '[2001:db8::1]:4711', '2001:db8::1'],
  ['the old kind comes in the clothes of the new', ['10.0.0.7'], '::ffff:10.0.0.7', '::ffff:9.9.9.9', '9.9.9.9'],
])('where a visitor is: %s', async (_, trusted, remote, forwarded, address) => {
  expect(await addressOf(trusted, remote, forwarded)).toBe(address);
});

test('one visitor is a whole network of the new kind', () => {
  expect(visitorOf('9.9.9.9')).toBe('9.9.9.9');
  expect(visitorOf('2001:db8:0:1::1')).toBe(visitorOf('2001:0db8:0000:0001:ffff:ffff:ffff:ffff'));
  expect(visitorOf('2001:db8:0:1::1')).not.toBe(visitorOf('2001:db8:0:2::1'));
  expect(visitorOf('::1')).toBe('0:0:0:0::/64');
  expect(visitorOf('somewhere')).toBe('somewhere');
});

test.each([
  ['10.0.0.7', true],
  ['10.0.0.0/8', true],
  ['fd00::/8', true],
  ['10.0.0.0/33', false],
  ['10.0.0', false],
  ['proxy.example.org', false],
  ['10.0.0.0/', false],
  ['', false],
])('whether %s is an address or a network: %s', (text, expected) => {
  expect(isNetwork(text)).toBe(expected);
});
