import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DataMover } from '../../../src/mover/mover.ts';
import { createResticMover } from '../../../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../../../src/mover/restic/settings.ts';
import { JOB, POD, SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { type RestRepository, serveRepository } from '../../fakes/rest-repository.ts';
import { candidates } from '../../mover/restic-world.ts';
import { createJobScene, type JobScene } from './job-scene.ts';
import { NAMESPACE } from './scene.ts';

let scene: JobScene;
let base: string;
let repository: RestRepository;
let mover: DataMover;

beforeEach(async () => {
  scene = await createJobScene();
  base = await mkdtemp(join(tmpdir(), 'cml-move-'));
  repository = await serveRepository(join(base, 'repository'));
  const passwordFile = join(base, 'password');
  await writeFile(passwordFile, 'correct horse\n', { mode: 0o600 });
  scene.double.world.imagePaths.push(...candidates.filter((path) => path.startsWith('/tmp/')));
  mover = createResticMover({
    settings: resticSettings.parse({ kind: 'restic', location: repository.location, passwordFile, lockWait: 0 }),
    workspace: NAMESPACE,
    run: createJobRunner(scene.context),
    candidates,
    cacheFolder: join(base, 'cache'),
  });
});

afterEach(async () => {
  await scene.dispose();
  await repository.close();
  await rm(base, { recursive: true, force: true });
});

const options = (key: string) => ({ folder: scene.folder, key });

/** Every entry with kind, mode, owner, size, time and target, and every byte. */
function look(directory: string): string {
  const script = `find . -printf '%y %m %U:%G %s %T@ %P %l\\n' | sed 's/^d \\(.*\\) [0-9]* \\([0-9.]* \\)/d \\1 \\2/' | sort
    find . -type f -print0 | sort -z | xargs -0 sha256sum`;
  return execFileSync('sh', ['-c', script], { cwd: directory, encoding: 'utf8' });
}

it('copies a volume into a repository and brings it back, byte for byte, by Jobs of which nothing is left', async () => {
  const source = await scene.place('snapshot', 'database');
  const data = join(source.directory, 'pgdata');
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(data, 'table'), Buffer.alloc(3_000_000, 'row '));
  await writeFile(join(data, 'secret'), 'only theirs', { mode: 0o600 });
  for (const name of ['', 'table', 'secret']) await chown(join(data, name), 8536, 26);
  await chmod(source.directory, 0o2770);
  await symlink('/nowhere', join(source.directory, 'link'));
  const before = look(source.directory);

  await mover.init(options('init'));
  const progress: unknown[] = [];
  const { id, files, unreadable } = await mover.copy(
    { paths: [source.path], exclude: [], tags: ['t'] },
    { ...options('copy'), onProgress: (told) => progress.push(told) },
  );
  expect({ files, unreadable }).toEqual({ files: 2, unreadable: [] });
  expect(look(source.directory)).toBe(before);

  const scratch = await scene.place('scratch', 'database');
  await writeFile(join(scratch.directory, 'left over'), 'from an earlier try');
  await mover.restore(id, source.path, scratch.path, { ...options('restore'), inPlace: true });
  expect(look(scratch.directory)).toBe(before);
  const place = { pathInCopy: source.path, path: scratch.path };
  expect(await mover.compare(id, [place], options('same'))).toEqual({ entries: 5, differences: [] });

  await writeFile(join(scratch.directory, 'pgdata', 'secret'), 'only their$');
  const { differences } = await mover.compare(id, [place], options('differs'));
  expect(differences.length).toBeGreaterThan(0);

  for (const kind of [JOB, SECRET]) expect(scene.double.store.list(kind, NAMESPACE)).toEqual([]);
  await scene.context.cluster.follow(POD, { namespace: NAMESPACE }, (pods) => (pods.length === 0 ? true : undefined));
}, 60_000);
