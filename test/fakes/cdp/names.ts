import { randomBytes, randomUUID } from 'node:crypto';

export const ACCOUNT = '558bc1d2-0000-4357-8524-311d51259233';

export const workspaceCrn = () => `crn:cdp:ml:us-west-1:${ACCOUNT}:workspace:${randomUUID()}`;
// Its real form is not public; this one is meant to surprise whoever takes it apart.
export const backupCrn = () => `crn:altus:ml:us-west-1:${ACCOUNT}:workspaceBackup:snap/${randomUUID()}`;
export const environmentCrn = (name: string) => `crn:cdp:environments:us-west-1:${ACCOUNT}:environment:${name}`;

/** As the product generates one: `ml-<8 hex>-<3 hex>`. */
export const generatedSubdomain = () =>
  `ml-${randomBytes(4).toString('hex')}-${randomBytes(2).toString('hex').slice(1)}`;
