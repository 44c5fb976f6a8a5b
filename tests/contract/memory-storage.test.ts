import { serveMemoryStorage } from '../support/memory-storage/serve-memory-storage.js';
import { describeStorage } from './storage.contract.js';

describeStorage('memory', async () => {
  const { storage, tearDown } = await serveMemoryStorage();
  return {
    storage,
    leaveUnfinished: async (key) => {
      storage.begin(key);
    },
    tearDown,
  };
});
