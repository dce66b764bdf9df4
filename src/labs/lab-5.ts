/** Lab 5, a FastAPI service with a program per role and SQLite in every node. */
import type { Dialect } from './dialect.ts';
import type { LabEnvironment } from './lab-environment.ts';

export const LAB_5: Dialect = {
  name: 'lab-5',
  title: 'POST /write, GET /read?key= with the node that answers',
  write: {
    method: 'POST',
    path: '/write',
    body: { key: '{key}', value: '{value}' },
    ok: { status: 200, body: { status: 'success' } },
    quorumNotMet: { status: 503, body: { detail: '{message}' } },
  },
  read: {
    method: 'GET',
    path: '/read',
    query: { key: '{key}' },
    ok: { status: 200, body: { key: '{key}', value: '{value}', node: '{node}' } },
  },
  errorBody: { detail: '{message}' },
};

export const LAB_5_ENVIRONMENT: LabEnvironment = {
  name: 'lab-5',
  role: null,
  followers: { FOLLOWER_URLS: 'json' },
  fixedFollowers: [],
  delay: null,
  quorum: 3,
  port: 8000,
  store: 'sqlite',
};
