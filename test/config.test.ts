import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Config, type Environment, readConfig } from '../src/config.ts';
import { explainConfig } from '../src/config-explain.ts';
import { writeInitialConfig, writeRecoverySheet } from '../src/config-init.ts';
import { ConfigError } from '../src/errors.ts';
import { resticSettings } from '../src/mover/restic/settings.ts';
import { workspaceSettings } from '../src/records/workspace.ts';
import { localSettings } from '../src/workspace/local/settings.ts';

const TOKEN = `sha256:${'ab'.repeat(32)}`;

const WHOLE = `data: ./cml-data
notify: { command: [sh, -c, 'cat >> messages.txt'] }
people:
  alice: { uid: 1000 }
  bob: { token: '${TOKEN}' }
workspaces:
  team-ml:
    platform:
      kind: local
      release: 1.10
      services:
        - name: web
          command: [node, server.js, 8080]
          folder: ./team-ml
          environment: { PORT: 8080, SECRET: 'hunter2' }
          ready: { http: 'http://127.0.0.1:8080/health' }
          stop: { signal: SIGTERM, grace: 45s }
        - name: db
          start: [systemctl, start, db]
          stop: [systemctl, stop, db]
          status: [systemctl, is-active, --quiet, db]
      volumes:
        - { name: db, path: ./team-ml/db, capture: two-pass }
        - { name: big, path: ./big, capture: snapshot, snapshot: { make: [mk], drop: [rm], path: ./snap/big } }
      sharedFolders:
        - { name: projects, path: ./team-ml/projects }
        - { name: datasets, path: ../datasets, location: external }
      definition: { files: [./team-ml/.env] }
      checks:
        - { name: rows, command: [./rows.sh] }
        - { name: model, command: [./model.sh], folder: ./team-ml }
    repository:
      kind: restic
      location: ./repository
      passwordFile: ./cml-data/secrets/team-ml.password
    policy: { notice: 1h30m, timeout: 4h, approvers: [bob] }
`;

let home: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'cml-config-')));
});
afterEach(() => rm(home, { recursive: true }));

async function read(text: string, environment: Environment = {}): Promise<Config> {
  await mkdir(join(home, 'conf'), { recursive: true });
  await writeFile(join(home, 'conf', 'cml.yaml'), text);
  return readConfig({ path: 'conf/cml.yaml', cwd: home, environment });
}

async function problemsOf(text: string, environment: Environment = {}): Promise<readonly string[]> {
  const error = await read(text, environment).then(
    () => undefined,
    (rejected: unknown) => rejected,
  );
  if (error === undefined) return [];
  if (!(error instanceof ConfigError)) throw error;
  return error.problems;
}

/** The problems after one change to a configuration that is good. */
function spoiled(from: string | RegExp, to: string): Promise<readonly string[]> {
  expect(WHOLE).toMatch(from);
  return problemsOf(WHOLE.replace(from, to));
}

