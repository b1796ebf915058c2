import { describe } from 'vitest';
import { tellStory } from './story.ts';

const { KUBECONFIG_E2E, E2E_CONTEXT, E2E_BLOCK_CLASS, E2E_SHARED_CLASS, E2E_HOST } = process.env;
const { E2E_IMAGE_CML, E2E_IMAGE_TOOLS } = process.env;

if (!KUBECONFIG_E2E)
  process.stdout.write('No real cluster is named: set KUBECONFIG_E2E to a kubeconfig, and see docs/kubernetes.md.\n');

describe.skipIf(!KUBECONFIG_E2E)('on a real cluster', () => {
  tellStory(async () => {
    const missing = Object.entries({ E2E_IMAGE_CML, E2E_HOST }).filter(([, value]) => !value);
    if (missing.length > 0) throw new Error(`also needed: ${missing.map(([name]) => name).join(', ')}`);
    return {
      kubeconfig: KUBECONFIG_E2E ?? '',
      context: E2E_CONTEXT,
      blockClass: E2E_BLOCK_CLASS,
      sharedClass: E2E_SHARED_CLASS,
      image: E2E_IMAGE_CML ?? '',
      toolsImage: E2E_IMAGE_TOOLS ?? E2E_IMAGE_CML ?? '',
      guard: ['node', '/app/dist/src/workspace/kubernetes/guard-main.js'],
      host: E2E_HOST,
    };
  });
});
