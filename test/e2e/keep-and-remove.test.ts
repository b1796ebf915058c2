import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { asBob, type Bench, makeBench, restic, runRestic } from './bench.ts';
import { holdRepository } from './hold-repository.ts';
import { sendSignal, until } from './processes.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Backups are kept, verified and removed by the real command line, one sitting: each test goes on where the last ended. */
let bench: Bench;
let old: string;
let fresh: string;
let verifiedBy: string;

beforeAll(async () => {
  bench = await makeBench((at) => {
    // What came back is looked at where it is, and refused as long as a file stands.
    const look = 'grep -q two "$CML_SCRATCH/db/records" || { echo no such row >&2; exit 1; }';
    const refuse = `[ ! -e ${at('refuse')} ] || { echo 3 rows are missing >&2; exit 1; }`;
    return { checks: [{ name: 'rows', command: ['sh', '-c', `${look}; ${refuse}`] }] };
  });
  await writeFile(bench.at('restic'), DAMAGING, { mode: 0o755 });
  await bench.serve([], { environment: { CML_RESTIC: bench.at('restic') } });
  await bench.say(['start', 'team-ml']);
  old = await backUp('old');
  await writeFile(bench.at('team-ml/db/records'), 'one\ntwo\nthree\n');
  fresh = await backUp('fresh');
});

afterAll(() => bench?.dispose());

/** restic, and then what the file `damage` says is done to what it has restored, before anyone has looked at it. */
const DAMAGING = `#!/bin/sh
here=$(dirname "$0")
case " $* " in *' --dry-run '*) ;; *' restore '*'/db '*)
  [ -e "$here/damage" ] || exec '${restic}' "$@"
  '${restic}' "$@" || exit $?
  for word; do target=$word; done
  cd "$target/db" && touch -r records "$here/time" && sh "$here/damage" && touch -c -r "$here/time" records
  exit ;;
esac
exec '${restic}' "$@"
`;

async function backUp(name: string): Promise<string> {
  const { answer } = await bench.sayJson(['backup', 'team-ml', '--name', name]);
  expect(answer.backup).toMatchObject({ status: 'completed' });
  return answer.backup.id;
}

async function copiesIn(): Promise<{ id: string; tags: string[] }[]> {
  return JSON.parse(await runRestic(bench, ['snapshots', '--json']));
}

const backupOf = async (id: string) => (await bench.sayJson(['status', id])).answer.backup;
const copiesOf = async (id: string): Promise<string[]> => {
  const backup = await backupOf(id);
  return [backup.manifestCopyId, ...backup.parts.map(({ copyId }: { copyId: string }) => copyId)];
};

/** Nothing but what was there before: no scratch place, no copy, no service stopped. */
async function expectNothingLeft(): Promise<void> {
  const state = await readdir(bench.at('cml-data/workspaces/team-ml'));
  expect(state.filter((name) => name.includes('scratch'))).toEqual([]);
  expect(await bench.operations('open')).toEqual([]);
  expect(bench.pidsOf('web')).toHaveLength(1);
}

test('a backup is verified: brought back, counted, checked, and never a service touched', async () => {
  const [service] = bench.pidsOf('web');
  expect((await bench.say(['status', fresh])).stdout).toMatch(/Verified +never/);
  const { exitCode, answer, stderr } = await bench.sayJson(['verify', 'fresh']);
  expect(exitCode).toBe(0);
  expect(answer.operation).toMatchObject({ kind: 'verify', status: 'succeeded', outcome: { files: 1, checks: 1 } });
  expect(answer.backup).toMatchObject({ id: fresh, verified: { operationId: answer.operation.id } });
  expect(stderr).toContain('verification of team-ml');
  verifiedBy = answer.operation.id;
  expect(await backupOf(fresh)).toMatchObject({ verified: { operationId: verifiedBy, files: 1, bytes: 14 } });
  expect((await bench.say(['status', fresh])).stdout).toMatch(/Verified +20\d\d-.* took \d/);
  expect(bench.pidsOf('web')).toEqual([service]);
  await expectNothingLeft();
});