describe('a good configuration', () => {
  test('is read with absolute paths, lengths of time in milliseconds and defaults', async () => {
    const config = await read(WHOLE);
    const conf = join(home, 'conf');
    expect(config).toMatchObject({
      path: join(conf, 'cml.yaml'),
      data: join(conf, 'cml-data'),
      notify: { command: ['sh', '-c', 'cat >> messages.txt'] },
      people: { alice: { uid: 1000 }, bob: { token: TOKEN } },
      trustBarePeople: false,
      logLevel: 'info',
    });
    const team = config.workspaces['team-ml'];
    expect(team?.policy).toMatchObject({ notice: 5_400_000, timeout: 14_400_000, downtimeBudget: 900_000, votes: 1 });
    expect(team?.platform).toMatchObject({
      release: '1.10',
      services: [
        { command: ['node', 'server.js', '8080'], folder: join(conf, 'team-ml'), stop: { grace: 45_000 } },
        { name: 'db' },
      ],
      volumes: [{ path: join(conf, 'team-ml', 'db') }, { snapshot: { path: join(conf, 'snap', 'big') } }],
      sharedFolders: [{ location: 'internal' }, { path: join(home, 'datasets'), location: 'external' }],
      definition: { files: [join(conf, 'team-ml', '.env')] },
      checks: [{ folder: conf }, { folder: join(conf, 'team-ml') }],
    });
    expect(team?.repository).toMatchObject({
      location: join(conf, 'repository'),
      passwordFile: join(conf, 'cml-data', 'secrets', 'team-ml.password'),
    });
  });

  test('can be kept in a record and be read again by the adapters', async () => {
    const { workspaces } = await read(WHOLE);
    const kept = workspaceSettings.parse(JSON.parse(JSON.stringify(workspaces['team-ml'])));
    expect(kept).toEqual(workspaces['team-ml']);
    expect(localSettings.parse(kept.platform)).toEqual(kept.platform);
    expect(resticSettings.parse(kept.repository)).toEqual(kept.repository);
  });

  test('leaves a repository elsewhere as it is written', async () => {
    const { workspaces } = await read(WHOLE.replace('./repository', 'sftp:nas:/backup'));
    expect(workspaces['team-ml']?.repository).toMatchObject({ location: 'sftp:nas:/backup' });
  });

  test('takes a key with nothing behind it for a key that is not there', async () => {
    expect((await read(`logLevel:\n${WHOLE}`)).logLevel).toBe('info');
  });

  test('says where in Slack everything is said', async () => {
    const slack = 'slack: { channel: C0ML, channels: { team-ml: C0TEAM }, approvals: { by: web }, onCall: S0OPS }';
    const config = await read(`${slack}\n${WHOLE}`);
    expect(config.slack).toEqual({
      mode: 'socket',
      port: 3_000,
      apiUrl: 'https://slack.com/api/',
      channel: 'C0ML',
      channels: { 'team-ml': 'C0TEAM' },
      approvals: { by: 'web' },
      onCall: 'S0OPS',
    });
    expect(explainConfig(config).slack).toMatchObject({ port: 3_000, channel: 'C0ML' });
  });

  test('reads the hours in which people work, and names a mistake in them where it stands', async () => {
    const working = (text: string) => read(WHOLE.replace('notice: 1h30m', `notice: 1h30m, workingHours: ${text}`));
    const config = await working("{ hours: { weekdays: '08:00-18:00' }, zone: Europe/Berlin }");
    expect(config.workspaces['team-ml']?.policy.workingHours?.zone).toBe('Europe/Berlin');
    await expect(working("{ hours: '08:00-18:00', zone: Europe/Berlim }")).rejects.toThrow(
      /workingHours\.zone.*Berlim/s,
    );
    await expect(working("{ hours: '8 to 18', zone: UTC }")).rejects.toThrow(/workingHours\.hours/s);
  });

  test('says what happens unasked, for each workspace and for all', async () => {
    const config = await read(`${WHOLE}    rpo: 36h
    schedules:
      nightly: { does: backup, when: 'nightly at 02:00', zone: Europe/Berlin, notice: 30m }
schedules: { atOnce: 2, atOncePerStorageClass: { longhorn: 3 }, digest: { when: 'mondays at 08:00', zone: UTC } }
`);
    const { schedules, limits, workspaces } = config.upkeep;
    expect(schedules.map(({ id, does, workspace }) => [id, does, workspace])).toEqual([
      ['team-ml/nightly', 'backup', 'team-ml'],
      ['/digest', 'digest', undefined],
    ]);
    expect(schedules[0]?.settings).toMatchObject({ notice: 1_800_000, zone: 'Europe/Berlin' });
    expect(limits).toMatchObject({ atOnce: 2, atOncePerStorageClass: { longhorn: 3 } });
    expect(workspaces['team-ml']).toEqual({ rpoMs: 36 * 3_600_000 });
    expect(JSON.stringify(explainConfig(config))).toContain('{"longhorn":3}');
    expect(explainConfig(config).upkeep).toMatchObject({
      schedules: { 'team-ml/nightly': { when: 'nightly at 02:00', means: 'At 02:00, every day', notice: '30m' } },
    });
  });

  test('says what is kept of backups, and is refused where that would be nothing', async () => {
    const withRules = (rules: string) => `${WHOLE}    retention: ${rules}\n`;
    const config = await read(withRules('{ daily: 14, within: 30d, zone: Europe/Berlin }'));
    const rules = { daily: 14, within: 30 * 86_400_000, zone: 'Europe/Berlin' };
    expect(config.workspaces['team-ml']?.retention).toEqual(rules);
    expect(JSON.stringify(explainConfig(config))).toContain('{"daily":14,"within":"30d","zone":"Europe/Berlin"}');
    const tidy = "    schedules: { tidy: { does: retention, when: 'daily at 04:00', zone: UTC } }\n";
    expect(await problemsOf(withRules('{ last: 3 }') + tidy)).toEqual([]);
    expect(await problemsOf(WHOLE + tidy)).toEqual([
      expect.stringContaining('schedules.tidy.does: does retention, and'),
    ]);
    await expect(read(withRules('{ daily: 14, weekly: 0 }'))).rejects.toThrow(/weekly.*a rule of 0 keeps nothing/s);
  });

  test('may name a user group of Slack as approver, and nothing else that is nobody', async () => {
    const config = await read(WHOLE.replace('approvers: [bob]', "approvers: ['slack:S0APPROVE'], votes: 2"));
    expect(config.workspaces['team-ml']?.policy.approvers).toEqual(['slack:S0APPROVE']);
    expect(await spoiled('approvers: [bob]', "approvers: ['slack:approve']")).toEqual([
      expect.stringContaining('an approver is a person, or a Slack user group'),
      expect.stringContaining('is not one of the people'),
    ]);
  });

  test('is explained without secrets', async () => {
    const config = await read(WHOLE.replace('./repository', 'rest:https://me:s3cret@nas/'));
    const explained = JSON.stringify(explainConfig(config));
    for (const secret of ['hunter2', 's3cret', 'abab', 'messages.txt']) expect(explained).not.toContain(secret);
    expect(explained).toContain('"notice":"1h 30m"');
    expect(explained).toContain('"SECRET":"(hidden)"');
    expect(explained).toContain('"votes":1');
  });
});

