import { describe, expect, test } from 'vitest';
import { setInYaml } from '../../src/config-edit.ts';

const WRITTEN = `# who
people:   # known here
  alice:   { uid: 1000 }   # the boss
  bob: {token: old}

# what
workspaces:
  one:
    platform: [ a,  b ]
    policy:
      notice: 10m # long
      # votes: 2
  # a remark of the list

logLevel: info
`;

const token = (person: string, text = WRITTEN) => setInYaml(text, ['people', person, 'token'], 'sha256:abc');

describe('one key of a configuration', () => {
  test('is replaced where it stands, and nothing else is touched', () => {
    expect(token('bob')).toBe(WRITTEN.replace('old', 'sha256:abc'));
  });

  test('is added to what stands on one line', () => {
    expect(token('alice')).toBe(WRITTEN.replace('{ uid: 1000 }', '{ uid: 1000, token: sha256:abc }'));
    expect(token('carol', 'people: {carol: {}}\n')).toBe('people: {carol: { token: sha256:abc }}\n');
    expect(token('carol', 'people:\n  carol: # new\nlogLevel: info\n')).toBe(
      'people:\n  carol: { token: sha256:abc } # new\nlogLevel: info\n',
    );
  });

  test('is added to lines at their own depth', () => {
    expect(token('dora', 'people:\n    dora:\n        uid: 5 # hers')).toBe(
      'people:\n    dora:\n        uid: 5 # hers\n        token: sha256:abc\n',
    );
  });

  test('comes with its group where there is none', () => {
    expect(setInYaml('a: 1\n', ['people', 'bob'], '{ uid: 5 }')).toBe('a: 1\npeople: { bob: { uid: 5 } }\n');
    expect(setInYaml('people:\na: 1\n', ['people', 'bob'], '{ uid: 5 }')).toBe('people: { bob: { uid: 5 } }\na: 1\n');
  });

  test('may be a group of lines, which comes after its siblings and their comments', () => {
    const group = 'platform:\n  kind: local # here\npolicy:\n  notice: 5m';
    const lines = '  two:\n    platform:\n      kind: local # here\n    policy:\n      notice: 5m\n';
    expect(setInYaml(WRITTEN, ['workspaces', 'two'], group)).toBe(
      WRITTEN.replace('      # votes: 2\n', `      # votes: 2\n${lines}`),
    );
  });

  test('is not set where the text is written in a way that cannot be edited', () => {
    expect(token('bob', 'people: [bob\n')).toBeUndefined();
    expect(token('bob', 'people: &p\n  bob: &b { uid: 1 }\n  eve: *b\n')).not.toBe('');
    expect(setInYaml('workspaces: { one: {} }\n', ['workspaces', 'two'], 'a:\n  b: 1')).toBeUndefined();
  });

  test.each(['yes', '007', 'a b'])('may have a name that YAML would take for something else (%s)', (name) => {
    const text = setInYaml(WRITTEN, ['people', name], '{ uid: 7 }');
    expect(text).toContain(`\n  ${JSON.stringify(name)}: { uid: 7 }\n`);
  });
});
