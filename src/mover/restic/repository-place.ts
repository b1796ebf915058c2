import type { RepositoryPlace } from '../mover.ts';
import { localFolderOf } from './settings.ts';

/**
 * Where a location leads, by its words alone and without the login that it may hold. Sources: restic:doc/030_preparing_a_new_repo.rst
 * for the forms, of which `s3:` may do without `https://`, and `sftp:` is written as ssh does or as an address.
 */
export function placeOfRepository(location: string): RepositoryPlace {
  const folder = localFolderOf(location);
  if (folder !== undefined) return { is: 'folder', name: folder };
  const [, scheme = '', rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(location) ?? [];
  const host = scheme === 'rest' || scheme === 's3' || scheme === 'sftp' ? hostIn(rest) : undefined;
  return host === undefined ? { is: 'service', name: scheme } : { is: 'host', name: host };
}

function hostIn(rest: string): string | undefined {
  const address = rest.replace(/^[a-z]+:\/\//, '').replace(/^\/\//, '');
  const authority = /^[^/]*/.exec(address)?.[0] ?? '';
  const withoutLogin = authority.slice(authority.lastIndexOf('@') + 1);
  const host = withoutLogin.startsWith('[') ? withoutLogin.slice(0, withoutLogin.indexOf(']') + 1) : withoutLogin;
  return host.replace(host.startsWith('[') ? '' : /:.*$/s, '') || undefined;
}
