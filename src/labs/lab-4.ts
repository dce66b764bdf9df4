/**
 * Lab 4, a plain Python HTTP server. Its documentation says PUT, GET and DELETE by key, and neither the path nor the answers: the
 * path is taken to be lab 2's, `/kv/{key}`.
 */
import type { Dialect } from './dialect.ts';
import type { LabEnvironment } from './lab-environment.ts';

export const LAB_4: Dialect = {
  name: 'lab-4',
  title: 'PUT, GET and DELETE /kv/{key}',
  write: {
    method: 'PUT',
    path: '/kv/{key}',
    body: { value: '{value}' },
    ok: { status: 200, body: null },
  },
  read: {
    method: 'GET',
    path: '/kv/{key}',
    ok: { status: 200, body: { value: '{value}' } },
  },
  remove: {
    method: 'DELETE',
    path: '/kv/{key}',
    ok: { status: 200, body: null },
  },
  errorBody: { error: '{message}' },
};

export const LAB_4_ENVIRONMENT: LabEnvironment = {
  name: 'lab-4',
  role: 'ROLE',
  followers: { FOLLOWER_URLS: 'urls' },
  fixedFollowers: [],
  delay: { min: 'MIN_DELAY_MS', max: 'MAX_DELAY_MS', unit: 'ms', otherwise: ['0.1', '1.0'] },
  quorum: 3,
  port: 8080,
  store: 'memory',
};
