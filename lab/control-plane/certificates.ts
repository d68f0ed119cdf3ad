/** The certificate authority of one control plane, and the leaf certificates and keys that it issues. All PEM texts. */
import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const hour = 3_600_000;
/** Longer than any lab runs. Milliseconds. */
const lifetime = 30 * 24 * hour;
/** A positive number of 128 bits, as RFC 5280 4.1.2.2 wants it. */
const serialBytes = 16;
const positiveMask = 0x7f;
/** Bits of the RSA key by which service account tokens are signed. */
const serviceAccountKeyBits = 2048;

export interface KeyPair {
  cert: string;
  key: string;
}

/** Who a client certificate speaks for: RBAC's user and groups. */
export interface Identity {
  user: string;
  groups?: readonly string[];
}

type SubjectAlternativeNames = ConstructorParameters<typeof x509.SubjectAlternativeNameExtension>[0];

export class LabAuthority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(commonName: string): Promise<LabAuthority> {
    const keys = await newKeys();
    const usages = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...freshFields(),
      name: [{ CN: [commonName] }],
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(usages, true)],
    });
    return new LabAuthority(keys, certificate);
  }

  get certificate(): string {
    return this.#certificate.toString('pem');
  }

  /** For a server on this computer: valid for `localhost`, 127.0.0.1 and the addresses given. */
  async issueServer(commonName: string, ...addresses: string[]): Promise<KeyPair> {
    const names: SubjectAlternativeNames = [{ type: 'dns', value: 'localhost' }, ...['127.0.0.1', ...addresses].map((value) => ({ type: 'ip' as const, value }))];
    return this.#issue([{ CN: [commonName] }], x509.ExtendedKeyUsage.serverAuth, [new x509.SubjectAlternativeNameExtension(names)]);
  }

  /** The API server reads the user from CN and the groups from O. */
  async issueClient({ user, groups = [] }: Identity): Promise<KeyPair> {
    return this.#issue([{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))], x509.ExtendedKeyUsage.clientAuth, []);
  }

  async #issue(subject: x509.JsonName, usage: x509.ExtendedKeyUsage, more: x509.Extension[]): Promise<KeyPair> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...freshFields(),
      subject,
      issuer: this.#certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...more,
      ],
    });
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
  }
}

/** The pair by which an API server signs and checks service account tokens. */
export function serviceAccountKeys(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: serviceAccountKeyBits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

function freshFields(): { notBefore: Date; notAfter: Date; serialNumber: string; signingAlgorithm: typeof algorithm } {
  const now = Date.now();
  const serial = randomBytes(serialBytes);
  serial[0] = (serial[0] ?? 0) & positiveMask;
  // An hour back: a reader with a slightly slow clock accepts it too.
  return { notBefore: new Date(now - hour), notAfter: new Date(now + lifetime), serialNumber: serial.toString('hex'), signingAlgorithm: algorithm };
}
