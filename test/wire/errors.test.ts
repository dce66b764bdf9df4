import { describe, expect, test } from 'vitest';
import { errorBody } from '../../src/wire/api.ts';
import { API_ERRORS, CLI_ERRORS, type ErrorCode, INTERNAL_ERRORS, KvctlError } from '../../src/wire/errors.ts';
import { SPEC_ERRORS, SPEC_INTERNAL_ERRORS } from './spec-errors.ts';

describe('the registry of errors', () => {
  test('has exactly the codes of the contract, with their status and definiteness', () => {
    const registered = Object.fromEntries(Object.entries(API_ERRORS).map(([code, { status, definite }]) => [code, [status, definite]]));
    expect(registered).toEqual(SPEC_ERRORS);
  });

  test('has exactly the internal codes of the contract, none of them definite', () => {
    expect(Object.keys(INTERNAL_ERRORS).sort()).toEqual([...SPEC_INTERNAL_ERRORS].sort());
    expect(Object.values(INTERNAL_ERRORS).filter((kind) => kind.definite)).toEqual([]);
  });

  test('says of every error when it is answered', () => {
    for (const kind of [...Object.values(API_ERRORS), ...Object.values(INTERNAL_ERRORS)]) expect(kind.when).toMatch(/^[^.]{10,}$/);
  });

  test('never gives one code two meanings', () => {
    const codes = [API_ERRORS, INTERNAL_ERRORS, CLI_ERRORS].flatMap((registry) => Object.keys(registry));
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('an error', () => {
  test.each(Object.entries(SPEC_ERRORS))(
    '%s carries its status and says whether the write is certainly off',
    (code, [status, definite]) => {
      const error = new KvctlError(code as ErrorCode, 'expected this, got that', { key: 'a' });
      expect([error.status, error.definite]).toEqual([status, definite]);
      expect(errorBody.parse(error.toBody())).toEqual({ error: code, message: 'expected this, got that', definite, detail: { key: 'a' } });
    },
  );

  test('of the command line is never definite, and ends with the exit code of the contract', () => {
    const exitCodes = { usage: 2, not_ready: 4, violation: 3, inconclusive: 5, interrupted: 105, no_cluster: 1, unreachable: 1 };
    for (const [code, exitCode] of Object.entries(exitCodes)) {
      const error = new KvctlError(code as ErrorCode, 'so');
      expect([code, error.exitCode, error.definite]).toEqual([code, exitCode, false]);
    }
    expect(new KvctlError('bad_request', 'so').exitCode).toBe(1);
  });

  test('keeps its cause for the log and out of its body', () => {
    const error = new KvctlError('internal', 'a bug', {}, new Error('secret'));
    expect((error.cause as Error).message).toBe('secret');
    expect(JSON.stringify(error.toBody())).not.toContain('secret');
  });
});
