import fc from 'fast-check';
import { RunbookError } from '../../src/errors.ts';
import { CredentialFailure, HttpFailure, translateError } from '../../src/kubernetes/translate-errors.ts';
import type { Attempt } from '../../src/kubernetes/translate-errors.ts';

const attempt: Attempt = { cluster: 'west', what: 'patch TidbCluster shop/shop-west' };

const status = (message: string, more: object = {}): string => JSON.stringify({ kind: 'Status', status: 'Failure', message, ...more });
const causes = (...list: object[]): object => ({ details: { causes: list } });
const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code });

/** As kube-apiserver 1.34 answers a strict merge patch with an unknown field: the whole object is quoted. */
const strict422 = status('TidbCluster.pingcap.com "shop-west" is invalid: patch: Invalid value: "{…}"', {
  reason: 'Invalid',
  ...causes({ reason: 'FieldValueInvalid', message: `Invalid value: "${'{\\"spec\\":{\\"x\\":1}}'.repeat(2000)}": strict decoding error: unknown field "spec.crossK8s"`, field: 'patch' }),
});

describe('each answer becomes one type and one sentence', () => {
  it.each<[string, unknown, string, string]>([
    ['401', new HttpFailure(401, status('Unauthorized')), 'Forbidden', 'was refused: 401 Unauthorized; the credentials expired or are wrong: renew them, then retry'],
    ['403', new HttpFailure(403, status('tidbclusters is forbidden: User "x" cannot patch')), 'Forbidden', 'was refused: 403 tidbclusters is forbidden: User "x" cannot patch; grant the right, then retry'],
    ['404', new HttpFailure(404, status('tidbclusters "shop-west" not found')), 'NotFound', 'found nothing: 404 tidbclusters "shop-west" not found'],
    ['404 without a Status', new HttpFailure(404, '404 page not found\n'), 'NotFound', 'found nothing: 404 404 page not found'],
    ['409', new HttpFailure(409, status('the object has been modified')), 'Conflict', 'met a conflict: 409 the object has been modified'],
    ['409 AlreadyExists', new HttpFailure(409, status('already exists', { reason: 'AlreadyExists' })), 'Conflict', 'met a conflict: 409 already exists'],
    ['410', new HttpFailure(410, status('too old resource version')), 'Conflict', 'met a conflict: 410 too old resource version'],
    ['400', new HttpFailure(400, status('strict decoding error: unknown field "spec.x"')), 'InvalidInput', 'was refused as wrong: 400 strict decoding error: unknown field "spec.x"'],
    ['422, shortened to its causes', new HttpFailure(422, strict422), 'InvalidInput', 'was refused as wrong: 422 patch: strict decoding error: unknown field "spec.crossK8s"'],
    ['429', new HttpFailure(429, status('too many requests')), 'Throttled', 'was asked for patience: 429 too many requests'],
    ['408', new HttpFailure(408, ''), 'Unreachable', 'got no useful answer: 408 Request Timeout'],
    ['500', new HttpFailure(500, status('etcdserver: request timed out')), 'Unreachable', 'got no useful answer: 500 etcdserver: request timed out'],
    ['500 for an unknown field in a server-side apply', new HttpFailure(500, status('failed to create typed patch object (shop/x): .spec.crossK8s: field not declared in schema')), 'InvalidInput', 'was refused as wrong: 500 failed to create typed patch object'],
    ['503 in HTML', new HttpFailure(503, '<html><body><h1>503 Service Unavailable</h1></body></html>'), 'Unreachable', 'got no useful answer: 503 503 Service Unavailable'],
    ['302', new HttpFailure(302, ''), 'Unreachable', 'got no useful answer: 302 Found'],
    ['nobody listens', coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'), 'Unreachable', 'got no answer: connect ECONNREFUSED 127.0.0.1:1'],
    ['a name with several addresses', Object.assign(new AggregateError([coded('connect ECONNREFUSED ::1:1', 'ECONNREFUSED')]), { code: 'ECONNREFUSED' }), 'Unreachable', 'got no answer: connect ECONNREFUSED ::1:1'],
    ['a wrapped reason', new TypeError('fetch failed', { cause: coded('other side closed', 'UND_ERR_SOCKET') }), 'Unreachable', 'got no answer: other side closed (UND_ERR_SOCKET)'],
    ['a time-out', new DOMException('aborted', 'TimeoutError'), 'Unreachable', 'got no answer in time'],
    ['a plugin that failed', new CredentialFailure('the plugin aws failed: expired', true), 'Unreachable', 'has no credentials: the plugin aws failed: expired'],
    ['a plugin that is missing', new CredentialFailure('the plugin aws cannot be used (ENOENT)', false), 'Forbidden', 'has no credentials: the plugin aws cannot be used (ENOENT)'],
  ])('%s', (_name, thrown, type, words) => {
    const error = translateError(attempt, thrown);
    expect(error.type).toBe(type);
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/^Kubernetes cluster west: patch TidbCluster shop\/shop-west /);
    expect(error.message).not.toContain('\n');
  });

  it('a JSON patch that does not fit is a Conflict when it tested the object first, else InvalidInput', () => {
    const unfit = new HttpFailure(422, status('the server rejected our request due to an error in our request', { reason: 'Invalid', details: {} }));
    expect(translateError({ ...attempt, conditional: true }, unfit).type).toBe('Conflict');
    expect(translateError(attempt, unfit).type).toBe('InvalidInput');
    expect(translateError({ ...attempt, conditional: true }, new HttpFailure(422, strict422)).type).toBe('InvalidInput');
  });

  it('leaves a RunbookError as it is', () => {
    const error = new RunbookError('InvalidInput', 'wrong kubeconfig');
    expect(translateError(attempt, error)).toBe(error);
  });

  it('is short whatever the server says', () => {
    fc.assert(
      fc.property(fc.constantFrom(400, 403, 422, 500), fc.string({ maxLength: 5000 }), fc.boolean(), (code, text, asStatus) => {
        const { message } = translateError(attempt, new HttpFailure(code, asStatus ? status(text, causes({ message: text, field: 'f' }, { message: text, field: 'g' })) : text));
        expect(message.length).toBeLessThan(500);
      }),
    );
  });

  it('says how many causes it leaves out', () => {
    const many = Array.from({ length: 7 }, (_, index) => ({ field: `spec.f${index}`, message: 'Required value' }));
    expect(translateError(attempt, new HttpFailure(422, status('x', causes(...many)))).message).toContain('spec.f4: Required value; and 2 more');
  });
});

