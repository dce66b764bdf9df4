// A follower n2 that ends in the middle of its work.
import { Runtime } from '../../../src/node/runtime.ts';

let left = 60;
const request = Runtime.prototype.request;
Runtime.prototype.request = function (message, done) {
  left -= 1;
  if (left === 0 && process.env['NODE_ID'] === 'n2') process.exit(1);
  request.call(this, message, done);
};
await import('../../../src/node/main.ts');