describe('finding the configuration', () => {
  test('prefers --config to CML_CONFIG, and that to the working folder', async () => {
    for (const name of ['cml.yaml', 'a.yaml', 'b.yaml']) await writeFile(join(home, name), WHOLE);
    const source = { cwd: home, environment: { CML_CONFIG: 'b.yaml' } };
    expect((await readConfig({ ...source, path: 'a.yaml' })).path).toBe(join(home, 'a.yaml'));
    expect((await readConfig(source)).path).toBe(join(home, 'b.yaml'));
    expect((await readConfig({ cwd: home, environment: {} })).path).toBe(join(home, 'cml.yaml'));
  });

  test('says where it looked when there is none', async () => {
    const named = readConfig({ path: 'none.yaml', cwd: home, environment: {} });
    await expect(named).rejects.toMatchObject({
      code: 'config-missing',
      message: expect.stringContaining('none.yaml'),
    });
    const anywhere = readConfig({ cwd: home, environment: {} });
    await expect(anywhere).rejects.toMatchObject({
      message: expect.stringContaining('/etc/cml-backup/cml.yaml'),
      hint: expect.stringContaining('cml init'),
    });
  });

  test('says so when it cannot be read', async () => {
    await mkdir(join(home, 'folder.yaml'));
    const reading = readConfig({ path: 'folder.yaml', cwd: home, environment: {} });
    await expect(reading).rejects.toMatchObject({ code: 'config-invalid' });
  });

  test('lets the environment replace the data folder and the log level', async () => {
    const config = await read(WHOLE, { CML_DATA: 'elsewhere', CML_LOG_LEVEL: 'debug' });
    expect(config).toMatchObject({ data: join(home, 'elsewhere'), logLevel: 'debug' });
    expect(await problemsOf(WHOLE, { CML_LOG_LEVEL: 'debuq' })).toEqual([
      'CML_LOG_LEVEL: must be debug or info or warn or error or silent: did you mean "debug"?',
    ]);
    expect(await problemsOf(WHOLE, { CML_DATA: 'conf/big/data' })).toEqual([expect.stringMatching(/big.* overlap/)]);
  });
});

