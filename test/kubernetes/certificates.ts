/** A throw-away authority for tests: keys are made when the tests run and never stored. */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export interface Pem {
  cert: string;
  key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

export interface Authority {
  ca: string;
  /** `names` are DNS names and IP addresses for which a server certificate is good. */
  issue(commonName: string, names?: string[]): Promise<Pem>;
}

const serial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
};

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

export async function makeAuthority(name: string): Promise<Authority> {
  const validity = { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS), signingAlgorithm: algorithm };
  const caKeys = await makeKeys();
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(keyCertSign | cRLSign, true)];
  const ca = await x509.X509CertificateGenerator.createSelfSigned({ ...validity, serialNumber: serial(), name: `CN=${name}`, keys: caKeys, extensions });
  return {
    ca: ca.toString('pem'),
    async issue(commonName, names = []) {
      const keys = await makeKeys();
      const sans = names.map((value): x509.JsonGeneralName => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value }));
      const usages = [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth];
      const cert = await x509.X509CertificateGenerator.create({
        ...validity,
        serialNumber: serial(),
        subject: `CN=${commonName}`,
        issuer: ca.subject,
        publicKey: keys.publicKey,
        signingKey: caKeys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.KeyUsagesExtension(digitalSignature, true),
          new x509.ExtendedKeyUsageExtension(usages),
          ...(sans.length > 0 ? [new x509.SubjectAlternativeNameExtension(sans)] : []),
        ],
      });
      const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
      return { cert: cert.toString('pem'), key };
    },
  };
}
