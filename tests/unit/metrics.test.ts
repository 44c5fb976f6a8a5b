import { expect, it } from 'vitest';
import { Metrics } from '../../src/metrics.js';

it('shows the same metrics of the process in each instance that watches it', async () => {
  const [first, second, other] = [new Metrics(), new Metrics(), new Metrics()];
  first.watchProcess();
  second.watchProcess();
  first.requestEnded('served');
  const lag = /^nodejs_eventloop_lag_p99_seconds /m;
  expect(await first.text()).toMatch(lag);
  expect(await second.text()).toMatch(lag);
  expect(await other.text()).not.toMatch(lag);
  const served = /^lectern_http_requests_total\{outcome="served"\} 1$/m;
  expect(await first.text()).toMatch(served);
  expect(await second.text()).not.toMatch(served);
});