describe('a bad configuration', () => {
  test('is told with all its problems at once, in the order of their lines', async () => {
    const problems = await problemsOf(`data: ./cml-data
peeple: {}
people:
  alice: { uid: -1 }
  bob: { token: secret }
workspaces:
  team-ml:
    platform:
      kind: local
      services:
        - { name: web, comand: [x], command: [x], folder: . }
        - { name: web, start: [a], stop: [b], status: [c], startWithin: 60 }
      volumes:
        - { name: db, path: ./db, capture: twopass }
        - { name: db, path: ./db/inner }
    repository: { kind: rustic, location: ./r }
    policy: { notice: tomorrow, approvers: [bobb], votes: 0 }
  Team Two: {}
`);
    expect(problems).toEqual([
      'cml.yaml:2: peeple: there is no such key. Did you mean "people"?',
      expect.stringMatching(/^cml\.yaml:4: people\.alice\.uid: must be at least 0$/),
      expect.stringMatching(/^cml\.yaml:5: people\.bob\.token: must be sha256: and 64 hex digits/),
      'cml.yaml:11: workspaces.team-ml.platform.services[1].comand: there is no such key. Did you mean "command"?',
      expect.stringMatching(/^cml\.yaml:12: .*services\[2\]\.startWithin: "60" is not a length of time/),
      'cml.yaml:12: workspaces.team-ml.platform.services[2].name: there is already a service named "web" in this workspace',
      expect.stringMatching(/^cml\.yaml:14: .*volumes\[1\]\.capture: must be .*did you mean "two-pass"\?$/),
      'cml.yaml:15: workspaces.team-ml.platform.volumes[2].name: there is already a part named "db" in this workspace',
      expect.stringMatching(/^cml\.yaml:15: .*"db" of team-ml and part "db" of team-ml overlap: .* is inside /),
      'cml.yaml:16: workspaces.team-ml.repository.kind: must be restic: did you mean "restic"?',
      expect.stringMatching(/^cml\.yaml:17: .*policy\.notice: "tomorrow" is not a length of time/),
      expect.stringMatching(/^cml\.yaml:17: .*policy\.votes: must be at least 1$/),
      'cml.yaml:17: workspaces.team-ml.policy.approvers[1]: "bobb" is not one of the people. Did you mean "bob"?',
      expect.stringMatching(/^cml\.yaml:18: workspaces\.Team Two: a workspace is named with lower-case letters/),
    ]);
    expect(problems.join('\n')).not.toContain('secret');
  });

  test.each<[string, string | RegExp, string, RegExp]>([
    ['a missing key', /^data:.*$/m, '', /cml\.yaml:\d+: data: is missing$/],
    ['a missing section', /repository:[\s\S]*?policy/, 'policy', /repository: is missing$/],
    ['a bare number as a length of time', '1h30m', '90', /notice: "90" is not a length of time/],
    ['text where a list belongs', '[bob]', 'bob', /approvers: must be a list, not text/],
    [
      'an unknown restic key',
      /(passwordFile)/,
      'lockwait: 1m\n      $1',
      /lockwait: there is no such key. Did you mean "lockWait"/,
    ],
    [
      'more votes than approvers',
      'approvers: [bob]',
      'approvers: [bob], votes: 2',
      /no restore could ever be approved/,
    ],
    ['a person without proof', '{ uid: 1000 }', '{}', /people\.alice: needs a uid, a token or a Slack/],
    [
      'a Slack account that is none',
      '{ uid: 1000 }',
      '{ slack: alice }',
      /people\.alice\.slack: must be the id of a Sla/,
    ],
    [
      'an organisation of Slack instead of one workspace',
      'people:',
      'slack: { channel: C0ML, team: E0ACME }\npeople:',
      /slack\.team: names a whole organisation \(E…\), which is not served/,
    ],
    ['an operator who is nobody', 'approvers: [bob]', 'operators: [zoe]', /"zoe" is not one of the people/],
    ['a path of the shell', './team-ml/projects', '~/projects', /path: a path may not begin with ~/],
    ['one for emergencies who is nobody', 'approvers: [bob]', 'breakGlass: [zoe]', /"zoe" is not one of the people/],
    ['a key twice', /(people:)/, 'data: ./other\n$1', /^cml\.yaml:3: "data" stands here for the second time$/],
  ])('tells of %s', async (_, from, to, problem) => {
    expect(await spoiled(from, to)).toEqual([expect.stringMatching(problem)]);
  });

  test('tells of two people who cannot be told apart', async () => {
    const problems = await spoiled(`token: '${TOKEN}'`, 'uid: 1000');
    expect(problems).toEqual([expect.stringMatching(/people\.bob\.uid: the uid 1000 is also alice's/)]);
  });

  test.each(['a: [1, 2', 'a: b: c', 'data: "x', '- a\nb: c', '%YAML 9\n---\n\t- x'])(
    'tells of what is not YAML: %j',
    async (text) => {
      const problems = await problemsOf(text);
      expect(problems[0]).toMatch(/^cml\.yaml:\d+: not YAML: /);
      expect(problems.filter((problem) => !problem.includes('not YAML'))).toEqual([]);
    },
  );

  test.each<[string, RegExp]>([
    ['', /^cml\.yaml:1: must be a group of keys, not empty$/],
    ['- a', /^cml\.yaml:1: must be a group of keys, not a list$/],
    ['hello', /^cml\.yaml:1: must be a group of keys, not text$/],
    ['data: ./d\nworkspaces: {}', /^cml\.yaml:2: workspaces: no workspace is configured$/],
    ['data: ./d\nworkspaces: { a: 5 }', /^cml\.yaml:2: workspaces\.a: must be a group of keys, not text$/],
  ])('tells of a file that holds nothing of use: %j', async (text, problem) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  test('reads aliases and merged keys, and refuses those that never end', async () => {
    const policy = 'policy: { <<: { notice: 2h }, operators: &who [bob], approvers: *who }';
    const { workspaces } = await read(WHOLE.replace(/policy: .*/, policy));
    expect(workspaces['team-ml']?.policy).toMatchObject({ notice: 7_200_000, approvers: ['bob'], operators: ['bob'] });
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [above, name] of ['ab', 'bc', 'cd', 'de']) bomb.push(`${name}: &${name} [${`*${above}, `.repeat(9)}]`);
    expect((await problemsOf(bomb.join('\n')))[0]).toMatch(/not YAML: Excessive alias count/);
    expect(await problemsOf('data: &d [*d]')).toEqual(['cml.yaml:1: not YAML: an alias holds itself']);
  });

  test('tells of a workspace without any part', async () => {
    expect(await spoiled(/volumes:[\s\S]*?definition/, 'definition')).toEqual([
      expect.stringMatching(/team-ml\.platform: there is no volume and no shared folder/),
    ]);
  });

  test('trusts people without proof only where it says so', async () => {
    expect(await problemsOf(`trustBarePeople: true\n${WHOLE.replace('{ uid: 1000 }', '{}')}`)).toEqual([]);
  });
});

describe('places that must not overlap', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'a part inside a part, through ..',
      './team-ml/projects',
      './x/../team-ml/db/p',
      /part "db".*part "projects".*is inside/,
    ],
    ['the same folder twice', './team-ml/projects', './team-ml/db/', /both are/],
    ['a part inside the data folder', './team-ml/projects', './cml-data/p', /the data folder and part "projects"/],
    ['the data folder inside a part', './cml-data\n', './big/cml-data\n', /the data folder and part "big"/],
    ['a repository inside a part', './repository', './big/repository', /part "big".*the repository of team-ml/],
    [
      'a part inside a repository',
      './team-ml/projects',
      './repository/p',
      /part "projects".*the repository of team-ml/,
    ],
    ['a password inside a part', './cml-data/secrets', './big', /part "big".*the password of team-ml/],
  ])('tells of %s', async (_, from, to, problem) => {
    expect(await spoiled(from, to)).toEqual([expect.stringMatching(problem)]);
  });

  test('does not take a common beginning of two names for a folder in another', async () => {
    expect(await spoiled('./team-ml/projects', './team-ml/db-projects')).toEqual([]);
  });

  test('looks through symbolic links, also above what does not exist yet', async () => {
    await mkdir(join(home, 'conf', 'team-ml', 'db'), { recursive: true });
    await symlink(join(home, 'conf', 'team-ml', 'db'), join(home, 'alias'));
    expect(await spoiled('./repository', '../alias/deep/repository')).toEqual([
      expect.stringMatching(/part "db" of team-ml and the repository of team-ml overlap/),
    ]);
  });

  test('refuses a part that is a symbolic link', async () => {
    await mkdir(join(home, 'real'));
    await symlink(join(home, 'real'), join(home, 'datasets'));
    expect(await problemsOf(WHOLE)).toEqual([
      expect.stringMatching(/^cml\.yaml:\d+: .*sharedFolders\[2\]\.path: is a symbolic link.*\/real$/),
    ]);
  });

  test('tells of one folder in two workspaces', async () => {
    const second = WHOLE.slice(WHOLE.indexOf('  team-ml:')).replace('team-ml:', 'team-b:');
    const problems = await problemsOf(WHOLE + second);
    expect(problems).toHaveLength(5);
    expect(problems).toContainEqual(expect.stringMatching(/is also the repository of team-ml/));
    expect(problems[0]).toMatch(/part "db" of team-ml and part "db" of team-b overlap: both are/);
  });
});

