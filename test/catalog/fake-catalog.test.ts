import { describeCatalog } from '../contracts/catalog.ts';
import { createFakeCatalog, createFakeCatalogStore } from '../fakes/catalog.ts';

describeCatalog('the fake catalog', async () => {
  const store = createFakeCatalogStore();
  return {
    catalog: createFakeCatalog(store),
    reopen: async () => createFakeCatalog(store),
    dispose: async () => undefined,
  };
});