describe('patience that the server asks for', () => {
  it.each([
    ['header', new HttpFailure(429, status('x'), '3'), 3000],
    ['Status', new HttpFailure(429, status('x', { details: { retryAfterSeconds: 2 } })), 2000],
    ['header of a 503', new HttpFailure(503, '', '1'), 1000],
    ['none', new HttpFailure(429, status('x')), undefined],
    ['a date, which API servers do not send', new HttpFailure(429, status('x'), 'Wed, 21 Oct 2026 07:28:00 GMT'), undefined],
  ])('%s', (_name, failure, expected) => {
    expect(translateError(attempt, failure).retryAfterMs).toBe(expected);
  });
});

describe('no secret gets out', () => {
  const secretText = fc.stringMatching(/^[A-Za-z0-9._~+/=-]{6,60}$/);
  const surroundings = fc.string({ maxLength: 400 });

  /** Ways in which a server, a proxy or a library may repeat a credential. */
  const carriers: ((secret: string, around: string) => unknown)[] = [
    (secret, around) => new HttpFailure(403, status(`${around}${secret}${around}`)),
    (secret, around) => new HttpFailure(422, status('x', causes({ field: `spec.${secret}`, message: `${around}${secret}` }))),
    (secret, around) => new HttpFailure(422, status('x', causes({ field: '', message: `Invalid value: "${secret}": ${around}` }))),
    (secret, around) => new HttpFailure(502, `<html>${around}authorization: Bearer ${secret}</html>`),
    (secret, around) => new HttpFailure(500, `${around}${secret}`),
    (secret, around) => new Error(`${around}${secret}`),
    (secret, around) => new TypeError('failed', { cause: coded(`${around}${secret}`, 'X') }),
    (secret, around) => new AggregateError([new Error(`${around}${secret}`)]),
    (secret, around) => new CredentialFailure(`plugin: ${around}${secret}`, true),
    (secret, around) => `${around}${secret}`,
  ];

  it('whatever the server or a library repeats', () => {
    fc.assert(
      fc.property(secretText, surroundings, fc.constantFrom(...carriers), (secret, around, carry) => {
        fc.pre(!'Kubernetes cluster west: patch TidbCluster shop/shop-west [redacted] Unprocessable Entity'.includes(secret) && !around.includes(secret.slice(0, 4)));
        const { message } = translateError({ ...attempt, secrets: [secret] }, carry(secret, around));
        expect(message).not.toContain(secret);
        // Nor the beginning of one that was cut off.
        expect(message).not.toContain(secret.slice(0, Math.max(6, secret.length - 1)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a bearer token', 'had Bearer abc.def', 'abc.def'],
    ['a JWT', 'token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln was used', 'eyJzdWIiOiJ4In0'],
    ['a key', 'got -----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----', 'MIGHAgEA'],
    ['a key that was cut off', 'got -----BEGIN PRIVATE KEY-----\nMIGHAgEA', 'MIGHAgEA'],
  ])('%s that we did not know of', (_name, text, secret) => {
    expect(translateError(attempt, new Error(text)).message).not.toContain(secret);
  });

  it('nor half of one where a long text is cut', () => {
    const secret = 'q'.repeat(40);
    for (let before = 250; before < 310; before++) {
      expect(translateError({ ...attempt, secrets: [secret] }, new Error('.'.repeat(before) + secret)).message).not.toContain('qq');
    }
  });

  it('nor what is inside a Secret that was refused', () => {
    const failure = new HttpFailure(422, status('Secret "ca" is invalid: c2VjcmV0', causes({ reason: 'FieldValueInvalid', field: 'data.tls.key', message: 'Invalid value: "c2VjcmV0": not good' })));
    const { message } = translateError({ ...attempt, confidential: true }, failure);
    expect(message).not.toContain('c2VjcmV0');
    expect(message).toContain('data.tls.key FieldValueInvalid');
  });
});
