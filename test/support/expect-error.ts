/** The form that every error answer has (SPEC 7), held against the table as the page has it. */
import { expect } from 'vitest';
import type { ApiErrorCode } from '../../src/wire/errors.ts';
import { SPEC_ERRORS } from '../wire/spec-errors.ts';
import type { Answer } from './raw-http.ts';

interface ParsedError {
  readonly error: string;
  readonly message: string;
  readonly definite: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Status, media type, definiteness and shape of this code; the parsed body for more. */
export function expectError(answer: Answer, code: ApiErrorCode): ParsedError {
  const [status, definite] = SPEC_ERRORS[code];
  const body = parsed(answer);
  expect({ code: body.error, status: answer.status, definite: body.definite }, answer.text.slice(0, 500)).toEqual({
    code,
    status,
    definite,
  });
  expect(Object.keys(body)).toEqual(['error', 'message', 'definite', 'detail']);
  expect(body.message).toMatch(/^.{10,1000}$/s);
  expect(body.detail).toBeTypeOf('object');
  return body;
}

/** What nodes say to each other only: never definite. */
export function expectRefusal(answer: Answer, code: string): ParsedError {
  const body = parsed(answer);
  expect({ code: body.error, status: answer.status, definite: body.definite }, answer.text.slice(0, 500)).toEqual({
    code,
    status: 409,
    definite: false,
  });
  return body;
}

export function expectOk<T>(answer: Answer): T {
  expect(answer.status, answer.text.slice(0, 500)).toBe(200);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  return JSON.parse(answer.text) as T;
}

function parsed(answer: Answer): ParsedError {
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  return JSON.parse(answer.text) as ParsedError;
}