describe('a repository of a workspace on a cluster', () => {
  const onCluster = (location: string) => `people: { bob: { uid: 1000 } }
data: ./cml-data
workspaces:
  team-ml:
    platform: { kind: kubernetes }
    repository: { kind: restic, location: '${location}', passwordFile: ./password }
    policy: { approvers: [bob] }
`;

  test.each(['./repository', '/srv/repository', 'local:/srv/repository'])(
    'may not be the folder %s',
    async (folder) => {
      expect(await problemsOf(onCluster(folder))).toEqual([
        expect.stringMatching(/repository\.location: .* is a folder on this machine, .*pods.*s3:/),
      ]);
    },
  );

  test.each(['s3:https://s3.example.com/b', 'rest:http://backup:8000/', 'sftp:backup:/srv'])(
    'may be %s',
    async (far) => {
      expect(await problemsOf(onCluster(far))).toEqual([]);
    },
  );
});

describe('the first configuration', () => {
  const initial = {
    folder: './my work: "new"',
    workspace: 'my-work',
    dataFolder: './cml-data',
    repository: './backup # not a comment',
    passwordFile: './cml-data/secrets/my-work.password',
    approvers: ['bob'] as const,
    approverTokenHash: TOKEN,
  };

  test('is good as it is written', async () => {
    const config = await read(writeInitialConfig({ ...initial, requester: { name: '007', uid: 1000 } }));
    expect(config.people).toEqual({ '007': { uid: 1000 }, bob: { token: TOKEN } });
    const mine = config.workspaces['my-work'];
    expect(mine?.platform).toMatchObject({
      sharedFolders: [{ name: 'files', path: join(home, 'conf', 'my work: "new"') }],
    });
    expect(mine?.repository).toMatchObject({ location: join(home, 'conf', 'backup # not a comment') });
    expect(mine?.policy).toMatchObject({ approvers: ['bob'], notice: 600_000 });
    expect(
      (await read(writeInitialConfig({ ...initial, approvers: ['no'] }))).workspaces['my-work']?.policy.approvers,
    ).toEqual(['no']);
  });

  test('shows examples that are good when their comment signs are taken away', async () => {
    const text = writeInitialConfig(initial)
      .replace('services: []', 'services:')
      .replaceAll(/^( *)# ?( *- | {3,}\w+:|notify:|definition:|schedules:)/gm, '$1$2');
    const { workspaces, notify, upkeep } = await read(text);
    expect(notify).toBeDefined();
    expect(workspaces['my-work']?.platform).toMatchObject({ services: [{ name: 'web' }, { name: 'db' }] });
    expect(upkeep.schedules.map(({ name }) => name)).toEqual(['nightly', 'proof']);
  });

  test('comes with a sheet that says how to get the data back with restic alone', () => {
    const sheet = writeRecoverySheet({
      workspace: 'my-work',
      repository: "/mnt/bob's backup",
      passwordFile: '/d/secrets/my-work.password',
      secondPasswordFile: '/d/secrets/my-work.second-password',
      configFile: '/w/cml.yaml',
      restic: '/opt/our tools/restic',
    });
    expect(sheet).toContain(
      `'/opt/our tools/restic' -r '/mnt/bob'\\''s backup' --password-file PASSWORD_FILE snapshots --host my-work`,
    );
    for (const known of ['/d/secrets/my-work.second-password', '/w/cml.yaml', 'nothing can be restored']) {
      expect(sheet).toContain(known);
    }
  });
});