test.each([
  ['byte', 'printf O | dd of=records conv=notrunc', /records": the content differs/],
  ['mode', 'chmod 600 records', /records": mode was 644, is 600/],
  ['name', 'mv records other', /records" is missing; .*other" is not in the copy/],
])('what comes back with another %s than its copy holds fails the verification', async (_what, damage, told) => {
  await writeFile(bench.at('damage'), damage);
  const { exitCode, answer } = await bench.sayJson(['verify', 'fresh']);
  await rm(bench.at('damage'));
  expect(exitCode).toBe(1);
  expect(answer.operation.error).toMatchObject({ code: 'copy-not-proven', message: expect.stringMatching(told) });
  expect((await backupOf(fresh)).verified.operationId).toBe(verifiedBy);
  await expectNothingLeft();
});

test("a check of the workspace's own that refuses what came back fails the verification", async () => {
  await writeFile(bench.at('refuse'), '');
  const { exitCode, answer } = await bench.sayJson(['verify', 'old']);
  await rm(bench.at('refuse'));
  expect(exitCode).toBe(1);
  expect(answer.operation.error).toMatchObject({
    code: 'check-failed',
    message: expect.stringMatching(/rows.*3 rows are missing/),
  });
  expect((await backupOf(old)).verified).toBeUndefined();
  await expectNothingLeft();
});

test('a pinned backup is shown so, and no deletion of it is even asked', async () => {
  const pinned = await bench.sayJson(['pin', 'old', '--reason', 'the audit']);
  expect(pinned).toMatchObject({ exitCode: 0, answer: { backup: { id: old, pinned: { reason: 'the audit' } } } });
  expect((await bench.say(['status', old])).stdout).toMatch(/Pinned +by \w+ at .*: the audit/);
  const { stdout } = await bench.say(['list']);
  expect(stdout).toMatch(new RegExp(`${fresh} .* verified`));
  expect(stdout).toMatch(new RegExp(`${old} .*completed, pinned`));
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  const refused = await bench.sayJson(['delete', 'old', '--confirm', 'team-ml']);
  expect(refused).toMatchObject({ exitCode: 3, answer: { error: { code: 'backup-held' } } });
  expect(refused.stderr).toContain(`cml unpin ${old}`);
  expect((await bench.sayJson(['unpin', old])).answer.backup.pinned).toBeUndefined();
});

test('a deletion is shown, confirmed, approved by another, and leaves no copy of it', async () => {
  const [doomed, kept] = [await copiesOf(old), await copiesOf(fresh)];
  const shown = await bench.sayJson(['delete', 'old', '--dry-run']);
  expect(shown).toMatchObject({ exitCode: 0, answer: { plan: { backupId: old, warnings: [] } } });
  const unconfirmed = await bench.sayJson(['delete', 'old']);
  expect(unconfirmed).toMatchObject({ exitCode: 3, answer: { error: { code: 'not-confirmed' } } });
  const asked = await bench.sayJson(['delete', 'old', '--confirm', 'team-ml', '--reason', 'too old']);
  expect(asked).toMatchObject({ exitCode: 0, answer: { request: { kind: 'delete', status: 'pending' } } });
  const { id } = asked.answer.request;
  expect((await bench.say(['status'])).stdout).toMatch(
    new RegExp(`${id}: .* asks to delete ${old} \\(.*\\) \\(too old\\)`),
  );
  expect(await bench.sayJson(['approve', id])).toMatchObject({
    exitCode: 3,
    answer: { error: { code: 'own-approval' } },
  });
  const held = await bench.sayJson(['restore', 'old', '--confirm', 'team-ml']);
  expect(held).toMatchObject({ exitCode: 3, answer: { error: { code: 'backup-held' } } });
  expect((await copiesIn()).map((copy) => copy.id)).toEqual(expect.arrayContaining(doomed));

  const approved = await bench.sayJson(['approve', id, '--wait', ...asBob.words], asBob);
  expect(approved).toMatchObject({ exitCode: 0, answer: { operation: { kind: 'delete', status: 'succeeded' } } });
  const left = (await copiesIn()).map((copy) => copy.id);
  expect(left.toSorted()).toEqual([...new Set(kept)].toSorted());
  expect((await bench.sayJson(['list'])).answer.backups.map((backup: { id: string }) => backup.id)).toEqual([fresh]);
  const gone = await bench.sayJson(['delete', old, '--confirm', 'team-ml']);
  expect(gone).toMatchObject({ exitCode: 4, answer: { error: { code: 'unknown-backup' } } });
  expect(await readFile(bench.at('cml-data/messages.log'), 'utf8')).toContain(`backup ${old} was deleted`);
  await expectNothingLeft();
});

test('the other backup is still restored', async () => {
  await writeFile(bench.at('team-ml/db/records'), 'damaged\n');
  const asked = await bench.sayJson(['restore', 'fresh', '--confirm', 'team-ml']);
  const approved = await bench.sayJson(['approve', asked.answer.request.id, '--wait', ...asBob.words], asBob);
  expect(approved).toMatchObject({ exitCode: 0, answer: { restore: { status: 'succeeded' } } });
  expect(await readFile(bench.at('team-ml/db/records'), 'utf8')).toBe('one\ntwo\nthree\n');
});

test('a deletion whose server is killed while the repository is held goes on with the next one', async (here) => {
  const third = await backUp('third');
  const doomed = await copiesOf(third);
  const { id } = (await bench.sayJson(['delete', third, '--confirm', 'team-ml'])).answer.request;
  const holder = await holdRepository({
    ...{ restic, repository: bench.at('repository'), passwordFile: bench.at('cml-data/secrets/password') },
  });
  here.onTestFinished(() => void holder.kill('SIGKILL'));
  await bench.sayJson(['approve', id, ...asBob.words], asBob);
  await bench.awaitStep('forget manifest');
  expect((await backupOf(third)).status).toBe('deleting');
  expect((await bench.sayJson(['verify', third])).answer.error.code).toBe('backup-incomplete');
  expect((await bench.sayJson(['pin', third])).answer.error.code).toBe('too-late');
  const restored = await bench.sayJson(['restore', third, '--confirm', 'team-ml']);
  expect(restored).toMatchObject({ exitCode: 3, answer: { error: { code: 'backup-incomplete' } } });
  for (const pid of bench.serverPids()) sendSignal(pid, 'SIGKILL');
  holder.kill('SIGKILL');
  await until('the backup is deleted', async () => (await backupOf(third)).status === 'deleted');
  await until('the deletion has ended', async () => (await bench.operations('open')).length === 0);
  expect((await copiesIn()).map((copy) => copy.id).filter((copy) => doomed.includes(copy))).toEqual([]);
  await expectNothingLeft();
});

test('a damaged repository fails the verification, and what an earlier one found stays', async () => {
  const data = bench.at('repository/data');
  for (const name of await readdir(data, { recursive: true })) {
    const file = await open(join(data, name), 'r+').catch(() => undefined); // a folder
    const size = (await file?.stat())?.size ?? 0;
    if (file && size > 0) await file.write(Buffer.alloc(Math.min(size, 40), 7), 0);
    await file?.close();
  }
  const { exitCode, answer } = await bench.sayJson(['verify', 'fresh']);
  expect({ exitCode, status: answer.operation.status }).toEqual({ exitCode: 1, status: 'failed' });
  expect((await backupOf(fresh)).verified.operationId).toBe(verifiedBy);
  await expectNothingLeft();
});

test('who asked, kept, verified and decided stands in the audit log', async () => {
  const lines = (await readFile(bench.at('cml-data/audit.jsonl'), 'utf8')).trim().split('\n');
  const did = lines.map((line) => JSON.parse(line)).map(({ by, did }) => `${by.name} ${did}`);
  for (const said of ['verify asked', 'pinned', 'unpinned', 'delete asked']) expect(did).toContain(`alice ${said}`);
  expect(did).toContain('bob approved');
});
