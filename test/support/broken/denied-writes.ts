// A leader that says of every fifth write that it certainly does not happen, and has done it.
import { Runtime } from '../../../src/node/runtime.ts';

let count = 0;
const put = Runtime.prototype.put;
Runtime.prototype.put = function (request, done) {
  put.call(this, request, (result) => {
    count += 1;
    done(count % 5 === 0 ? { ok: false, code: 'overloaded', message: 'not today', detail: {} } : result);
  });
};
await import('../../../src/node/main.ts');
