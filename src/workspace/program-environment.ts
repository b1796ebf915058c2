import { homedir, userInfo } from 'node:os';
import { dirname } from 'node:path';

/**
 * What services and configured commands find in their environment besides what is configured for them. Fixed, because
 * the same service is started by the server, by the guard and by a person's `cml start`: it must come up the same.
 */
export function programEnvironment(): Record<string, string> {
  const path = [
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
    dirname(process.execPath),
  ];
  return { PATH: path.join(':'), HOME: homedir(), USER: userInfo().username, LANG: 'C.UTF-8' };
}
