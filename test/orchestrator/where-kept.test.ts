import { expect, test } from 'vitest';
import { placeOfRepository } from '../../src/mover/restic/repository-place.ts';
import { judgePlace } from '../../src/orchestrator/where-kept.ts';

test.each([
  ['/backup/repository', 'folder', '/backup/repository', 'in cluster', 'on this server'],
  ['local:/backup', 'folder', '/backup', 'in cluster', 'on this server'],
  ['s3:https://s3.eu-central-1.amazonaws.com/bucket/path', 'host', 's3.eu-central-1.amazonaws.com', 'off cluster', ''],
  ['s3:s3.amazonaws.com/bucket', 'host', 's3.amazonaws.com', 'off cluster', 'off this server'],
  ['s3:http://minio.backup.svc:9000/bucket', 'host', 'minio.backup.svc', 'in cluster', 'off this server'],
  ['s3:http://minio.backup.svc.cluster.local/bucket', 'host', 'minio.backup.svc.cluster.local', 'in cluster', ''],
  ['rest:http://user:pass@word@rest:8000/', 'host', 'rest', 'in cluster', 'off this server'],
  ['rest:https://[2001:db8::1]:8000/x', 'host', '[2001:db8::1]', 'off cluster', 'off this server'],
  ['rest:http://127.0.0.1:8000/', 'host', '127.0.0.1', 'off cluster', 'on this server'],
  ['sftp:backup@nas.example.org:/srv/restic', 'host', 'nas.example.org', 'off cluster', 'off this server'],
  ['sftp://backup@nas.example.org:2222//srv', 'host', 'nas.example.org', 'off cluster', 'off this server'],
  ['b2:bucket:path', 'service', 'b2', 'off cluster', 'off this server'],
  ['azure:container:/', 'service', 'azure', 'off cluster', 'off this server'],
  ['rclone:remote:path', 'service', 'rclone', 'off cluster', 'off this server'],
])('tells of %s where it leads', (location, is, name, inCluster, onServer) => {
  const place = placeOfRepository(location);
  expect(place).toEqual({ is, name });
  expect(judgePlace(place, true).short).toBe(inCluster);
  if (onServer !== '') expect(judgePlace(place, false).short).toBe(onServer);
  expect(judgePlace(place, true).sentence).not.toMatch(/user|pass|backup@/);
});

test('says no more than it knows', () => {
  expect(judgePlace({ is: 'folder', name: '/backup' }, true).sentence).toBe(
    'in the folder /backup: in the cluster, unless that folder is mounted from elsewhere; no snapshot is kept besides',
  );
  expect(judgePlace({ is: 'host', name: 's3.example.org' }, true)).toEqual({
    is: 'outside',
    short: 'off cluster',
    sentence: 'at s3.example.org: off the cluster, by its name; no snapshot is kept besides',
  });
});
