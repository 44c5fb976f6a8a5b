/** Runs searches in processes of their own, some at once: ablations change the classes that a process loads. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const pathOf = (file) => fileURLToPath(new globalThis.URL(file, import.meta.url));
const MEMORY_MB = 6_000;

/** A process that runs one search after the other. */
class Searcher {
  constructor(ablation) {
    const execArgv = [`--max-old-space-size=${MEMORY_MB}`, '--import', pathOf('register.js')];
    const env = { ...process.env, ...(ablation !== undefined && { MODEL_ABLATION: ablation }) };
    this.child = fork(pathOf('searcher.js'), { execArgv, env });
  }

  /** Resolves with the answer to a task: see searcher.js. */
  run(task) {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`The search of ${JSON.stringify(task)} ended with code ${code}.`));
      this.child.once('exit', ended);
      this.child.once('message', (answer) => {
        this.child.off('exit', ended);
        resolve(answer);
      });
      this.child.send(task);
    });
  }

  end() {
    this.child.disconnect();
  }
}

/** Every scenario: its name, and how many processes meet. */
export async function listScenarios() {
  const searcher = new Searcher();
  const list = await searcher.run({ list: true });
  searcher.end();
  return list;
}

/** Searches scenarios, `jobs` at once. `found` is told of the outcome of each. */
export async function search(names, options, { jobs = 1, ablation }, found) {
  const left = [...names];
  const work = async () => {
    const searcher = new Searcher(ablation);
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      found(await searcher.run({ name, ...options }));
    }
    searcher.end();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, names.length) }, work));
}
